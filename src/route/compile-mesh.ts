// What a domain means in the mesh: for every kind of caller and every port, which VirtualService owns it (istio.md 1.4, 1.6). Services without
// one answer from their endpoints. Most callers know a domain as callers outside any namespace do; only the others are compiled apart.

import { type Caller, type Callers, sharesImportsAt } from './callers.ts'
import { hashFor } from './clusters.ts'
import type { Target } from './clusters.ts'
import { DEFAULT_RETRY, compileRules } from './compile-rule.ts'
import { streamMeanings } from './compile-stream.ts'
import type { ClusterId } from './decision.ts'
import { type RuleCaller, moreSpecific } from './destination-rules.ts'
import type { LiveHosts } from './live-hosts.ts'
import { type LiveRuleSets, type PlacedRules, visibleTo } from './live-rule-sets.ts'
import type { LiveRules } from './live-rules.ts'
import { coversHost, resolveHost } from './mesh-config.ts'
import { PLAIN_FORWARD, onlyChoice } from './plain.ts'
import type { RegistryHost } from './registry.ts'
import { meshScope, serviceScope } from './route-table.ts'
import type { Route, RouteAction, ScopeHead } from './route-table.ts'
import type { EntryContent, TableLimits } from './table-limits.ts'

/** What the units of a compilation read; whatever they look at is noted. */
export interface World {
  readonly hosts: LiveHosts
  readonly rules: LiveRules
  readonly ruleSets: LiveRuleSets
  readonly callers: Callers
  /** What is the same for all units, and makes all stale when it changes. */
  frame(): Frame
  /** Ports that any host has for HTTP, those that Sidecars list, and 80. */
  isMeshPort(port: number): boolean
  /** The id of the cluster by which a caller reaches a target. */
  reach(target: Target, caller: RuleCaller): ClusterId
}

/** What is the same for all units. */
export interface Frame {
  readonly sourceLabels: readonly string[]
  /** Those of them that DestinationRules ask. */
  readonly ruleLabels: readonly string[]
  readonly limits: TableLimits
  /** Where the gateway's pod is, and its labels. */
  readonly gateway: RuleCaller
}

/** What a domain means in one scope; undefined content: it is not known there, though the scope's base knows it. */
export interface Meaning {
  readonly scope: ScopeHead
  readonly content: EntryContent | undefined
}

/** All that a domain means: what the common callers know first, then what others know instead. */
export interface Meanings {
  readonly bound: readonly Meaning[]
  /** Scopes of the domain's own: a Service's address. */
  readonly own: readonly Meaning[]
}

/** What a domain (a host's name or address, or a host that only a VirtualService knows) means to every kind of caller. */
export function meaningsOf(world: World, domain: string): Meanings {
  const hosts = world.hosts.calledBy(domain)
  const owners = world.ruleSets.claiming(domain).filter((set) => set.hosts.includes(domain))
  const asked: Asked = { world, domain, hosts, owners, frame: world.frame() }
  const different = differingFor(asked)
  const bound = portsOf(asked).flatMap((port) => boundAt(asked, port, different))
  const own = hosts.flatMap((host) => (host.host === domain ? [...ownScopes(asked, host), ...streamMeanings(world, host)] : []))
  return { bound, own }
}

interface Asked {
  readonly world: World
  readonly domain: string
  /** Those that are called by it. */
  readonly hosts: readonly RegistryHost[]
  /** VirtualServices that name it, oldest first. */
  readonly owners: readonly PlacedRules[]
  readonly frame: Frame
}

/** Ports on which it may mean something. A host that nobody has is known on port 80, and on the ports of hosts listed beside it. */
function portsOf({ world, hosts, owners }: Asked): number[] {
  const ports = new Set(hosts.flatMap((host) => host.ports.flatMap(({ number, http }) => (http ? [number] : []))))
  for (const owner of owners) for (const port of listedPorts(world, owner)) ports.add(port)
  return [...ports].toSorted((a, b) => a - b)
}

function listedPorts(world: World, owner: PlacedRules): number[] {
  const listed = owner.hosts.flatMap((host) => world.hosts.get(host)?.ports.map(({ number }) => number) ?? [])
  return [80, ...listed.filter((port) => world.isMeshPort(port))]
}

/** Which callers may know a domain otherwise than the common ones. */
interface Different {
  readonly callers: ReadonlySet<Caller>
  /** Of them those that rules tell apart; the others differ by what EnvoyFilters say of them, or by their imports. */
  readonly byRules: ReadonlySet<Caller>
}

