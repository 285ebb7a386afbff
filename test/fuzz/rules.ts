// The rules in force during a run: a choice for each of the things that routes and destinations can ask for, and the table that follows.

import { editsOfSingle } from '../../src/route/header-edits.ts'
import type { RetryPolicy } from '../../src/route/decision.ts'
import { PLAIN_ENDPOINT, PLAIN_FORWARD, PLAIN_SETTINGS, onlyChoice } from '../../src/route/plain.ts'
import { inboundKey } from '../../src/route/route-table.ts'
import type { Cluster, Cors, Endpoint, Fault, HashPolicy, Route, RouteAction, TableChange } from '../../src/route/route-table.ts'
import type { Entry } from '../../src/proxy/listener.ts'
import { TOKEN_RULE } from './tokens.ts'
import { limitOf } from '../local-limit.ts'
import { outlierOf } from '../outlier.ts'

const ALL = 1_000_000
const ATTEMPTS = [0, 1, 2, 4] as const
const RETRY_ON: readonly string[] = ['5xx', 'reset', 'connect-failure', 'gateway-error', 'reset-before-request', 'retriable-status-codes']

/** Every choice there is. */
export const CHOICES = {
  entry: ['gateway', 'mesh', 'service'],
  endpoints: [1, 2, 3, 0],
  balance: ['round-robin', 'least-request', 'random', 'ring-hash', 'maglev'],
  timeout: [0, 0, 40, 400, 3000],
  attempts: ATTEMPTS,
  retryOn: RETRY_ON.map((_, at) => at),
  perTry: [0, 0, 30, 300],
  mirror: [0, 0, ALL, ALL / 2],
  rewrite: ['no', 'prefix', 'regex'],
  fault: ['no', 'no', 'no', 'delay', 'abort', 'grpc', 'both', 'some'],
  cors: [false, true],
  hash: ['no', 'header', 'cookie', 'made-cookie', 'source-ip', 'query'],
  edits: ['no', 'fixed', 'formatted'],
  requestsPerConnection: [0, 0, 1, 2],
  connections: [0, 0, 1, 2],
  pending: [0, 0, 0, 1],
  requests: [0, 0, 0, 1],
  retryBudget: [false, false, true],
  outlier: [false, false, true],
  limit: ['no', 'no', 'first', 'last', 'inbound'],
  duration: [0, 0, 60],
  tokens: [false, false, true],
  small: [false, false, true],
  log: [true, true, false]
} as const

/** What is chosen. */
export type Rules = { readonly [name in keyof typeof CHOICES]: (typeof CHOICES)[name][number] }

/** The first of each: plain forwarding. */
export const PLAIN_RULES = Object.fromEntries(Object.entries(CHOICES).map(([name, [first]]) => [name, first])) as Rules

/** The header by which endpoints see whose request they got. */
export const FROM = 'x-from'
/** Where mirrored requests go. */
export const MIRROR_PORT = 2000
export const HOST = 'reviews.default.svc.cluster.local'

const UNLIMITED = PLAIN_SETTINGS.maxRequests
const orAny = (most: number): number => (most === 0 ? UNLIMITED : most)

/** How callers come in. */
export function entryOf({ entry }: Rules): Entry {
  const caller = { namespace: 'default', labels: {} }
  switch (entry) {
    case 'gateway':
      return { kind: 'gateway', port: 80 }
    case 'mesh':
      return { kind: 'mesh', caller }
    case 'service':
      return { kind: 'service', host: HOST, port: 80, declared: true, caller }
  }
}

const endpoint = (port: number): Endpoint => ({
  ...PLAIN_ENDPOINT,
  address: '10.1.1.1',
  port,
  pod: `pod-${port}`,
  namespace: 'default',
  workload: `reviews-${port}`,
  app: 'reviews',
  version: 'v1'
})

const OUTLIER = outlierOf({
  interval: 100,
  baseEjection: 200,
  maxEjection: 400,
  errors: { errors: 2, enforced: true },
  gateway: { errors: 2, enforced: true }
})

