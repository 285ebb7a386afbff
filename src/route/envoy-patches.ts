// Applies what is understood of EnvoyFilters: which limits stand where in the chain of a listener, and what hosts and routes say about them
// (istio.md 4.1). Which EnvoyFilter is asked first, and whom it selects, is decided here.

import { hasLabels } from '../api/label-selector.ts'
import type { EnvoyFilter } from '../api/istio-envoy-filter.ts'
import { CHAIN, matchesHttp, readEnvoyFilter } from './envoy-filters.ts'
import type { Change, FilterPatch, PatchContext } from './envoy-filters.ts'
import type { LimitId, LimitOverrides, LimitPlace, LimitUse, LocalLimit, PlacedLimit } from './local-limit.ts'
import { ROOT_NAMESPACE, byAge, namespaceOf } from './mesh-config.ts'
import type { Route, RouteAction } from './route-table.ts'

/** A proxy as EnvoyFilters select it. */
export interface PatchedProxy {
  readonly context: PatchContext
  readonly namespace: string
  /** Labels of its pod; a gateway that stands for several has several sets, any of which may be selected. */
  readonly labels: readonly Readonly<Record<string, string>>[]
  /** Tokens are looked at in its chains. */
  readonly readsTokens: boolean
}

/** The listener of a port; inbound the port that the pod itself listens on. */
export interface PatchedListener {
  readonly port: number
  readonly name: string
}

/** A host in a route table: `table` and `name` are Envoy's names of both. */
export interface PatchedHost {
  readonly port: number
  readonly table: string
  readonly name: string
  readonly domain: string
}

type Override = Extract<Change, { readonly kind: 'override' }>

interface Selected {
  readonly filter: EnvoyFilter
  readonly patches: readonly FilterPatch[]
}

const FAULT = CHAIN.indexOf('envoy.filters.http.fault')
const CORS = CHAIN.indexOf('envoy.filters.http.cors')
const TOKENS = CHAIN.indexOf('envoy.filters.http.jwt_authn')

/** All EnvoyFilters of a compilation, in the order in which they are applied: the root namespace first, then priority, age and name. */
export class EnvoyPatches {
  readonly limits: ReadonlyMap<LimitId, LocalLimit>
  readonly #filters: readonly Selected[]

  constructor(filters: readonly EnvoyFilter[]) {
    const ordered = filters.toSorted((a, b) => rank(a) - rank(b) || (a.spec.priority ?? 0) - (b.spec.priority ?? 0) || byAge(a, b))
    const read = ordered.map((filter) => ({ filter, ...readEnvoyFilter(filter) }))
    this.#filters = read.filter(({ patches }) => patches.length > 0)
    this.limits = new Map(read.flatMap(({ limits }) => [...limits]))
  }

  get isEmpty(): boolean {
    return this.#filters.length === 0
  }

  /** Whether any patch is for the proxy. */
  selects(proxy: PatchedProxy): boolean {
    return this.#patchesFor(proxy).length > 0
  }

  /** Label keys by which callers are told apart. */
  get callerLabels(): string[] {
    const outbound = this.#filters.filter(({ patches }) => patches.some(({ context }) => isFor(context, 'SIDECAR_OUTBOUND')))
    return [...new Set(outbound.flatMap(({ filter }) => Object.keys(filter.spec.workloadSelector?.labels ?? {})))]
  }

  /** Whether any pod's own sidecar may have limits. */
  get hasInbound(): boolean {
    return this.#filters.some(({ patches }) =>
      patches.some(({ context, change }) => change.kind === 'insert' && isFor(context, 'SIDECAR_INBOUND'))
    )
  }

  /** Whether any host or route may say something. */
  get hasOverrides(): boolean {
    return this.#filters.some(({ patches }) => patches.some(({ change }) => change.kind === 'override'))
  }

  /** The limits of a listener, in the order they run. */
  filtersOf(proxy: PatchedProxy, listener: PatchedListener): PlacedLimit[] {
    const changes = this.#patchesFor(proxy).filter((patch) => matchesListener(patch, proxy, listener))
    const chain: Link[] = CHAIN.map((name) => ({ name })).filter(({ name }) => proxy.readsTokens || name !== CHAIN[TOKENS])
    for (const { change } of changes) if (change.kind === 'insert') insert(chain, change)
    // Removals come after all insertions, as in Istio.
    const removed = new Set(changes.flatMap(({ change }) => (change.kind === 'remove' ? [change.name] : [])))
    return chain.flatMap(({ name, limit }, index) => {
      if (limit === undefined || removed.has(name)) return []
      return [{ name, place: placeAt(chain, index), limit, bucket: '' }]
    })
  }

  /** What is said for all routes of a host; undefined when nothing is. */
  hostOverrides(proxy: PatchedProxy, host: PatchedHost): LimitOverrides | undefined {
    const said = this.#overrides(proxy, host)
    const tables = said.filter(({ change }) => change.level === 'table').map(({ change }) => ({ change, bucket: host.table }))
    const hosts = said.filter(({ patch, change }) => change.level === 'host' && matchesHost(patch, host))
    return merged([...tables, ...hosts.map(({ change }) => ({ change, bucket: `${host.table}/${host.name}` }))])
  }

  /** What is said for one route of a host; `index` is its place there. */
  routeOverrides(proxy: PatchedProxy, host: PatchedHost, route: Route, index: number): LimitOverrides | undefined {
    const said = this.#overrides(proxy, host)
    const fit = said.filter(({ patch, change }) => change.level === 'route' && matchesHost(patch, host) && matchesRoute(patch, route))
    return merged(fit.map(({ change }) => ({ change, bucket: `${host.table}/${host.name}/${index}` })))
  }

  #overrides(proxy: PatchedProxy, host: PatchedHost): { readonly patch: FilterPatch; readonly change: Override }[] {
    return this.#patchesFor(proxy).flatMap((patch) => {
      const { change } = patch
      return change.kind === 'override' && matchesTable(patch, proxy, host) ? [{ patch, change }] : []
    })
  }

  #patchesFor(proxy: PatchedProxy): FilterPatch[] {
    return this.#filters
      .filter(({ filter }) => selects(filter, proxy))
      .flatMap(({ patches }) => patches.filter(({ context }) => isFor(context, proxy.context)))
  }
}

