// Local rate limits of a compilation: what EnvoyFilters say about each scope, each host in it, and each pod that is called. The scopes and
// hosts themselves come from elsewhere; where no EnvoyFilter is, they pass through as they are.

import type { EnvoyFilter } from '../api/istio-envoy-filter.ts'
import { tokenRulesOf } from './compile-tokens.ts'
import { EnvoyPatches } from './envoy-patches.ts'
import type { PatchedHost, PatchedProxy } from './envoy-patches.ts'
import type { InboundLimits } from './local-limit.ts'
import { ROOT_NAMESPACE, keyOf } from './mesh-config.ts'
import type { MeshConfig, MeshPod } from './mesh-config.ts'
import { PLAIN_FORWARD } from './plain.ts'
import { inboundKey } from './route-table.ts'
import type { Cluster, Endpoint, Route, ScopeHead } from './route-table.ts'
import { NO_LIMITS } from './table-limits.ts'
import type { EntryContent, TableLimits } from './table-limits.ts'

type Labels = Readonly<Record<string, string>>
/** What limits depend on. */
export type LimitConfig = Pick<
  MeshConfig,
  'envoyFilters' | 'gateways' | 'requestAuthentications' | 'keySets' | 'gatewayLabels' | 'gatewayNamespace'
>

/** Reads all EnvoyFilters of a config. */
export function compileLimits(config: LimitConfig): TableLimits {
  const patches = new EnvoyPatches(config.envoyFilters)
  if (patches.isEmpty) return NO_LIMITS
  const proxyOf = (scope: ScopeHead): PatchedProxy => (scope.kind === 'gateway' ? gatewayProxy(config, scope) : callerProxy(scope))
  return {
    limits: Object.fromEntries(patches.limits),
    callerLabels: patches.callerLabels,
    hasAny: true,
    hasOverrides: patches.hasOverrides,
    hasInbound: patches.hasInbound,
    scopeOf: (head) => {
      const limits = patches.filtersOf(proxyOf(head), { port: head.port, name: `0.0.0.0_${head.port}` })
      return limits.length === 0 ? head : { ...head, limits }
    },
    contentOf: (scope, content) => (patches.hasOverrides ? withOverrides(patches, proxyOf(scope), scope, content) : content),
    inboundOf: (clusters, pods) => (patches.hasInbound ? inboundLimits(patches, pods, clusters) : {})
  }
}

/** The sets of labels that an EnvoyFilter, or any other object for proxies, may select the gateway's pod by. */
export function gatewayLabels(config: Pick<MeshConfig, 'gatewayLabels' | 'gateways'>, port: number): readonly Labels[] {
  if (config.gatewayLabels !== undefined) return [config.gatewayLabels]
  // One gateway stands for all that Gateways select, and for the one that Istio installs.
  const serving = config.gateways.filter(({ spec }) => (spec.servers ?? []).some((server) => server.port.number === port))
  return [INSTALLED, ...serving.map(({ spec }) => ({ ...INSTALLED, ...spec.selector }))]
}

const INSTALLED: Labels = { istio: 'ingressgateway', app: 'istio-ingressgateway' }

function gatewayProxy(config: LimitConfig, { port }: ScopeHead): PatchedProxy {
  const labels = gatewayLabels(config, port)
  const readsTokens = tokenRulesOf(config, labels).length > 0
  return { context: 'GATEWAY', namespace: config.gatewayNamespace ?? ROOT_NAMESPACE, labels, readsTokens }
}

/** The labels of a caller that anything asks for are in the id of its scope. */
function callerProxy({ id, namespace }: ScopeHead): PatchedProxy {
  const labels = id
    .split('|')
    .slice(3)
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const)
  return { context: 'SIDECAR_OUTBOUND', namespace, labels: [Object.fromEntries(labels)], readsTokens: false }
}

