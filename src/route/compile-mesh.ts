// Scopes of the mesh: for every kind of caller and every port, which VirtualService owns which host (istio.md 1.4, 1.6). Services without
// one answer from their endpoints.

import type { ClusterSet } from './clusters.ts'
import { DEFAULT_RETRY, compileRules } from './compile-rule.ts'
import type { ClusterId } from './decision.ts'
import { moreSpecific } from './destination-rules.ts'
import { coversHost, isVisible, namespaceOf, resolveHost } from './mesh-config.ts'
import type { MeshConfig } from './mesh-config.ts'
import type { Registry, RegistryHost } from './registry.ts'
import type { RuleSet } from './rule-sets.ts'
import type { Imports, Sidecars } from './sidecars.ts'
import { ANY_PORT, meshScope, serviceScope } from './route-table.ts'
import type { MeshSource, Route, RouteAction } from './route-table.ts'
import type { EntryContent, TableBuilder } from './table-builder.ts'
import { PLAIN_FORWARD, onlyChoice } from './plain.ts'

/** What the steps of one compilation share. */
export interface Work {
  readonly config: MeshConfig
  readonly registry: Registry
  readonly sidecars: Sidecars
  readonly clusters: ClusterSet
  readonly builder: TableBuilder
  /** Oldest first. */
  readonly ruleSets: readonly RuleSet[]
  readonly sourceLabels: readonly string[]
  /** Those of them that DestinationRules ask. */
  readonly ruleLabels: readonly string[]
}

/** Opens a scope for each port and kind of caller, and binds every host in it. */
export function compileMesh(work: Work): void {
  const all = work.ruleSets.filter(({ gateways }) => gateways.includes('mesh'))
  const sources = sourcesOf(work)
  const ports = meshPorts(work, sources)
  const ruled = new Set(work.config.destinationRules.map(namespaceOf))
  const limited = work.registry.varies || work.config.destinationRules.some(({ spec }) => (spec.exportTo ?? []).length > 0)
  const made = new Map<string, EntryContent | undefined>()
  for (const source of sources) {
    const egress = work.sidecars.of(source)
    const policy = egress.refusesUnknown ? ({ refusesUnknown: true } as const) : {}
    const knownBy = new Map<Imports | undefined, Known>()
    for (const port of ports) {
      const imports = egress.importsAt(port)
      const known = knownBy.get(imports) ?? knownTo(work, all, { source, imports })
      knownBy.set(imports, known)
      const view: MeshView = { work, source, port, ruled, limited, made, id: meshScope(work.sourceLabels, source, port) }
      work.builder.open({ id: view.id, kind: 'mesh', port, namespace: source.namespace, tls: false, ...policy })
      bindServices(view, known)
      bindOthers(view, known.rules)
      if (source.namespace === '') bindOwnAddresses(view, known)
    }
    // Ports that no host has: only what becomes of unknown hosts is to be known there.
    if (!egress.refusesUnknown) continue
    const id = meshScope(work.sourceLabels, source, ANY_PORT)
    work.builder.open({ id, kind: 'mesh', port: ANY_PORT, namespace: source.namespace, tls: false, ...policy })
  }
}

/** What a kind of caller knows on a port. */
interface Known {
  readonly rules: readonly RuleSet[]
  readonly hosts: readonly RegistryHost[]
  /** The VirtualService of a host. */
  readonly owners: ReadonlyMap<string, RuleSet>
}

function knownTo(
  work: Work,
  all: readonly RuleSet[],
  caller: { readonly source: MeshSource; readonly imports: Imports | undefined }
): Known {
  const { source, imports } = caller
  const visible = visibleTo(all, source.namespace)
  const seen = work.registry.allSeenFrom(source.namespace)
  const rules = imports === undefined ? visible : visible.filter(({ hosts, namespace }) => imports.hasRules(hosts, namespace))
  const hosts = imports === undefined ? seen : seen.filter(({ host, namespace }) => imports.hasHost(host, namespace))
  return { rules, hosts, owners: ownersOf(rules, hosts) }
}

interface MeshView {
  readonly work: Work
  readonly source: MeshSource
  readonly port: number
  readonly ruled: ReadonlySet<string>
  readonly limited: boolean
  readonly made: Map<string, EntryContent | undefined>
  readonly id: string
}

