// A RouteTable made ready for requests: regexes at hand, hosts indexed, endpoints with their live counts. A Router is owned by one
// worker and changed only by applyChange, between requests; a request keeps the entry and the slot it was given.

import type { Millis } from '../std/clock.ts'
import { clusterState } from './cluster-state.ts'
import type { ClusterStats } from './cluster-stats.ts'
import type { ClusterId } from './decision.ts'
import { Expression } from './expression.ts'
import type { HostSets } from './host-sets.ts'
import { prepareOverrides } from './limit-filter.ts'
import type { PreparedOverrides } from './limit-filter.ts'
import type { InboundLimits, LimitId, LocalLimit } from './local-limit.ts'
import type { SlotHealth } from './outlier.ts'
import type { ScopeId } from './request-facts.ts'
import { EMPTY_TABLE, UNKNOWN } from './route-table.ts'
import type { Cluster, Endpoint, HostEntry, Route, RouteTable, ScopeHead, StringTest, TableChange } from './route-table.ts'

/** An endpoint with what its worker knows of it. */
export interface EndpointSlot {
  /** address:port; slots of endpoints that stay survive a change of their cluster. */
  readonly key: string
  /** Weight, locality and priority may change while the endpoint stays. */
  endpoint: Endpoint
  /** Requests in flight: the proxy adds one when it sends a request there and takes it off at the end. */
  active: number
  /** When it came, by the plane's monotonic clock. */
  readonly since: Millis
  /** The outlier detector's to change (outlier.ts). */
  readonly health: SlotHealth
}

/** A cluster with its balancing state. */
export interface ClusterState {
  readonly cluster: Cluster
  readonly slots: readonly EndpointSlot[]
  /** Envoy's counts of this cluster: they stay while the cluster does. */
  readonly stats: ClusterStats
  /** What choices are made among; undefined: to be made anew at the next choice, since endpoints or their health changed. */
  sets: HostSets | undefined
  /** The turn of each source's rotation; undefined before the first. */
  cursors: Map<string, number> | undefined
  /** Where rotations and schedules start; -1 until the first choice. */
  seed: number
  /** When outlier detection began with these settings: its ticks count from there. */
  readonly detectsSince: Millis
}

/** A route with its regexes, in the order of its tests; undefined where the test is not a regex, none at all where no test is. */
export interface PreparedRoute {
  readonly route: Route
  readonly path: Expression | undefined
  readonly headers: readonly (Expression | undefined)[]
  readonly query: readonly (Expression | undefined)[]
  readonly rewrite: RegexRewrite | undefined
  /** Of the origins of its CORS policy. */
  readonly origins: readonly (Expression | undefined)[]
  readonly claims?: readonly (Expression | undefined)[]
  /** What the route and its host say of local rate limits; absent: nothing. */
  readonly limits?: PreparedOverrides
  /** All its destinations were there when so many clusters had gone; -1 when that is not known. */
  thereAt: number
}

/** A regex rewrite: the substitution cut into literals and group numbers. */
export interface RegexRewrite {
  readonly regex: Expression
  readonly parts: readonly (string | number)[]
}

/** In the place of a slot: the domain is not known here, though the scope's base knows it. */
export const NO_SLOT: EntrySlot = { entry: undefined, routes: [] }

/** A host's place in the index: the entry behind it is swapped whole. */
export interface EntrySlot {
  entry: HostEntry | undefined
  /** undefined: made ready at the first request, since most of thousands of hosts are never called. */
  routes: readonly PreparedRoute[] | undefined
}

/** A scope's index of hosts. */
export interface PreparedScope {
  readonly scope: ScopeHead
  /** Exact domains. */
  exact: Map<string, EntrySlot>
  /** `.suffix` of wildcard domains. */
  suffixes: Map<string, EntrySlot>
  /** How long they are, longest first, each once; also of what is bound no more. */
  suffixLengths: readonly number[]
  star: EntrySlot | undefined
  /** Authority as received -> slot it was found at; bounded, emptied when anything was bound since, here or in its base. */
  seen: Map<string, EntrySlot> | undefined
  seenAt: number
}