function rank(filter: EnvoyFilter): number {
  return namespaceOf(filter) === ROOT_NAMESPACE ? 0 : 1
}

function isFor(context: PatchContext | undefined, wanted: PatchContext): boolean {
  return context === undefined || context === wanted
}

/** A filter of the root namespace may select everywhere, any other in its own namespace. */
function selects(filter: EnvoyFilter, proxy: PatchedProxy): boolean {
  const namespace = namespaceOf(filter)
  if (namespace !== ROOT_NAMESPACE && namespace !== proxy.namespace) return false
  const wanted = filter.spec.workloadSelector?.labels ?? {}
  return Object.keys(wanted).length === 0 || proxy.labels.some((labels) => hasLabels(labels, wanted))
}

interface Link {
  readonly name: string
  readonly limit?: LimitId
}

function insert(chain: Link[], { where, anchor, name, limit }: Extract<Change, { readonly kind: 'insert' }>): void {
  if (anchor === undefined) {
    chain.unshift({ name, limit })
    return
  }
  const at = chain.findIndex((link) => link.name === anchor)
  if (at < 0) return
  chain.splice(where === 'after' ? at + 1 : at, where === 'replace' ? 1 : 0, { name, limit })
}

/** Where a link of the chain stands among the filters that do something here. */
function placeAt(chain: readonly Link[], index: number): LimitPlace {
  const after = (own: number): boolean => chain.findIndex(({ name, limit }) => limit === undefined && name === CHAIN[own]) > index
  if (after(TOKENS)) return 'first'
  if (after(FAULT)) return 'before-fault'
  return after(CORS) ? 'before-cors' : 'last'
}

function matchesListener({ listener }: FilterPatch, { context }: PatchedProxy, own: PatchedListener): boolean {
  if (listener === undefined) return true
  const { portNumber, filterChain = {}, name } = listener
  // Only a pod's own sidecar has a chain for each port, and none has a name.
  const chainPort = context === 'SIDECAR_INBOUND' ? own.port : undefined
  return (
    matchesHttp(listener) &&
    asksFor(portNumber, own.port) &&
    asksFor(name, own.name) &&
    asksFor(filterChain.destinationPort, chainPort) &&
    asksFor(filterChain.name, undefined)
  )
}

/** A condition that is not set (in protobuf: empty or 0) holds. */
function asksFor<T extends string | number>(wanted: T | undefined, own: T | undefined): boolean {
  return wanted === undefined || wanted === '' || wanted === 0 || wanted === own
}

function matchesTable({ routes }: FilterPatch, { context }: PatchedProxy, { port, table }: PatchedHost): boolean {
  if (routes === undefined) return true
  // Only the tables of HTTPS servers are named after their Gateway and port.
  const named = context !== 'GATEWAY' || (asksFor(routes.gateway, undefined) && asksFor(routes.portName, undefined))
  return named && asksFor(routes.portNumber, port) && asksFor(routes.name, table)
}

function matchesHost({ routes }: FilterPatch, host: PatchedHost): boolean {
  const { name, domainName } = routes?.vhost ?? {}
  return asksFor(name, host.name) && (asksFor(domainName, host.domain) || asksFor(domainName, host.name))
}

const ACTIONS: Readonly<Record<RouteAction['kind'], string>> = { forward: 'ROUTE', redirect: 'REDIRECT', respond: 'DIRECT_RESPONSE' }

function matchesRoute({ routes }: FilterPatch, route: Route): boolean {
  const { name, action = 'ANY' } = routes?.vhost?.route ?? {}
  return asksFor(name, route.ref.name) && (action === 'ANY' || action === ACTIONS[route.action.kind])
}

function merged(changes: readonly { readonly change: Override; readonly bucket: string }[]): LimitOverrides | undefined {
  if (changes.length === 0) return undefined
  const limits: Record<string, LimitUse> = {}
  for (const { change, bucket } of changes) for (const [name, limit] of Object.entries(change.limits)) limits[name] = { limit, bucket }
  return {
    limits,
    rules: changes.flatMap(({ change }) => change.rules),
    includesHost: changes.some(({ change }) => change.includesHost)
  }
}
