// The compiled form of the Istio rules: plain data that travels from the control process to the mesh workers. No module changes a
// RouteTable after compileRoutes returned it. The unit of travel is one entry with a version; workers swap entries whole.

import type { Millis } from '../std/clock.ts'
import type { ClusterId, HeaderEdits, RetryPolicy, RouteRef } from './decision.ts'
import type { InboundLimits, LimitId, LimitOverrides, LocalLimit, PlacedLimit } from './local-limit.ts'
import type { ScopeId } from './request-facts.ts'
import type { ClaimTest, TokenRule } from './token-rule.ts'

/** A place traffic can go: one pod (or ServiceEntry address) and port, with the labels metrics need. */
export interface Endpoint {
  readonly address: string
  readonly port: number
  readonly weight: number
  /** `region/zone/subzone`, trailing parts left out when unknown; '' when nothing is known. */
  readonly locality: string
  /** 0 is asked first; lower ones get what the healthy endpoints above cannot take (envoy.md 4.1). */
  readonly priority: number
  readonly pod: string
  readonly namespace: string
  readonly workload: string
  /** Labels `app` and `version`; `unknown` where there is none. */
  readonly app: string
  readonly version: string
  /** What other labels say of its canonical service and revision (istio.md 6.1); absent: app, else workload, and version, else latest. */
  readonly canonicalService?: string
  readonly canonicalRevision?: string
}

/** Slow start: the factor of an endpoint's weight rises from `minimum` to 1 over `window` ms (envoy.md 4.4). */
export interface Warmup {
  readonly window: Millis
  /** In (0, 1]. */
  readonly minimum: number
  /** 1: linear; above 1 it rises fast at first. */
  readonly aggression: number
}

/** The share of a locality among those of its priority. */
export interface LocalityShare {
  readonly locality: string
  readonly priority: number
  readonly weight: number
}

/** So many failures in a row; one that is not enforced only counts. 0 failures: never. */
export interface Detector {
  readonly errors: number
  readonly enforced: boolean
}

/** Outlier detection (envoy.md 8); times in ms. */
export interface Outlier {
  readonly interval: Millis
  readonly baseEjection: Millis
  readonly maxEjection: Millis
  /** Of all endpoints, in percent. */
  readonly maxPercent: number
  /** Statuses from 500 on, and failures without an answer unless they are counted apart. */
  readonly errors: Detector
  /** 502, 503 and 504 alone. */
  readonly gateway: Detector
  /** Failures that the proxy itself meets, counted apart; undefined: they count as 503, or 504 for lack of time. */
  readonly localOrigin: Detector | undefined
}

/** A destination: one host, port and subset with its ready endpoints and traffic policy. No endpoints: 503 UH. */
export interface Cluster {
  readonly id: ClusterId
  /** Full host, e.g. reviews.default.svc.cluster.local. */
  readonly host: string
  readonly namespace: string
  readonly serviceName: string
  readonly port: number
  readonly subset: string | undefined
  readonly endpoints: readonly Endpoint[]
  /** `passthrough` goes to the address that was called: for a Service's own address any endpoint, as kube-proxy does. */
  readonly balance: 'round-robin' | 'least-request' | 'random' | 'ring-hash' | 'maglev' | 'passthrough'
  /** Least points of a ring, or slots of a Maglev table. */
  readonly hashSize: number
  /** New endpoints take their share slowly; round robin and least request only. */
  readonly warmup: Warmup | undefined
  /** Shares of localities inside their priority; undefined: where an endpoint is does not count there. */
  readonly localities: readonly LocalityShare[] | undefined
  /** Below this percentage of healthy endpoints a priority uses all of its endpoints; 0: never. */
  readonly panicPercent: number
  readonly outlier: Outlier | undefined
  readonly connectTimeout: Millis
  readonly maxConnections: number
  readonly maxPendingRequests: number
  readonly maxRequests: number
  readonly maxRetries: number
  readonly maxRequestsPerConnection: number
  /** A connection this old takes no further request; 0: it may be of any age. */
  readonly maxConnectionDuration: Millis
  readonly idleTimeout: Millis
  /** Idle time before the system probes a connection, 0 for the system's own; undefined: no probes. */
  readonly keepAlive: Millis | undefined
  /** Concurrent retries as a share of the requests, instead of `maxRetries`. */
  readonly retryBudget: RetryBudget | undefined
}

/** `percent` of the requests in flight and waiting, but always at least `minimum` retries. */
export interface RetryBudget {
  readonly percent: number
  readonly minimum: number
}

/** Who calls, for the source_* labels of metrics. A gateway's scope names the gateway workload. */
export interface Source {
  readonly workload: string
  readonly namespace: string
  readonly app: string
  readonly version: string
  /** As an endpoint's. */
  readonly canonicalService?: string
  readonly canonicalRevision?: string
}

/** A test of one string; regex is RE2 and must match the whole value. */
export type StringTest =
  | { readonly kind: 'present' }
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'regex'; readonly value: string }

/** The path test of a route; `any` is a block without uri. */
export type PathTest =
  | { readonly kind: 'any' }
  | { readonly kind: 'exact'; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: 'prefix'; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: 'regex'; readonly value: string }