/** Ports that HTTP callers can dial: those of all hosts, those that Sidecars list, and 80. */
function meshPorts(work: Work, sources: readonly MeshSource[]): number[] {
  const ports = new Set([80])
  for (const host of work.registry.all()) for (const port of host.ports) if (port.http) ports.add(port.number)
  for (const source of sources) for (const port of work.sidecars.of(source).ports) ports.add(port)
  return [...ports].toSorted((a, b) => a - b)
}

/** Every kind of caller: each namespace without labels, and each set of labels that some rule can tell apart. */
function sourcesOf(work: Work): MeshSource[] {
  const { config, sourceLabels } = work
  const found = new Map<string, MeshSource>()
  const add = (source: MeshSource): void => {
    found.set(meshScope(sourceLabels, source, 0), source)
  }
  for (const namespace of ['', 'default', ...config.namespaces]) add({ namespace, labels: {} })
  for (const object of [...config.services, ...config.virtualServices, ...config.serviceEntries, ...config.sidecars])
    add({ namespace: namespaceOf(object), labels: {} })
  for (const pod of config.pods) {
    const labels = pod.metadata.labels ?? {}
    const asked = sourceLabels.flatMap((key) => (labels[key] === undefined ? [] : [[key, labels[key]] as const]))
    add({ namespace: namespaceOf(pod), labels: Object.fromEntries(asked) })
  }
  return [...found.keys()].toSorted().flatMap((key) => found.get(key) ?? [])
}

/** Those that a namespace sees: private ones first, then those exported to it by name, then public ones; older first inside each. */
export function visibleTo(all: readonly RuleSet[], namespace: string): RuleSet[] {
  const classes: RuleSet[][] = [[], [], []]
  for (const each of all) {
    const { exportTo } = each
    if (!isVisible(exportTo, each.namespace, namespace)) continue
    const named = exportTo ?? []
    const at = named.length === 0 || named.includes('*') ? 2 : Number(!named.includes('.') && namespace !== each.namespace)
    classes[at]?.push(each)
  }
  return classes.flat()
}

/** The VirtualService of each host: by its most specific host that covers it, ties to the earlier. */
function ownersOf(seen: readonly RuleSet[], hosts: readonly RegistryHost[]): Map<string, RuleSet> {
  const exact = new Map<string, RuleSet>()
  const wild: { readonly pattern: string; readonly owner: RuleSet }[] = []
  for (const owner of seen) {
    for (const host of owner.hosts) {
      if (host.startsWith('*')) wild.push({ pattern: host, owner })
      else if (!exact.has(host)) exact.set(host, owner)
    }
  }
  wild.sort((a, b) => (a.pattern === b.pattern ? 0 : moreSpecific(a.pattern, b.pattern) ? -1 : 1))
  const owners = new Map<string, RuleSet>()
  for (const { host } of hosts) {
    const owner = exact.get(host) ?? wild.find(({ pattern }) => coversHost(pattern, host))?.owner
    if (owner !== undefined) owners.set(host, owner)
  }
  return owners
}

function bindServices(view: MeshView, { hosts, owners }: Known): void {
  const { builder } = view.work
  for (const host of hosts) {
    if (!host.ports.some(({ number, http }) => http && number === view.port)) continue
    const content = contentOf(view, host, owners.get(host.host))
    builder.bind(view.id, host.host, content)
    for (const address of host.addresses) builder.bind(view.id, address, content)
  }
}

function contentOf(view: MeshView, host: RegistryHost, owner: RuleSet | undefined): EntryContent {
  return (owner === undefined ? undefined : ownedContent(view, owner, host.host)) ?? defaultContent(view, host)
}

/**
 * The scopes of Services' own addresses: where a port does not say what it carries, every Host means that Service; where it is HTTP, this is
 * for hosts that nobody knows, which pass to the address that was called.
 */
function bindOwnAddresses(view: MeshView, { hosts, owners }: Known): void {
  const { builder } = view.work
  for (const host of hosts) {
    const port = host.ports.find(({ number, http }) => http && number === view.port)
    if (port === undefined || host.origin !== 'service' || host.addresses.length === 0) continue
    const id = serviceScope(host.host, view.port)
    builder.open({ id, kind: 'mesh', port: view.port, namespace: '', tls: false })
    builder.bind(id, '*', port.declared ? passedContent(view, host) : contentOf(view, host, owners.get(host.host)))
  }
}

