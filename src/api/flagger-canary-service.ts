// spec.service of a Canary (flagger.app): the Services, the VirtualService and the DestinationRules that a rollout owns.

import type { Infer } from './schema-builder.ts'
import {
  array,
  atMostOne,
  boolean,
  choice,
  exactlyOne,
  int32,
  integer,
  intOrString,
  map,
  number,
  object,
  required,
  ruled,
  string
} from './schema-builder.ts'
import type { Typed } from './schema-builder.ts'

const text = (description: string): Typed<string> => string(description, { format: 'string' })
const DNS_LABEL = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'
const DNS_NAME = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'
const KIND_NAME = '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$'

const matchFields = { exact: text('Equal to.'), prefix: text('Starts with.'), regex: text('RE2 expression that matches all of it.') }
const stringMatch = object('How a text must look; empty: any.', matchFields, atMostOne('exact', 'prefix', 'regex'))

const match = object('Conditions that must all hold.', {
  authority: stringMatch,
  gateways: array('Gateways it applies to.', text('Gateway.')),
  headers: map('Request headers.', stringMatch),
  ignoreUriCase: boolean('Compare uri without case.'),
  method: stringMatch,
  name: text('Name of this match.'),
  port: integer('Port that was called.'),
  queryParams: map('Query parameters.', stringMatch),
  scheme: stringMatch,
  sourceLabels: map('Labels of the calling workload.', text('Label value.')),
  sourceNamespace: text('Namespace of the calling workload.'),
  uri: stringMatch,
  withoutHeaders: map('Headers that must not match.', stringMatch)
})

const headerOperations = object('Edits in one direction.', {
  add: map('Values appended to headers.', text('Value.')),
  remove: array('Headers to remove.', text('Header name.')),
  set: map('Headers overwritten.', text('Value.'))
})

const corsPolicy = object('Answers to cross-origin requests.', {
  allowCredentials: boolean('Allow credentials.'),
  allowHeaders: array('Request headers allowed.', text('Header.')),
  allowMethods: array('Methods allowed.', text('Method.')),
  allowOrigin: array('Origins allowed, word for word.', text('Origin.')),
  allowOrigins: array('Origins allowed.', object('An origin.', matchFields, exactlyOne(['exact'], ['prefix'], ['regex']))),
  exposeHeaders: array('Response headers that scripts may read.', text('Header.')),
  maxAge: string('How long a preflight answer may be kept.')
})

const hashKinds = exactlyOne(['httpHeaderName'], ['httpCookie'], ['useSourceIp'], ['httpQueryParameterName'])
const loadBalancer = object(
  'How endpoints are chosen.',
  {
    consistentHash: object('Keep a caller on one endpoint.', {
      httpCookie: object('By a cookie.', {
        name: text('Name of the cookie.'),
        path: text('Path of the cookie.'),
        ttl: string('Life of the cookie.')
      }),
      httpHeaderName: text('By a request header.'),
      httpQueryParameterName: text('By a query parameter.'),
      minimumRingSize: integer('Least number of points.'),
      useSourceIp: boolean('By the address of the caller.')
    }),
    localityLbSetting: object('Preference for near endpoints.', {
      distribute: array(
        'Shares by locality of the caller.',
        object('Shares of one locality.', { from: text('Locality.'), to: map('Percents by locality.', integer('Percents.')) })
      ),
      enabled: boolean('Whether it is on.'),
      failover: array('Where to go when a region fails.', object('One failover.', { from: text('Region.'), to: text('Next region.') }))
    }),
    simple: choice('By a simple rule.', 'ROUND_ROBIN', 'LEAST_CONN', 'RANDOM', 'PASSTHROUGH', 'LEAST_REQUEST'),
    warmupDurationSecs: string('New endpoints get their share slowly.')
  },
  { oneOf: [{ required: ['simple'] }, { properties: { consistentHash: hashKinds }, required: ['consistentHash'] }] }
)