/** A header test; `:method`, `:scheme`, `:authority` and `:path` are names too. `invert` is withoutHeaders. */
export interface HeaderTest {
  readonly name: string
  readonly invert: boolean
  readonly test: StringTest
}

/** A query parameter test; the first occurrence counts, undecoded. */
export interface QueryTest {
  readonly name: string
  readonly test: StringTest
}

/** One choice of a weighted split. `edits` already include the route's own. */
export interface Choice {
  readonly cluster: ClusterId
  /** Share in units of the route's total; the only choice of a route has weight 1. */
  readonly weight: number
  readonly authority: string | undefined
  readonly request: HeaderEdits | undefined
  readonly response: HeaderEdits | undefined
}

/** How the path changes on its way upstream. */
export type PathRewrite =
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'regex'; readonly match: string; readonly substitute: string }

/** Injected before anything else is done; delay and abort are drawn independently (istio.md 1.10). Shares in millionths. */
export interface Fault {
  readonly delay: { readonly millis: Millis; readonly millionths: number } | undefined
  /** `grpc`: the gRPC status to abort with instead of an HTTP status. */
  readonly abort: { readonly status: number; readonly grpc: number | undefined; readonly millionths: number } | undefined
}

/** A cluster that gets a copy of this share of the requests, in millionths (istio.md 1.11). */
export interface Mirror {
  readonly cluster: ClusterId
  readonly millionths: number
}

/** A CORS policy (istio.md 1.12); lists joined by commas, undefined when not configured. */
export interface Cors {
  readonly origins: readonly StringTest[]
  readonly allowMethods: string | undefined
  readonly allowHeaders: string | undefined
  readonly exposeHeaders: string | undefined
  /** Whole seconds. */
  readonly maxAge: string | undefined
  readonly allowCredentials: boolean
  /** Preflights from other origins go upstream; otherwise they are answered without allow-origin. */
  readonly forwardsUnmatched: boolean
}

/** Where a key for ring hash or Maglev comes from (envoy.md 3). */
export type HashPolicy =
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'source-ip' }
  | { readonly kind: 'query'; readonly name: string }
  | {
      readonly kind: 'cookie'
      readonly name: string
      readonly path: string
      /** undefined: no cookie is generated. 0: one for the session. */
      readonly ttl: Millis | undefined
      readonly attributes: readonly (readonly [name: string, value: string])[]
    }

/** What a matched route does. */
export type RouteAction =
  | {
      readonly kind: 'forward'
      readonly choices: readonly Choice[]
      /** Sum of the weights, at least 1. */
      readonly total: number
      readonly rewrite: PathRewrite | undefined
      readonly timeout: Millis
      readonly retry: RetryPolicy | undefined
      readonly fault: Fault | undefined
      readonly mirrors: readonly Mirror[]
      readonly cors: Cors | undefined
      readonly hash: readonly HashPolicy[]
    }
  | {
      readonly kind: 'redirect'
      readonly status: number
      readonly uri: string | undefined
      readonly prefixRewrite: string | undefined
      readonly authority: string | undefined
      readonly scheme: string | undefined
      readonly port: number | undefined
      readonly response: HeaderEdits | undefined
    }
  | { readonly kind: 'respond'; readonly status: number; readonly body: string; readonly response: HeaderEdits | undefined }

/** One flat route: one match block of one rule. */
export interface Route {
  readonly ref: RouteRef
  readonly path: PathTest
  readonly headers: readonly HeaderTest[]
  readonly query: readonly QueryTest[]
  readonly action: RouteAction
  /** Tests of the claims of tokens; absent: none. */
  readonly claims?: readonly ClaimTest[]
  /** What EnvoyFilters say of local rate limits here; absent: nothing. */
  readonly limits?: LimitOverrides
}

/** The rules of one host as some scopes see them. The version is that of the table in which it last changed. */
export interface HostEntry {
  readonly id: string
  readonly version: number
  readonly host: string
  /** Plain HTTP requests are answered 301 to https (Gateway `tls.httpsRedirect`). */
  readonly httpsRedirect: boolean
  readonly routes: readonly Route[]
  /** What EnvoyFilters say of local rate limits for all routes here; absent: nothing. */
  readonly limits?: LimitOverrides
}

/** Where requests come in. Hosts are lower case, without port: exact names, `*.suffix`, or `*`. */
export interface Scope {
  readonly id: ScopeId
  readonly kind: 'gateway' | 'mesh'
  readonly port: number
  /** Of the callers; '' for a gateway. Short names of services resolve here. */
  readonly namespace: string
  /** The listener terminates TLS: it decides the default scheme of redirects. */
  readonly tls: boolean
  /** Requests to hosts that are not here get 502 (a Sidecar's REGISTRY_ONLY); absent: the data plane may let them pass. */
  readonly refusesUnknown?: true
  /** Whose tokens a gateway accepts; absent: it does not look at tokens. */
  readonly tokens?: readonly TokenRule[]
  /** Local rate limits of the listener, in the order they are asked; absent: none. */
  readonly limits?: readonly PlacedLimit[]
  /** What a domain that is not in `hosts` means here: what it means in that scope. Absent: nothing. */
  readonly base?: ScopeId
  /** Domain -> HostEntry.id; UNKNOWN: it means nothing here, though `base` has it. */
  readonly hosts: Readonly<Record<string, string>>
}

