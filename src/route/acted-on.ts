// Which fields of Istio's kinds routing acts on, as one table; acted-on.test.ts holds it against the compiler.

import { ACTED, each, type Idle, inside, only, type Treatment } from '../api/acted-on.ts'
import { isObject } from '../std/json.ts'

const HTTP_MATCH = inside({
  ...each('authority', 'headers', 'ignoreUriCase', 'method', 'name', 'port', 'queryParams', 'scheme', 'uri', 'withoutHeaders'),
  ...each('gateways', 'sourceLabels', 'sourceNamespace')
})

const HTTP_ROUTE = inside({
  ...each('corsPolicy', 'delegate', 'directResponse', 'headers', 'name', 'redirect', 'rewrite', 'timeout'),
  ...each('mirror', 'mirror_percent', 'mirrorPercent', 'mirrorPercentage', 'mirrors'),
  fault: inside({
    abort: inside(each('grpcStatus', 'httpStatus', 'percentage')),
    delay: inside(each('fixedDelay', 'percent', 'percentage'))
  }),
  match: HTTP_MATCH,
  retries: inside(each('attempts', 'backoff', 'perTryTimeout', 'retryIgnorePreviousHosts', 'retryOn', 'retryRemoteLocalities')),
  route: inside(each('destination', 'headers', 'weight'))
})

/** Who calls a Service's own address is not known; a match that asks applies to nobody. */
const CALLERS = only(() => false, 'a match of who opens a connection (callers of connections are not known: it applies to none of them)')
const STREAM_MATCH = {
  ...each('destinationSubnets', 'gateways', 'port'),
  sourceLabels: CALLERS,
  sourceNamespace: CALLERS
}
const STREAM_ROUTE = inside(each('destination', 'weight'))

const VIRTUAL_SERVICE = inside({
  ...each('exportTo', 'gateways', 'hosts'),
  http: HTTP_ROUTE,
  tcp: inside({ match: inside({ ...STREAM_MATCH, sourceSubnet: { idle: 'Istio does not read it' } }), route: STREAM_ROUTE }),
  tls: inside({ match: inside({ ...STREAM_MATCH, sniHosts: ACTED }), route: STREAM_ROUTE })
})

const PLAIN_TLS = only((tls) => isObject(tls) && tls['mode'] === 'DISABLE')

const POLICY_BLOCKS = {
  connectionPool: inside({
    http: inside({
      ...each('http1MaxPendingRequests', 'http2MaxRequests', 'idleTimeout', 'maxRequestsPerConnection', 'maxRetries'),
      h2UpgradePolicy: only((policy) => policy !== 'UPGRADE'),
      maxConcurrentStreams: { idle: 'it counts on HTTP/2 connections only, and endpoints are called with HTTP/1.1' },
      useClientProtocol: only((use) => use !== true)
    }),
    tcp: inside({
      ...each('connectTimeout', 'idleTimeout', 'maxConnectionDuration', 'maxConnections'),
      tcpKeepalive: inside(each('time'))
    })
  }),
  loadBalancer: inside(each('consistentHash', 'localityLbSetting', 'simple', 'warmup', 'warmupDurationSecs')),
  outlierDetection: inside({
    ...each('baseEjectionTime', 'consecutive5xxErrors', 'consecutiveGatewayErrors', 'consecutiveLocalOriginFailures', 'interval'),
    ...each('maxEjectionPercent', 'minHealthPercent', 'splitExternalLocalOriginErrors'),
    consecutiveErrors: { idle: 'Istio does not read it' }
  }),
  tls: PLAIN_TLS
}

const TRAFFIC_POLICY = inside({ ...POLICY_BLOCKS, retryBudget: ACTED, portLevelSettings: inside({ ...POLICY_BLOCKS, port: ACTED }) })

const DESTINATION_RULE = inside({
  ...each('exportTo', 'host', 'workloadSelector'),
  subsets: inside({ ...each('labels', 'name'), trafficPolicy: TRAFFIC_POLICY }),
  trafficPolicy: TRAFFIC_POLICY
})

const NAME_ONLY: Idle = { idle: 'a name for people' }