/** What `decide` works on. */
export interface Router {
  version: number
  /** Counts bindings and changes of scopes. */
  bound: number
  sourceLabels: readonly string[]
  readonly scopes: Map<ScopeId, PreparedScope>
  /** The scope that was asked for last, good while nothing was bound since: one request asks for it three times, and its successor often as well. */
  readonly recent: { id: ScopeId | undefined; bound: number; scope: PreparedScope | undefined }
  readonly entries: Map<string, EntrySlot>
  readonly clusters: Map<ClusterId, ClusterState>
  /** Counts clusters that went. */
  gone: number
  readonly limits: Map<LimitId, LocalLimit>
  /** By inboundKey. */
  readonly inbound: Map<string, PreparedInbound>
}

/** The limits of a called pod's own sidecar, made ready. */
export interface PreparedInbound {
  readonly limits: InboundLimits
  readonly overrides: PreparedOverrides | undefined
}

/** Makes a table ready for requests; equal to applying every change from the empty table. */
export function prepare(table: RouteTable): Router {
  const router: Router = {
    version: 0,
    bound: 0,
    sourceLabels: EMPTY_TABLE.sourceLabels,
    scopes: new Map(),
    recent: { id: undefined, bound: 0, scope: undefined },
    entries: new Map(),
    clusters: new Map(),
    gone: 0,
    limits: new Map(),
    inbound: new Map()
  }
  const version = table.version
  for (const [id, limit] of Object.entries(table.limits)) applyChange(router, { kind: 'put-limit', version, id, limit })
  for (const [key, limits] of Object.entries(table.inbound)) applyChange(router, { kind: 'put-inbound', version, key, limits })
  applyChange(router, { kind: 'source-labels', version, sourceLabels: table.sourceLabels })
  for (const cluster of Object.values(table.clusters)) applyChange(router, { kind: 'put-cluster', version, cluster })
  for (const entry of Object.values(table.entries)) applyChange(router, { kind: 'put-entry', version, entry })
  for (const scope of Object.values(table.scopes)) {
    const { hosts, ...head } = scope
    applyChange(router, { kind: 'put-scope', version, scope: head })
    for (const [host, entry] of Object.entries(hosts)) applyChange(router, { kind: 'bind', version, scope: scope.id, host, entry })
  }
  return router
}

/**
 * Applies one change in place and takes its version. Changes of one version arrive in the order diffTables gives; `now` is when endpoints
 * that are new came.
 */
export function applyChange(router: Router, change: TableChange, now: Millis = 0): void {
  router.version = change.version
  switch (change.kind) {
    case 'source-labels':
      router.sourceLabels = change.sourceLabels
      return
    case 'put-cluster':
      router.clusters.set(change.cluster.id, clusterState(change.cluster, now, router.clusters.get(change.cluster.id)))
      return
    case 'put-entry':
      putEntry(router, change.entry)
      return
    case 'put-scope':
      putScope(router, change.scope)
      return
    case 'bind':
      bind(router, change.scope, change.host, change.entry === UNKNOWN ? NO_SLOT : entrySlot(router, change.entry))
      return
    case 'unbind':
      bind(router, change.scope, change.host, undefined)
      return
    case 'remove-scope':
      router.scopes.delete(change.scope)
      router.bound += 1
      return
    case 'remove-entry':
      router.entries.delete(change.entry)
      return
    case 'remove-cluster':
      router.clusters.delete(change.cluster)
      router.gone += 1
      return
    case 'put-limit':
      router.limits.set(change.id, change.limit)
      return
    case 'remove-limit':
      router.limits.delete(change.id)
      return
    case 'put-inbound':
      router.inbound.set(change.key, { limits: change.limits, overrides: prepareOverrides(change.limits.overrides, undefined) })
      return
    case 'remove-inbound':
      router.inbound.delete(change.key)
  }
}

function entrySlot(router: Router, id: string): EntrySlot {
  let slot = router.entries.get(id)
  if (slot === undefined) {
    slot = { entry: undefined, routes: [] }
    router.entries.set(id, slot)
  }
  return slot
}

function putEntry(router: Router, entry: HostEntry): void {
  const slot = entrySlot(router, entry.id)
  slot.entry = entry
  slot.routes = undefined
}