/** A scope without its hosts. */
export type ScopeHead = Omit<Scope, 'hosts'>

/** In the place of an entry's id: the domain is not known in the scope. */
export const UNKNOWN = ''

/** Everything the data plane needs, as plain data. */
export interface RouteTable {
  /** Grows by one with each change. */
  readonly version: number
  /** Label keys that any rule asks of its callers: only these count in a mesh scope's id. */
  readonly sourceLabels: readonly string[]
  readonly scopes: Readonly<Record<ScopeId, Scope>>
  readonly entries: Readonly<Record<string, HostEntry>>
  readonly clusters: Readonly<Record<ClusterId, Cluster>>
  readonly limits: Readonly<Record<LimitId, LocalLimit>>
  /** By inboundKey: what the sidecars of called pods refuse. */
  readonly inbound: Readonly<Record<string, InboundLimits>>
}

/**
 * The ordered unit of travel; `version` is that of the table it leads to, acknowledged when the last change of that version is applied.
 * Order within one version: clusters (grown), limits, entries, scopes, binds, unbinds, then removals in reverse and clusters shrunk.
 */
export type TableChange =
  | { readonly kind: 'source-labels'; readonly version: number; readonly sourceLabels: readonly string[] }
  | { readonly kind: 'put-cluster'; readonly version: number; readonly cluster: Cluster }
  | { readonly kind: 'put-entry'; readonly version: number; readonly entry: HostEntry }
  /** Hosts of the scope come by `bind`, with UNKNOWN for those that it does not know though its base does. */
  | { readonly kind: 'put-scope'; readonly version: number; readonly scope: ScopeHead }
  | { readonly kind: 'bind'; readonly version: number; readonly scope: ScopeId; readonly host: string; readonly entry: string }
  | { readonly kind: 'unbind'; readonly version: number; readonly scope: ScopeId; readonly host: string }
  | { readonly kind: 'remove-scope'; readonly version: number; readonly scope: ScopeId }
  | { readonly kind: 'remove-entry'; readonly version: number; readonly entry: string }
  | { readonly kind: 'remove-cluster'; readonly version: number; readonly cluster: ClusterId }
  | { readonly kind: 'put-limit'; readonly version: number; readonly id: LimitId; readonly limit: LocalLimit }
  | { readonly kind: 'remove-limit'; readonly version: number; readonly id: LimitId }
  | { readonly kind: 'put-inbound'; readonly version: number; readonly key: string; readonly limits: InboundLimits }
  | { readonly kind: 'remove-inbound'; readonly version: number; readonly key: string }

/** A table without rules: what a worker starts from. */
export const EMPTY_TABLE: RouteTable = { version: 0, sourceLabels: [], scopes: {}, entries: {}, clusters: {}, limits: {}, inbound: {} }

/** Key of RouteTable.inbound: a pod, the port that it listens on, and the port of the Service through which it is called. */
export function inboundKey({ namespace, pod, port }: Pick<Endpoint, 'namespace' | 'pod' | 'port'>, servicePort: number): string {
  return `${namespace}/${pod}|${port}|${servicePort}`
}

/** Domain -> HostEntry.id of all that a scope knows, by itself and by its base. */
export function hostsIn({ scopes }: Pick<RouteTable, 'scopes'>, id: ScopeId): Readonly<Record<string, string>> {
  const scope = scopes[id]
  const usual = scope?.base === undefined ? {} : (scopes[scope.base]?.hosts ?? {})
  return Object.fromEntries(Object.entries({ ...usual, ...scope?.hosts }).filter(([, entry]) => entry !== UNKNOWN))
}

/** The scope of a gateway's server port. */
export function gatewayScope(port: number): ScopeId {
  return `gateway|${port}`
}

/**
 * The scope of calls to `port` from pods of `namespace` with `labels`; only labels that some rule asks about (`sourceLabels` of the
 * table or router) count. decide falls back to the same namespace without labels, then to callers outside any namespace ('').
 */
export function meshScope(sourceLabels: readonly string[], source: MeshSource, port: number): ScopeId {
  let id = `mesh|${port}|${source.namespace}`
  for (const key of sourceLabels) {
    const value = source.labels[key]
    if (value !== undefined) id += `|${key}=${value}`
  }
  return id
}

/** The port of the scope of ports that no host has. */
export const ANY_PORT = 0

/** The scope of a Service's own address: what a request there means when its Host does not matter, or means nothing. */
export function serviceScope(host: string, port: number): ScopeId {
  return `service|${port}|${host}`
}

/** The scope of connections to a Service's own address where bytes are carried. */
export function streamScope(host: string, port: number): ScopeId {
  return `stream|${port}|${host}`
}

/** The same of a gateway's port. */
export function gatewayStreamScope(port: number): ScopeId {
  return `stream|${port}`
}

/** A caller in the mesh as scopes see it. */
export interface MeshSource {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}
