// VirtualService (networking.istio.io): how requests to a host are matched, changed and split. Behaviour is route's.

import { destination, duration, exportTo, headersRules, percentage, weight } from './istio-common.ts'
import type { IstioStatus } from './istio-common.ts'
import type { KubeObject } from './object.ts'
import type { Infer } from './schema-builder.ts'
import { array, atMostOne, boolean, choice, int32, map, nullable, object, required, string, uint32 } from './schema-builder.ts'

const stringMatch = object(
  'How a text must look; empty: any.',
  { exact: string('Equal to.'), prefix: string('Starts with.'), regex: string('RE2 expression that matches all of it.') },
  atMostOne('exact', 'prefix', 'regex')
)
/** exact, prefix or regex; none of them means present. */
export type StringMatch = Infer<typeof stringMatch>

const matchGateways = array('Gateways it applies to, or mesh.', string('Gateway.'))
const sourceLabels = map('Labels of the calling workload.', string('Label value.'))
const sourceNamespace = string('Namespace of the calling workload.')
const destinationSubnets = array('Addresses called, as CIDR.', string('CIDR.'))

const httpMatch = object('Conditions that must all hold.', {
  authority: stringMatch,
  gateways: matchGateways,
  headers: map('Request headers, by lower-case name.', stringMatch),
  ignoreUriCase: boolean('Compare uri without case (exact and prefix).'),
  method: stringMatch,
  name: string('Name of this match.'),
  port: uint32('Port that was called.'),
  queryParams: map('Query parameters.', stringMatch),
  scheme: stringMatch,
  sourceLabels,
  sourceNamespace,
  statPrefix: string('Prefix of the statistics of this route.'),
  uri: stringMatch,
  withoutHeaders: map('Headers that must not match.', stringMatch)
})
/** One set of conditions of an HTTP route. */
export type HttpMatch = Infer<typeof httpMatch>

const corsPolicy = object('Answers to cross-origin requests.', {
  allowCredentials: nullable(boolean('Allow credentials.')),
  allowHeaders: array('Request headers allowed.', string('Header.')),
  allowMethods: array('Methods allowed.', string('Method.')),
  allowOrigin: array('Origins allowed; replaced by allowOrigins.', string('Origin.')),
  allowOrigins: array('Origins allowed.', stringMatch),
  exposeHeaders: array('Response headers that scripts may read.', string('Header.')),
  maxAge: duration('How long a preflight answer may be kept.'),
  unmatchedPreflights: choice('What becomes of preflights from other origins.', 'UNSPECIFIED', 'FORWARD', 'IGNORE')
})
/** CORS settings of a route. */
export type CorsPolicy = Infer<typeof corsPolicy>

const directResponse = object('A fixed answer.', {
  body: object(
    'Body of the answer.',
    { bytes: string('Body in base64.', { format: 'byte' }), string: string('Body as text.') },
    atMostOne('string', 'bytes')
  ),
  status: required(uint32('HTTP status.'))
})
/** A fixed answer. */
export type DirectResponse = Infer<typeof directResponse>

const fault = object('Failures put in on purpose.', {
  abort: object(
    'Requests answered with an error.',
    { grpcStatus: string('gRPC status name.'), http2Error: string('Not in use.'), httpStatus: int32('HTTP status.'), percentage },
    atMostOne('httpStatus', 'grpcStatus', 'http2Error')
  ),
  delay: object(
    'Requests held back.',
    {
      exponentialDelay: duration('Not in use.'),
      fixedDelay: duration('How long.'),
      percent: int32('Whole percents; replaced by percentage.'),
      percentage
    },
    atMostOne('fixedDelay', 'exponentialDelay')
  )
})
/** Faults to inject. */
export type Fault = Infer<typeof fault>

const redirect = object(
  'Send the caller elsewhere.',
  {
    authority: string('New authority.'),
    derivePort: choice('Where the port comes from.', 'FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT'),
    port: uint32('New port.'),
    redirectCode: uint32('HTTP status, 301 by default.'),
    scheme: string('New scheme.'),
    uri: string('New path, or %PREFIX()% and the rest.')
  },
  atMostOne('port', 'derivePort')
)
/** A redirect. */
export type Redirect = Infer<typeof redirect>