const trafficPolicy = object('Settings of the DestinationRules.', {
  connectionPool: object('Limits of connections and requests.', {
    http: object('Limits of HTTP.', {
      h2UpgradePolicy: choice('Speak HTTP/2.', 'DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE'),
      http1MaxPendingRequests: int32('Requests that may wait for a connection.'),
      http2MaxRequests: int32('Requests at a time.'),
      idleTimeout: string('Idle connections are closed after this.'),
      maxRequestsPerConnection: int32('Requests on one connection.'),
      maxRetries: int32('Retries at a time.')
    })
  }),
  loadBalancer,
  outlierDetection: object('When failing endpoints are left out.', {
    baseEjectionTime: string('Shortest ejection.'),
    consecutive5xxErrors: integer('5xx answers in a row.'),
    consecutiveErrors: int32('No longer in use.'),
    consecutiveGatewayErrors: int32('502, 503 and 504 in a row.'),
    consecutiveLocalOriginFailures: int32('Failed connections in a row.'),
    interval: string('Time between looks.'),
    maxEjectionPercent: int32('Most endpoints ejected.'),
    minHealthPercent: int32('Below this share of healthy endpoints it is off.'),
    splitExternalLocalOriginErrors: boolean('Count failed connections apart from answers.')
  }),
  tls: object('TLS to the pods.', {
    caCertificates: text('File with the authorities trusted.'),
    clientCertificate: text('File with the client certificate.'),
    mode: choice('Which TLS.', 'DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'),
    privateKey: text('File with the client key.'),
    sni: text('Server name to ask for.'),
    subjectAltNames: array('Names the host may prove.', text('Name.'))
  })
})

const portOfRef = int32('Port.', { minimum: 1, maximum: 65535 })
const nameOfRef = required(string('Its name.', { minLength: 1, maxLength: 253 }))
const namespaceOfRef = string('Its namespace.', { minLength: 1, maxLength: 63, pattern: DNS_LABEL })
const group = (standard: string): Typed<string> =>
  string('Its API group.', { default: standard, maxLength: 253, pattern: `^$|${DNS_NAME}` })
const kind = (standard: string): Typed<string> =>
  string('Its kind.', { default: standard, minLength: 1, maxLength: 63, pattern: KIND_NAME })

const gatewayRef = object('A Gateway of the Gateway API; not acted on.', {
  group: group('gateway.networking.k8s.io'),
  kind: kind('Gateway'),
  name: nameOfRef,
  namespace: namespaceOfRef,
  sectionName: string('Its listener.', { minLength: 1, maxLength: 253, pattern: DNS_NAME }),
  port: portOfRef
})
const mirror = object('A mirror of the Gateway API; not acted on.', {
  backendRef: ruled(
    object('Where copies go.', {
      group: group(''),
      kind: kind('Service'),
      name: nameOfRef,
      namespace: namespaceOfRef,
      port: portOfRef
    }),
    ["self.group != '' || self.kind != 'Service' || has(self.port)", 'Must have port for Service reference']
  )
})

const metadata = object('Metadata of a Service.', {
  labels: map('Labels.', string('Value.')),
  annotations: map('Annotations.', string('Value.'))
})

/** spec.service of a Canary. */
export const canaryService = object('Services and routing of the rollout.', {
  name: string('Name of the apex Service; absent: the name of the target.'),
  port: required(number('Port of the Services.')),
  portName: string('Name of that port, http by default.'),
  appProtocol: string('Application protocol; tcp: TCP routes.'),
  trafficDistribution: choice('Preference for near endpoints.', 'PreferClose', 'PreferSameZone', 'PreferSameNode'),
  targetPort: intOrString('Port of the container; absent: the same.'),
  portDiscovery: boolean('Add all container ports to the Services.'),
  headless: boolean('Services without address.'),
  timeout: string('Limit of a request.'),
  backendTimeout: string('Gateway API only.'),
  meshName: string('App Mesh only.'),
  backends: array('App Mesh only.', string('Backend.')),
  hosts: array('Hosts of the VirtualService beside the apex name.', string('Host.')),
  delegation: boolean('VirtualService without hosts and gateways, for delegation.'),
  match: array('Conditions of the routes.', match),
  retries: object('When and how often to try again.', {
    attempts: int32('Retries.'),
    perTryTimeout: string('Limit of each try.'),
    retryOn: text('Conditions, comma separated.')
  }),
  rewrite: object('Changes to what is sent on.', {
    uri: text('New path or prefix.'),
    authority: text('New authority.'),
    type: text('Gateway API only.')
  }),
  // `required` on a list means nothing; the official CRD has it there
  mirror: array('Gateway API only.', mirror, { required: ['backendRef'] }),
  headers: object('Header edits.', { request: headerOperations, response: headerOperations }),
  gateways: array('Gateways of the VirtualService; absent: mesh.', string('Gateway.')),
  gatewayRefs: array('Gateway API only.', gatewayRef, { maxItems: 32 }),
  corsPolicy,
  trafficPolicy,
  apex: metadata,
  primary: metadata,
  canary: metadata,
  unmanagedMetadata: object('Keys on the Services that are left alone.', {
    annotations: array('Annotations.', string('Key.')),
    labels: array('Labels.', string('Key.'))
  })
})
/** spec.service of a Canary. */
export type CanaryService = Infer<typeof canaryService>