/** The routes of an entry, made ready. */
export function routesOf(slot: EntrySlot): readonly PreparedRoute[] {
  return slot.routes ?? preparedRoutes(slot)
}

function preparedRoutes(slot: EntrySlot): readonly PreparedRoute[] {
  slot.routes = (slot.entry?.routes ?? []).map((route) => {
    const limits = prepareOverrides(slot.entry?.limits, route.limits)
    return limits === undefined ? prepareRoute(route) : { ...prepareRoute(route), limits }
  })
  return slot.routes
}

/** One route with its regexes; they were checked when the table was made. */
export function prepareRoute(route: Route): PreparedRoute {
  const { action } = route
  const rewrite = action.kind === 'forward' ? action.rewrite : undefined
  const origins = action.kind === 'forward' ? (action.cors?.origins ?? []) : []
  return {
    route,
    path: route.path.kind === 'regex' ? new Expression(route.path.value) : undefined,
    headers: expressionsOf(route.headers.map(({ test }) => test)),
    query: expressionsOf(route.query.map(({ test }) => test)),
    origins: expressionsOf(origins),
    ...(route.claims === undefined ? {} : { claims: expressionsOf(route.claims.map(({ test }) => test)) }),
    rewrite: rewrite?.kind === 'regex' ? { regex: new Expression(rewrite.match), parts: substitution(rewrite.substitute) } : undefined,
    thereAt: -1
  }
}

// One list for all routes without regexes: most of tens of thousands.
const NONE: readonly undefined[] = []

function expressionsOf(tests: readonly StringTest[]): readonly (Expression | undefined)[] {
  if (!tests.some(({ kind }) => kind === 'regex')) return NONE
  return tests.map((test) => (test.kind === 'regex' ? new Expression(test.value) : undefined))
}

/** Cuts a RE2 substitution: `\\1` is group 1, `\\0` the whole match, `\\\\` a backslash. */
function substitution(text: string): (string | number)[] {
  const parts: (string | number)[] = []
  let literal = ''
  for (let at = 0; at < text.length; at += 1) {
    const next = text[at + 1]
    if (text[at] !== '\\' || next === undefined) {
      literal += text[at]
      continue
    }
    at += 1
    if (next < '0' || next > '9') {
      literal += next
      continue
    }
    if (literal !== '') parts.push(literal)
    literal = ''
    parts.push(Number(next))
  }
  if (literal !== '') parts.push(literal)
  return parts
}

function putScope(router: Router, scope: ScopeHead): void {
  router.bound += 1
  const before = router.scopes.get(scope.id)
  if (before === undefined) {
    router.scopes.set(scope.id, {
      scope,
      exact: NOTHING_BOUND,
      suffixes: NOTHING_BOUND,
      suffixLengths: [],
      star: undefined,
      seen: undefined,
      seenAt: router.bound
    })
    return
  }
  router.scopes.set(scope.id, { ...before, scope })
}

function bind(router: Router, id: ScopeId, host: string, slot: EntrySlot | undefined): void {
  const scope = router.scopes.get(id)
  if (scope === undefined) return
  router.bound += 1
  if (host === '*') {
    scope.star = slot
    return
  }
  if (!host.startsWith('*.')) {
    scope.exact = indexed(scope.exact, host, slot)
    return
  }
  const suffix = host.slice(1)
  scope.suffixes = indexed(scope.suffixes, suffix, slot)
  if (scope.suffixLengths.includes(suffix.length)) return
  scope.suffixLengths = [...scope.suffixLengths, suffix.length].toSorted((one, other) => other - one)
}

/** For all scopes with nothing of a kind: those of thousands of Services' addresses know `*` alone. */
const NOTHING_BOUND: Map<string, EntrySlot> = new Map<string, EntrySlot>()

function indexed(index: Map<string, EntrySlot>, key: string, slot: EntrySlot | undefined): Map<string, EntrySlot> {
  const own = index === NOTHING_BOUND && slot !== undefined ? new Map<string, EntrySlot>() : index
  if (slot !== undefined) own.set(key, slot)
  else if (own !== NOTHING_BOUND) own.delete(key)
  return own
}