function clusterOf(id: string, ports: readonly number[], rules: Rules): Cluster {
  return {
    id,
    host: HOST,
    namespace: 'default',
    serviceName: 'reviews',
    port: 80,
    subset: undefined,
    endpoints: ports.map(endpoint),
    ...PLAIN_SETTINGS,
    balance: rules.balance,
    // Maglev asks for a prime.
    hashSize: 67,
    connectTimeout: 500,
    idleTimeout: 5000,
    maxRequestsPerConnection: rules.requestsPerConnection,
    maxConnections: orAny(rules.connections),
    maxPendingRequests: orAny(rules.pending),
    maxRequests: orAny(rules.requests),
    maxConnectionDuration: rules.duration,
    retryBudget: rules.retryBudget ? { percent: 20, minimum: 1 } : undefined,
    outlier: rules.outlier ? OUTLIER : undefined
  }
}

const CORS: Cors = {
  origins: [
    { kind: 'exact', value: 'http://a' },
    { kind: 'prefix', value: 'http://b' }
  ],
  allowMethods: 'GET,POST',
  allowHeaders: 'x-a',
  exposeHeaders: 'x-b',
  maxAge: '60',
  allowCredentials: true,
  forwardsUnmatched: false
}

function faultOf({ fault }: Rules): Fault | undefined {
  const delay = { millis: 70, millionths: fault === 'some' ? ALL / 2 : ALL }
  const abort = { status: 418, grpc: undefined, millionths: fault === 'some' ? ALL / 2 : ALL }
  switch (fault) {
    case 'no':
      return undefined
    case 'delay':
      return { delay, abort: undefined }
    case 'abort':
      return { delay: undefined, abort }
    case 'grpc':
      return { delay: undefined, abort: { ...abort, grpc: 14 } }
    case 'both':
    case 'some':
      return { delay, abort }
  }
}

function hashOf({ hash }: Rules): HashPolicy[] {
  const cookie = { kind: 'cookie', name: 'c', path: '/', attributes: [] } as const
  switch (hash) {
    case 'no':
      return []
    case 'header':
      return [{ kind: 'header', name: 'x-a' }]
    case 'cookie':
      return [{ ...cookie, ttl: undefined }]
    case 'made-cookie':
      return [{ ...cookie, ttl: 5000 }]
    case 'source-ip':
      return [{ kind: 'source-ip' }]
    case 'query':
      return [{ kind: 'query', name: 'q' }]
  }
}

function retryOf({ attempts, perTry, retryOn }: Rules): RetryPolicy | undefined {
  if (attempts === 0) return undefined
  const on = [RETRY_ON[retryOn] ?? '5xx', 'connect-failure']
  return { attempts, perTryTimeout: perTry, on, statuses: [404], backoffBase: 25, backoffMax: 250, avoidTried: attempts > 1 }
}

const REWRITES = {
  no: undefined,
  prefix: { kind: 'prefix', value: '/new' },
  regex: { kind: 'regex', match: '^/([a-z]*)', substitute: '/\\1\\1' }
} as const

const EDITS = {
  no: {},
  fixed: {
    request: { set: { 'x-a': 'set' }, add: { 'x-b': 'added' }, remove: ['user-agent'] },
    response: { set: { 'x-c': 'set' }, add: { 'x-d': 'added' }, remove: ['date'] }
  },
  formatted: {
    request: { set: { 'x-a': '%REQ(x-b)% %PROTOCOL%' }, add: { 'x-b': '%REQ(:path)%' }, remove: ['x-b'] },
    response: { set: { 'x-c': '%RESPONSE_CODE% %REQ(x-a)%' }, add: { 'x-d': '%RESP(date)%' }, remove: [] }
  }
}