/** Hosts of VirtualServices that are not in the registry: on port 80, and on the ports of services listed beside them. */
function bindOthers(view: MeshView, seen: readonly RuleSet[]): void {
  const { registry, builder } = view.work
  for (const owner of seen) {
    const listed = owner.hosts.flatMap((host) => registry.get(host)?.ports ?? [])
    if (view.port !== 80 && !listed.some(({ number }) => number === view.port)) continue
    for (const host of owner.hosts) {
      if (registry.has(host) || builder.knows(view.id, host) || coversService(registry, host)) continue
      const content = ownedContent(view, owner, host)
      if (content !== undefined) builder.bind(view.id, host, content)
    }
  }
}

function coversService(registry: Registry, host: string): boolean {
  if (!host.startsWith('*')) return false
  for (const name of registry.keys()) if (coversHost(host, name)) return true
  return false
}

/** What a VirtualService says of a host here; undefined when none of its rules applies, so that the host keeps its default. */
function ownedContent(view: MeshView, owner: RuleSet, host: string): EntryContent | undefined {
  const key = [owner.key, host, view.port, owner.asksCaller ? view.id : '', overridesOf(view)].join(' ')
  if (view.made.has(key)) return view.made.get(key)
  const content = compileOwned(view, owner, host)
  view.made.set(key, content)
  return content
}

/**
 * The caller's namespace where it may change which DestinationRule applies: it has rules, or some rule is not exported to all. Where rules
 * look at labels or places of callers, these too.
 */
function overridesOf(view: MeshView): string {
  const { work, source, limited, ruled } = view
  const namespace = limited || ruled.has(source.namespace) ? source.namespace : ''
  return meshScope(work.ruleLabels, { namespace, labels: source.labels }, 0)
}

function compileOwned(view: MeshView, owner: RuleSet, host: string): EntryContent | undefined {
  const { work, source, port } = view
  if (owner.broken) return { host, httpsRedirect: false, routes: [], broken: true }
  const routes = compileRules(owner.rules, {
    virtualService: owner.key,
    namespace: owner.namespace,
    gateway: 'mesh',
    port,
    tls: false,
    caller: source,
    clusterOf: (to) =>
      work.clusters.idFor({ host: resolveHost(to.host, owner.namespace), subset: to.subset, port: to.port ?? port }, source),
    hashOf: (to) => work.clusters.hashFor({ ...to, host: resolveHost(to.host, owner.namespace) }, source)
  })
  return routes.length === 0 ? undefined : { host, httpsRedirect: false, routes, broken: false }
}

function defaultContent(view: MeshView, host: RegistryHost): EntryContent {
  const { work, source, port, made } = view
  const key = ['default', host.namespace, host.host, port, overridesOf(view)].join(' ')
  const before = made.get(key)
  if (before !== undefined) return before
  const cluster = work.clusters.idFor({ host: host.host, port, subset: undefined }, source)
  const hash = work.clusters.hashFor({ host: host.host, port, subset: undefined }, source)
  const sticks = hash === undefined ? {} : { hash: [hash], retry: { ...DEFAULT_RETRY, avoidTried: false } }
  const content = wholeContent(host.host, { name: 'default', cluster, policy: { retry: DEFAULT_RETRY, ...sticks } })
  made.set(key, content)
  return content
}

/** What passes to a Service because nobody knows the Host: no rule and no policy is for it. */
function passedContent({ work, port }: MeshView, { host }: RegistryHost): EntryContent {
  const cluster = work.clusters.idFor({ host, port, subset: undefined }, { namespace: '', labels: {} })
  return wholeContent(host, { name: 'allow_any', cluster, policy: {} })
}

type Forward = Extract<RouteAction, { kind: 'forward' }>

function wholeContent(
  host: string,
  to: { readonly name: string; readonly cluster: ClusterId; readonly policy: Partial<Forward> }
): EntryContent {
  const route: Route = {
    ref: { virtualService: undefined, name: to.name, index: 0 },
    path: { kind: 'any' },
    headers: [],
    query: [],
    action: { ...PLAIN_FORWARD, choices: [onlyChoice(to.cluster)], total: 1, ...to.policy }
  }
  return { host, httpsRedirect: false, routes: [route], broken: false }
}