function differingFor(asked: Asked): Different {
  const { world, hosts, owners, frame } = asked
  const claiming = new Set([...owners, ...hosts.flatMap(({ host }) => world.ruleSets.claiming(host))])
  const namespaces = new Set<string>()
  const names = new Set(hosts.map(({ host }) => host))
  for (const set of claiming) {
    const named = set.exportTo ?? []
    if (named.length > 0 && !named.includes('*')) for (const viewer of [set.namespace, ...named]) namespaces.add(viewer)
    for (const name of destinationsOf(set)) names.add(name)
  }
  for (const name of names) for (const viewer of [...world.hosts.viewersOf(name), ...world.rules.viewersOf(name)]) namespaces.add(viewer)
  const anybody = [...claiming].some(({ asksCaller }) => asksCaller)
  const labelled = frame.ruleLabels.length > 0
  const byRules = new Set(
    anybody || labelled
      ? world.callers.all().filter(({ source }) => anybody || namespaces.has(source.namespace) || Object.keys(source.labels).length > 0)
      : [...namespaces].flatMap((namespace) => world.callers.of(namespace))
  )
  const others = frame.limits.hasOverrides ? world.callers.all() : world.callers.apart()
  return { callers: new Set([...byRules, ...others]), byRules }
}

function destinationsOf({ rules, namespace }: PlacedRules): Set<string> {
  const hosts = new Set<string>()
  for (const { rule } of rules) {
    const { route = [], mirror, mirrors = [] } = rule
    for (const { destination } of [...route, ...mirrors]) hosts.add(resolveHost(destination.host, namespace))
    if (mirror !== undefined) hosts.add(resolveHost(mirror.host, namespace))
  }
  return hosts
}

function boundAt(asked: Asked, port: number, { callers, byRules }: Different): Meaning[] {
  const { common } = asked.world.callers
  const usual = contentFor(asked, port, common, common)
  const bound: Meaning[] = []
  const usualHere = limited(asked, headOf(asked.frame, common, common, port), usual)
  if (usualHere !== undefined) bound.push({ scope: headOf(asked.frame, common, common, port), content: usualHere })
  for (const caller of callers) {
    if (caller === common) continue
    const shares = sharesImportsAt(caller, common, port)
    const scope = headOf(asked.frame, caller, common, port)
    const content = limited(
      asked,
      scope,
      shares && !byRules.has(caller) ? usual : contentFor(asked, port, caller, byRules.has(caller) ? caller : common)
    )
    if (shares ? content !== usualHere : content !== undefined) bound.push({ scope, content })
  }
  return bound
}

function limited({ frame }: Asked, scope: ScopeHead, content: EntryContent | undefined): EntryContent | undefined {
  return content === undefined ? undefined : frame.limits.contentOf(scope, content)
}

/** The scope of a kind of caller on a port; what it does not bind means there what it means to the common callers, where both know the same hosts. */
export function headOf(frame: Frame, caller: Caller, common: Caller, port: number): ScopeHead {
  const { source, egress } = caller
  const head: ScopeHead = {
    id: meshScope(frame.sourceLabels, source, port),
    kind: 'mesh',
    port,
    namespace: source.namespace,
    tls: false,
    ...(egress.refusesUnknown ? { refusesUnknown: true } : {}),
    ...(caller !== common && sharesImportsAt(caller, common, port) ? { base: meshScope(frame.sourceLabels, common.source, port) } : {})
  }
  return frame.limits.scopeOf(head)
}

/** A view of the mesh: what is known is `caller`'s, what rules say is said as to `as`. */
interface View extends Asked {
  readonly port: number
  readonly caller: Caller
  readonly as: Caller
}

function contentFor(asked: Asked, port: number, caller: Caller, as: Caller): EntryContent | undefined {
  const view: View = { ...asked, port, caller, as }
  for (const host of asked.hosts) {
    if (!knows(view, host)) continue
    return contentOf(view, host, ownerOf(view, host.host))
  }
  return unregistered(view)
}

/** Whether a host is called by its name from here, on this port. */
function knows({ world, port, caller }: View, host: RegistryHost): boolean {
  if (!host.ports.some(({ number, http }) => http && number === port)) return false
  if (world.hosts.seenFrom(host.host, caller.source.namespace) !== host) return false
  return caller.egress.importsAt(port)?.hasHost(host.host, host.namespace) ?? true
}