// Every request says whose it is, whatever else is asked for.
function editsOf({ edits }: Rules): Pick<ReturnType<typeof onlyChoice>, 'request' | 'response'> {
  const route = { request: { set: { [FROM]: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%' } } }
  return { request: editsOfSingle(EDITS[edits], route, 'request'), response: editsOfSingle(EDITS[edits], undefined, 'response') }
}

function forwardOf(rules: Rules): RouteAction {
  return {
    ...PLAIN_FORWARD,
    choices: [{ ...onlyChoice('reviews'), ...editsOf(rules) }],
    total: 1,
    rewrite: REWRITES[rules.rewrite],
    timeout: rules.timeout,
    retry: retryOf(rules),
    fault: faultOf(rules),
    mirrors: rules.mirror === 0 ? [] : [{ cluster: 'mirror', millionths: rules.mirror }],
    cors: rules.cors ? CORS : undefined,
    hash: hashOf(rules)
  }
}

const routeOf = (name: string, prefix: string, action: RouteAction): Route => ({
  ref: { virtualService: 'default/reviews', name, index: 0 },
  path: prefix === '' ? { kind: 'any' } : { kind: 'prefix', value: prefix, ignoreCase: false },
  headers: [],
  query: [],
  action
})

const REDIRECT: RouteAction = {
  kind: 'redirect',
  status: 301,
  uri: '/elsewhere',
  prefixRewrite: undefined,
  authority: undefined,
  scheme: undefined,
  port: undefined,
  response: undefined
}

function routesOf(rules: Rules): Route[] {
  return [
    routeOf('moved', '/moved', REDIRECT),
    routeOf('said', '/said', { kind: 'respond', status: 200, body: 'said by the proxy', response: undefined }),
    routeOf('nowhere', '/nowhere', { ...PLAIN_FORWARD, choices: [onlyChoice('absent')], total: 1 }),
    routeOf('all', '', forwardOf(rules))
  ]
}

const LIMIT = limitOf({
  statPrefix: 'fuzz',
  bucket: { max: 2, perFill: 1, interval: 300 },
  response: [{ name: 'x-limited', value: 'yes', action: 'append' }],
  announced: true,
  dynamicMax: 8
})

/** Everything the engine needs for these rules, as changes of version `version`. */
export function tableOf(rules: Rules, version: number): TableChange[] {
  const ports = Array.from({ length: rules.endpoints }, (_, at) => 1000 + at)
  const place = rules.limit === 'first' || rules.limit === 'last' ? rules.limit : undefined
  const limits = place === undefined ? [] : [{ limit: 'fuzz', bucket: 'all', name: 'fuzz', place }]
  const inbound = { filters: [{ limit: 'fuzz', bucket: 'pod', name: 'fuzz', place: 'first' as const }], overrides: undefined }
  const inboundOf = inboundKey(endpoint(1000), 80)
  const scopes = [
    {
      id: 'gateway|80',
      kind: 'gateway' as const,
      port: 80,
      namespace: '',
      tls: false,
      limits,
      ...(rules.tokens && { tokens: [TOKEN_RULE] })
    },
    { id: 'mesh|80|default', kind: 'mesh' as const, port: 80, namespace: 'default', tls: false, limits }
  ]
  return [
    { kind: 'put-cluster', version, cluster: clusterOf('reviews', ports, rules) },
    { kind: 'put-cluster', version, cluster: clusterOf('mirror', [MIRROR_PORT], rules) },
    { kind: 'put-limit', version, id: 'fuzz', limit: LIMIT },
    rules.limit === 'inbound'
      ? { kind: 'put-inbound', version, key: inboundOf, limits: inbound }
      : { kind: 'remove-inbound', version, key: inboundOf },
    { kind: 'put-entry', version, entry: { id: 'all', version, host: '*', httpsRedirect: false, routes: routesOf(rules) } },
    ...scopes.flatMap((scope): TableChange[] => [
      { kind: 'put-scope', version, scope },
      { kind: 'bind', version, scope: scope.id, host: '*', entry: 'all' }
    ])
  ]
}