function withOverrides(patches: EnvoyPatches, proxy: PatchedProxy, { kind, port }: ScopeHead, content: EntryContent): EntryContent {
  const table = kind === 'gateway' ? `http.${port}` : String(port)
  const host: PatchedHost = { port, table, name: `${content.host}:${port}`, domain: content.host }
  const limits = patches.hostOverrides(proxy, host)
  let same = limits === undefined
  const routes = content.routes.map((route, index) => {
    const own = patches.routeOverrides(proxy, host, route, index)
    if (own === undefined) return route
    same = false
    return { ...route, limits: own }
  })
  return same ? content : { ...content, routes, ...(limits === undefined ? {} : { limits }) }
}

/** The only route of a sidecar's own side, as patches match it. */
const INBOUND_ROUTE: Route = {
  ref: { virtualService: undefined, name: 'default', index: 0 },
  path: { kind: 'any' },
  headers: [],
  query: [],
  action: { ...PLAIN_FORWARD, choices: [], total: 1 }
}

function inboundLimits(patches: EnvoyPatches, pods: readonly MeshPod[], clusters: Iterable<Cluster>): Record<string, InboundLimits> {
  const labels = new Map(pods.map((pod) => [keyOf(pod), pod.metadata.labels ?? {}]))
  const found: Record<string, InboundLimits> = {}
  for (const cluster of clusters) {
    for (const endpoint of cluster.endpoints) {
      const key = inboundKey(endpoint, cluster.port)
      const own = labels.get(`${endpoint.namespace}/${endpoint.pod}`)
      if (own === undefined || Object.hasOwn(found, key)) continue
      const limits = limitsOfPod(patches, own, endpoint, cluster.port)
      if (limits !== undefined) found[key] = limits
    }
  }
  return found
}

function limitsOfPod(patches: EnvoyPatches, labels: Labels, endpoint: Endpoint, servicePort: number): InboundLimits | undefined {
  const { namespace, port } = endpoint
  const proxy: PatchedProxy = { context: 'SIDECAR_INBOUND', namespace, labels: [labels], readsTokens: false }
  const filters = patches.filtersOf(proxy, { port, name: 'virtualInbound' })
  if (filters.length === 0) return undefined
  const name = `inbound|http|${servicePort}`
  const host: PatchedHost = { port, table: `inbound|${port}||`, name, domain: '*' }
  return { filters, overrides: bothOf(patches, proxy, host) }
}

/** A pod's own side has one host with one route: what is said of both is said of it. */
function bothOf(patches: EnvoyPatches, proxy: PatchedProxy, host: PatchedHost): InboundLimits['overrides'] {
  const all = patches.hostOverrides(proxy, host)
  const own = patches.routeOverrides(proxy, host, INBOUND_ROUTE, 0)
  if (all === undefined || own === undefined) return all ?? own
  const rules = own.rules.length === 0 || own.includesHost ? [...own.rules, ...all.rules] : own.rules
  return { limits: { ...all.limits, ...own.limits }, rules, includesHost: false }
}

/** Pods that there are or will be. */
interface Workload {
  readonly namespace: string
  readonly labels: Labels
}

/** True when no patch of an EnvoyFilter is for a gateway that is here or for any of the workloads. */
export function selectsNothing(
  config: Pick<MeshConfig, 'gateways' | 'gatewayLabels' | 'gatewayNamespace'>,
  filter: EnvoyFilter,
  workloads: readonly Workload[]
): boolean {
  const patches = new EnvoyPatches([filter])
  if (patches.isEmpty) return false
  const ports = new Set(config.gateways.flatMap(({ spec }) => (spec.servers ?? []).map(({ port }) => port.number)))
  const gateways = [INSTALLED, ...[...ports].flatMap((port) => gatewayLabels(config, port))]
  const namespace = config.gatewayNamespace ?? ROOT_NAMESPACE
  if (patches.selects({ context: 'GATEWAY', namespace, labels: gateways, readsTokens: false })) return false
  const sides = ['SIDECAR_INBOUND', 'SIDECAR_OUTBOUND'] as const
  return !workloads.some((workload) =>
    sides.some((context) => patches.selects({ context, namespace: workload.namespace, labels: [workload.labels], readsTokens: false }))
  )
}