function visibleIn({ caller, port }: View, sets: readonly PlacedRules[]): PlacedRules[] {
  const imports = caller.egress.importsAt(port)
  const visible = visibleTo(sets, caller.source.namespace)
  return imports === undefined ? visible : visible.filter(({ hosts, namespace }) => imports.hasRules(hosts, namespace))
}

/** The VirtualService of a host: by its most specific host that covers it, ties to the earlier. */
function ownerOf(view: View, host: string): PlacedRules | undefined {
  const visible = visibleIn(view, view.world.ruleSets.claiming(host))
  const exact = visible.find(({ hosts }) => hosts.includes(host))
  if (exact !== undefined) return exact
  const covering = visible.flatMap((owner) =>
    owner.hosts.filter((pattern) => pattern.startsWith('*') && coversHost(pattern, host)).map((pattern) => ({ pattern, owner }))
  )
  return covering.toSorted((a, b) => (a.pattern === b.pattern ? 0 : moreSpecific(a.pattern, b.pattern) ? -1 : 1))[0]?.owner
}

function contentOf(view: View, host: RegistryHost, owner: PlacedRules | undefined): EntryContent {
  return (owner === undefined ? undefined : ownedContent(view, owner, host.host)) ?? defaultContent(view, host)
}

/** A host of VirtualServices that is not in the registry. */
function unregistered(view: View): EntryContent | undefined {
  const { world, domain, owners, port } = view
  if (owners.length === 0 || world.hosts.has(domain) || (domain.startsWith('*') && world.hosts.isCovered(domain))) return undefined
  for (const owner of visibleIn(view, owners)) {
    const content = listedPorts(world, owner).includes(port) ? ownedContent(view, owner, domain) : undefined
    if (content !== undefined) return content
  }
  return undefined
}

/** What a VirtualService says of a host here; undefined when none of its rules applies, so that the host keeps its default. */
function ownedContent({ world, port, as: { source } }: View, owner: PlacedRules, host: string): EntryContent | undefined {
  if (owner.broken) return { host, httpsRedirect: false, routes: [], broken: true }
  const fullHost = (name: string): string => resolveHost(name, owner.namespace)
  const routes = compileRules(owner.rules, {
    virtualService: owner.key,
    namespace: owner.namespace,
    gateway: 'mesh',
    port,
    tls: false,
    caller: source,
    clusterOf: (to) => world.reach({ host: fullHost(to.host), subset: to.subset, port: to.port ?? port }, source),
    hashOf: (to) => hashFor(world, { ...to, host: fullHost(to.host) }, source)
  })
  return routes.length === 0 ? undefined : { host, httpsRedirect: false, routes, broken: false }
}

function defaultContent({ world, port, as: { source } }: View, { host }: RegistryHost): EntryContent {
  const cluster = world.reach({ host, port, subset: undefined }, source)
  const hash = hashFor(world, { host, port, subset: undefined }, source)
  const sticks = hash === undefined ? {} : { hash: [hash], retry: { ...DEFAULT_RETRY, avoidTried: false } }
  return wholeContent(host, { name: 'default', cluster, policy: { retry: DEFAULT_RETRY, ...sticks } })
}

/**
 * The scopes of a Service's own address: where a port does not say what it carries, every Host means that Service; where it is HTTP, this is
 * for hosts that nobody knows, which pass to the address that was called.
 */
function ownScopes(asked: Asked, host: RegistryHost): Meaning[] {
  const { world, frame } = asked
  const { common } = world.callers
  if (host.origin !== 'service' || host.addresses.length === 0) return []
  return host.ports.flatMap(({ number: port, http, declared }) => {
    const view: View = { ...asked, port, caller: common, as: common }
    if (!http || !knows(view, host)) return []
    const scope: ScopeHead = frame.limits.scopeOf({ id: serviceScope(host.host, port), kind: 'mesh', port, namespace: '', tls: false })
    const content = declared ? passedContent(view, host) : contentOf(view, host, ownerOf(view, host.host))
    return [{ scope, content: limited(asked, scope, content) }]
  })
}

/** What passes to a Service because nobody knows the Host: no rule and no policy is for it. */
function passedContent({ world, port }: View, { host }: RegistryHost): EntryContent {
  const cluster = world.reach({ host, port, subset: undefined }, { namespace: '', labels: {} })
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
