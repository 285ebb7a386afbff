// Settings of the connections to a host, shared by DestinationRule and Sidecar: pools, balancing, ejection, TLS.

import { duration, portSelector } from './istio-common.ts'
import type { Infer } from './schema-builder.ts'
import {
  array,
  atMostOne,
  boolean,
  choice,
  double,
  int32,
  integer,
  map,
  nullable,
  object,
  required,
  string,
  uint32
} from './schema-builder.ts'

/** Limits of connections and requests. */
export const connectionPool = object('Limits of connections and requests.', {
  http: object('Limits of HTTP.', {
    h2UpgradePolicy: choice('Speak HTTP/2 to the host.', 'DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE'),
    http1MaxPendingRequests: int32('Requests that may wait for a connection.'),
    http2MaxRequests: int32('Requests at a time.'),
    idleTimeout: duration('Idle connections are closed after this, 1h by default.'),
    maxConcurrentStreams: int32('Streams on one HTTP/2 connection.'),
    maxRequestsPerConnection: int32('Requests on one connection; 1 turns keep-alive off.'),
    maxRetries: int32('Retries at a time.'),
    useClientProtocol: boolean('Use the protocol the caller used.')
  }),
  tcp: object('Limits of TCP.', {
    connectTimeout: duration('Limit of connecting, 10s by default.'),
    idleTimeout: string('Idle connections are closed after this; 0s: never.'),
    maxConnectionDuration: duration('Longest life of a connection.'),
    maxConnections: int32('Connections at a time.'),
    tcpKeepalive: object('Probes on idle connections.', {
      interval: duration('Time between probes.'),
      probes: uint32('Unanswered probes before it is dead.'),
      time: duration('Idle time before the first probe.')
    })
  })
})
/** Limits of connections and requests. */
export type ConnectionPool = Infer<typeof connectionPool>

const size = { minimum: 0 }
const hashKinds = atMostOne('httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName')
const consistentHash = object(
  'Keep a caller on one endpoint.',
  {
    httpCookie: object('By a cookie, made when absent.', {
      attributes: array(
        'Attributes of the cookie made.',
        object('An attribute.', { name: required(string('Name.')), value: string('Value.') })
      ),
      name: required(string('Name of the cookie.')),
      path: string('Path of the cookie.'),
      ttl: string('Life of the cookie; 0s: the session.')
    }),
    httpHeaderName: string('By a request header.'),
    httpQueryParameterName: string('By a query parameter.'),
    maglev: object('Use Maglev hashing.', { tableSize: integer('Size of the table, a prime.', size) }),
    minimumRingSize: integer('Replaced by ringHash.', size),
    ringHash: object('Use a hash ring.', { minimumRingSize: integer('Least number of points, 1024 by default.', size) }),
    useSourceIp: boolean('By the address of the caller.')
  },
  { allOf: [hashKinds, atMostOne('ringHash', 'maglev')] }
)
/** Settings of hash-based balancing. */
export type ConsistentHash = Infer<typeof consistentHash>

const localityLbSetting = object('Preference for near endpoints.', {
  distribute: array(
    'Shares by locality of the caller.',
    object('Shares of one locality.', {
      from: string('Locality of the caller.'),
      to: map('Percents by locality of the endpoint.', uint32('Percents.'))
    })
  ),
  enabled: nullable(boolean('Whether it is on.')),
  failover: array('Where to go when a region fails.', object('One failover.', { from: string('Region.'), to: string('Next region.') })),
  failoverPriority: array('Labels that make endpoints near.', string('Label, or label=value.'))
})

const loadBalancer = object(
  'How endpoints are chosen.',
  {
    consistentHash,
    localityLbSetting,
    simple: choice('By a simple rule.', 'UNSPECIFIED', 'LEAST_CONN', 'RANDOM', 'PASSTHROUGH', 'ROUND_ROBIN', 'LEAST_REQUEST'),
    warmup: object('New endpoints get their share slowly.', {
      aggression: nullable(double('Shape of the rise, 1 is linear.', size)),
      duration: required(duration('How long.')),
      minimumPercent: nullable(double('Share at the start.', { minimum: 0, maximum: 100 }))
    }),
    warmupDurationSecs: duration('Replaced by warmup.')
  },
  atMostOne('simple', 'consistentHash')
)
/** How endpoints are chosen. */
export type LoadBalancer = Infer<typeof loadBalancer>

const outlierDetection = object('When failing endpoints are left out.', {
  baseEjectionTime: duration('Shortest ejection, 30s by default.'),
  consecutive5xxErrors: nullable(uint32('5xx answers in a row, 5 by default; 0: off.')),
  consecutiveErrors: int32('No longer in use.'),
  consecutiveGatewayErrors: nullable(uint32('502, 503 and 504 in a row; 0: off.')),
  consecutiveLocalOriginFailures: nullable(uint32('Failed connections in a row, 5 by default.')),
  interval: duration('Time between looks, 10s by default.'),
  maxEjectionPercent: int32('Most endpoints ejected, 10 by default.'),
  minHealthPercent: int32('Below this share of healthy endpoints it is off.'),
  splitExternalLocalOriginErrors: boolean('Count failed connections apart from answers.')
})
/** When failing endpoints are left out. */
export type OutlierDetection = Infer<typeof outlierDetection>

const clientTls = object('TLS to the host.', {
  caCertificates: string('File with the authorities trusted.'),
  caCrl: string('File with certificates revoked.'),
  clientCertificate: string('File with the client certificate.'),
  credentialName: string('Secret with the certificates.'),
  insecureSkipVerify: nullable(boolean('Do not verify the host.')),
  mode: choice('Which TLS.', 'DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'),
  privateKey: string('File with the client key.'),
  sni: string('Server name to ask for.'),
  subjectAltNames: array('Names the host may prove.', string('Name.'))
})
/** TLS to a host. */
export type ClientTls = Infer<typeof clientTls>

const perPort = { connectionPool, loadBalancer, outlierDetection, tls: clientTls }
const portTrafficPolicy = object('Settings of one port; replaces those of the host.', { ...perPort, port: portSelector })
/** Settings of one port. */
export type PortTrafficPolicy = Infer<typeof portTrafficPolicy>

/** Settings of the connections to a host. */
export const trafficPolicy = object('Settings of the connections to the host.', {
  ...perPort,
  portLevelSettings: array('Settings by port.', portTrafficPolicy, { maxItems: 4096 }),
  proxyProtocol: object('Send the PROXY protocol.', { version: choice('Its version.', 'V1', 'V2') }),
  retryBudget: object('Limit of retries as a share of requests.', {
    minRetryConcurrency: uint32('Retries always allowed.'),
    percent: nullable(double('Share of the requests at a time.', { minimum: 0, maximum: 100 }))
  }),
  tunnel: object('Send through an HTTP proxy.', {
    protocol: string('CONNECT or POST.'),
    targetHost: required(string('Host behind the proxy.')),
    targetPort: required(uint32('Port behind the proxy.'))
  })
})
/** Settings of the connections to a host. */
export type TrafficPolicy = Infer<typeof trafficPolicy>