/** Labels of the gateways that Istio installs; any other selector is named, since every Gateway is served here. */
const GATEWAY_LABELS: Readonly<Record<string, string>> = { istio: 'ingressgateway', app: 'istio-ingressgateway' }

function selectsDefault(selector: unknown): boolean {
  return isObject(selector) && Object.entries(selector).every(([key, value]) => GATEWAY_LABELS[key] === value)
}

/** The treatment of a Gateway's server of plain HTTP, or of bytes; others are not served at all. */
export const GATEWAY_SERVER: Treatment = inside({
  hosts: ACTED,
  name: NAME_ONLY,
  defaultEndpoint: { idle: 'Istio does not read it' },
  port: inside({ ...each('number', 'protocol'), name: NAME_ONLY, targetPort: { idle: 'Istio does not read it' } }),
  tls: inside(each('httpsRedirect'))
})

const GATEWAY = inside({
  selector: only(selectsDefault, 'a selector of other proxies (every Gateway is served here)'),
  servers: GATEWAY_SERVER
})

const ONE_NETWORK: Idle = { idle: 'there is one network' }
const OF_TLS: Idle = { idle: 'it is about mutual TLS, which the embedded mesh does not have' }

const WORKLOAD_ENTRY = inside({ ...each('address', 'labels', 'locality', 'ports', 'weight'), network: ONE_NETWORK, serviceAccount: OF_TLS })

const RESOLUTIONS: readonly unknown[] = ['STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'NONE']

const SERVICE_ENTRY = inside({
  ...each('addresses', 'exportTo', 'hosts', 'ports', 'workloadSelector'),
  endpoints: WORKLOAD_ENTRY,
  location: OF_TLS,
  resolution: only((resolution) => RESOLUTIONS.includes(resolution), 'this resolution')
})

const SIDECAR = inside({
  egress: inside({
    captureMode: only((mode) => mode === 'DEFAULT'),
    hosts: ACTED,
    port: inside({
      name: NAME_ONLY,
      number: ACTED,
      protocol: only((protocol) => String(protocol).toUpperCase() === 'HTTP', 'a listener of this protocol')
    })
  }),
  outboundTrafficPolicy: inside(each('mode')),
  workloadSelector: ACTED
})

const ONE_NODE: Idle = { idle: 'there is one node' }
const OF_TYPE: Idle = { idle: 'it belongs to a type that is named' }

/** The treatment of a Service's spec. */
export const SERVICE: Treatment = inside({
  ...each('clusterIP', 'clusterIPs', 'externalName', 'publishNotReadyAddresses', 'selector'),
  allocateLoadBalancerNodePorts: OF_TYPE,
  externalTrafficPolicy: OF_TYPE,
  healthCheckNodePort: OF_TYPE,
  internalTrafficPolicy: ONE_NODE,
  ipFamilies: only((family) => family === 'IPv4', 'IPv6'),
  ipFamilyPolicy: only((policy) => policy !== 'RequireDualStack', 'a second address'),
  ports: inside({ ...each('appProtocol', 'name', 'port', 'protocol', 'targetPort'), nodePort: OF_TYPE }),
  sessionAffinity: only((affinity) => affinity === 'None', 'session affinity'),
  sessionAffinityConfig: { idle: 'it belongs to an affinity that is named' },
  trafficDistribution: ONE_NODE,
  type: only((type) => type === 'ClusterIP' || type === 'ExternalName', 'an address outside the mesh for this type')
})

/** Kinds of Istio's that are read part by part: what of them is not acted on is told by their readers. */
export const READ_BY_PART: readonly string[] = ['EnvoyFilter', 'RequestAuthentication']

/** The treatment of `spec` by kind; kinds of Istio's that are not here are not acted on at all. */
export const ACTED_ON = {
  VirtualService: VIRTUAL_SERVICE,
  DestinationRule: DESTINATION_RULE,
  Gateway: GATEWAY,
  ServiceEntry: SERVICE_ENTRY,
  WorkloadEntry: WORKLOAD_ENTRY,
  Sidecar: SIDECAR
} as const satisfies Readonly<Record<string, Treatment>>