const retries = object('When and how often to try again.', {
  attempts: int32('Retries after the first try; 0 turns retries off.'),
  backoff: duration('Least wait between tries, 25ms by default.'),
  perTryTimeout: duration('Limit of each try.'),
  retryIgnorePreviousHosts: nullable(boolean('Avoid endpoints already tried.')),
  retryOn: string('Conditions and statuses, comma separated.'),
  retryRemoteLocalities: nullable(boolean('May try other localities.'))
})
/** Retry settings of a route. */
export type Retries = Infer<typeof retries>

const rewrite = object('Changes to what is sent on.', {
  authority: string('New authority.'),
  uri: string('New path, or new prefix where a prefix matched.'),
  uriRegexRewrite: object('Change of the path by expression.', {
    match: string('RE2 expression.'),
    rewrite: string('Replacement with \\1 groups.')
  })
})
/** Path and authority rewrites. */
export type Rewrite = Infer<typeof rewrite>

const httpRouteDestination = object('A destination with its share.', {
  destination: required(destination),
  headers: headersRules,
  weight
})
/** A weighted HTTP destination. */
export type HttpRouteDestination = Infer<typeof httpRouteDestination>

const mirrorPercent = nullable(uint32('Whole percents mirrored; replaced by mirrorPercentage.'))
const httpRoute = object('One rule; the first that matches decides.', {
  corsPolicy,
  delegate: object('VirtualService that has the rest of the rules.', {
    name: string('Its name.'),
    namespace: string('Its namespace.')
  }),
  directResponse,
  fault,
  headers: headersRules,
  match: array('Alternatives; absent: every request.', httpMatch),
  mirror: destination,
  mirror_percent: mirrorPercent,
  mirrorPercent,
  mirrorPercentage: percentage,
  mirrors: array('Copies to other destinations.', object('One copy.', { destination: required(destination), percentage })),
  name: string('Name for logs and metrics.'),
  redirect,
  retries,
  rewrite,
  route: array('Weighted destinations.', httpRouteDestination),
  timeout: duration('Limit of the whole request; absent: none.')
})
/** One rule of http. */
export type HttpRoute = Infer<typeof httpRoute>

const streamDestination = object('A destination with its share.', { destination: required(destination), weight })
/** A weighted destination of tcp and tls rules. */
export type StreamDestination = Infer<typeof streamDestination>

const tcpRoute = object('A rule for TCP connections.', {
  match: array(
    'Alternatives.',
    object('Conditions that must all hold.', {
      destinationSubnets,
      gateways: matchGateways,
      port: uint32('Port that was called.'),
      sourceLabels,
      sourceNamespace,
      sourceSubnet: string('Not in use.')
    })
  ),
  route: array('Weighted destinations.', streamDestination)
})
/** One rule of tcp. */
export type TcpRoute = Infer<typeof tcpRoute>

const tlsRoute = object('A rule for TLS connections passed through.', {
  match: required(
    array(
      'Alternatives.',
      object('Conditions that must all hold.', {
        destinationSubnets,
        gateways: matchGateways,
        port: uint32('Port that was called.'),
        sniHosts: required(array('Server names, * as first label allowed.', string('Server name.'))),
        sourceLabels,
        sourceNamespace
      })
    )
  ),
  route: array('Weighted destinations.', streamDestination)
})
/** One rule of tls. */
export type TlsRoute = Infer<typeof tlsRoute>

/** spec of a VirtualService. */
export const virtualServiceSpec = object('Routing of the traffic to some hosts.', {
  exportTo,
  gateways: array('Gateways that apply it; absent: mesh.', string('Gateway, namespace/gateway, or mesh.')),
  hosts: array('Hosts it is for.', string('Host, * as first label allowed.')),
  http: array('Rules for HTTP, in order.', httpRoute),
  tcp: array('Rules for TCP, in order.', tcpRoute),
  tls: array('Rules for TLS passed through, in order.', tlsRoute)
})
/** spec of a VirtualService. */
export type VirtualServiceSpec = Infer<typeof virtualServiceSpec>

/** Routing rules of some hosts. */
export interface VirtualService extends KubeObject {
  readonly kind: 'VirtualService'
  readonly spec: VirtualServiceSpec
  readonly status?: IstioStatus
}
