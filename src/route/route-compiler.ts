// Istio's rules -> RouteTable, a change at a time: what an object says is compiled when it comes, and again when something that was looked at
// for it has changed. Every look goes through an owner that notes it, so that what is kept is what a compilation from nothing would give.

import type { VirtualService } from '../api/istio-virtual-service.ts'
import { sameJson } from '../std/json.ts'
import { Reads } from '../std/reads.ts'
import { Callers } from './callers.ts'
import { isHttps } from './check-rules.ts'
import { gatewayContent, gatewayHead } from './compile-gateways.ts'
import { compileLimits } from './compile-limits.ts'
import { type Frame, type World, headOf, meaningsOf } from './compile-mesh.ts'
import { GATEWAY_STREAM, gatewayStream } from './compile-stream.ts'
import { NO_UNIT, type UnitTable, isEmptyUnit, nameMeanings } from './domain-entries.ts'
import { GatewayIndex } from './gateway-index.ts'
import { LiveClusters } from './live-clusters.ts'
import { LiveHosts } from './live-hosts.ts'
import { LiveRuleSets, meshHosts } from './live-rule-sets.ts'
import { LiveRules } from './live-rules.ts'
import { ROOT_NAMESPACE, namespaceOf } from './mesh-config.ts'
import type { MeshConfig } from './mesh-config.ts'
import { CallerTally, type Listed, type MeshList } from './mesh-inputs.ts'
import { type MeshChange, MeshLists, changeDestinations } from './mesh-lists.ts'
import type { ScopeId } from './request-facts.ts'
import { ANY_PORT, EMPTY_TABLE, meshScope } from './route-table.ts'
import type { MeshSource, RouteTable, ScopeHead, TableChange } from './route-table.ts'
import { Sidecars } from './sidecars.ts'
import { type TableLimits } from './table-limits.ts'
import { TableState } from './table-state.ts'
import { TableWriter } from './table-writer.ts'
import { Topology } from './topology.ts'

/** What is said of the mesh beside its objects. */
export type MeshSettings = Pick<MeshConfig, 'keySets' | 'resolved' | 'locality' | 'gatewayLabels' | 'gatewayNamespace'>

/** What one compilation cost. */
export interface CompileCosts {
  readonly hosts: number
  readonly ruleSets: number
  readonly clusters: number
  /** Domains of the mesh and hosts of gateways. */
  readonly domains: number
}

/** How a compiler begins. */
export interface CompilerOptions {
  /** Whether the text of a VirtualService is wrong, so that what was in force before stays. */
  readonly isBroken: (virtualService: VirtualService) => boolean
  /** The table to go on from: parts that are the same keep their versions. */
  readonly previous?: RouteTable
  readonly settings?: MeshSettings
}

/** Lists that are short and read together. */
export const TOGETHER = ['gateways', 'sidecars', 'envoyFilters', 'requestAuthentications', 'nodes'] as const satisfies readonly MeshList[]
type Together = (typeof TOGETHER)[number]

/** Owns everything that was compiled, and the table that it makes. */
export class RouteCompiler implements World {
  readonly hosts: LiveHosts
  readonly rules: LiveRules
  readonly ruleSets: LiveRuleSets
  readonly callers: Callers
  readonly #reads = new Reads()
  readonly #clusters: LiveClusters
  readonly #gateways: GatewayIndex
  readonly #tally = new CallerTally()
  readonly #lists = new MeshLists()
  readonly #units = new Map<string, UnitTable>()
  readonly #state = new TableState()
  readonly #previous: RouteTable
  readonly #stale = new Set<Together>(TOGETHER)
  #settings: MeshSettings
  #sidecars = new Sidecars([])
  #limits: TableLimits
  #frame: Frame
  #ports: ReadonlySet<number> = new Set()
  #heads: ReadonlyMap<ScopeId, ScopeHead> = new Map()
  #gatewayHeads: ReadonlySet<ScopeId> = new Set()
  /** Units that ran, with what they gave before. */
  readonly #ran = new Map<string, UnitTable>()
  #domains = 0

  constructor({ isBroken, previous = EMPTY_TABLE, settings = {} }: CompilerOptions) {
    this.#previous = previous
    this.#settings = settings
    this.#state.version = previous.version
    this.hosts = new LiveHosts(this.#reads)
    this.rules = new LiveRules(this.#reads)
    this.ruleSets = new LiveRuleSets(this.#reads, isBroken)
    this.callers = new Callers(this.#reads, this.#sidecars)
    this.#limits = compileLimits(this.#config())
    this.#frame = this.#frameNow([])
    this.#clusters = new LiveClusters(this.#reads, { hosts: this.hosts, rules: this.rules, locality: settings.locality ?? '' })
    this.#gateways = new GatewayIndex(this.#reads, this.ruleSets, this.#frame.gateway.namespace)
    this.hosts.setResolved(settings.resolved ?? {})
  }

  /** An object of a list came, changed (`after`) or went (undefined). Objects must not change: the same one again is no change. */
  set<L extends MeshList>(list: L, key: string, after: Listed<L> | undefined): void {
    const change = this.#lists.set(list, key, after)
    if (change !== undefined) this.#take(change)
  }

  /** A namespace came or went. */
  setNamespace(name: string, now: 'there' | 'gone'): void {
    if (now === 'there') this.#tally.setNamespace(undefined, name)
    else this.#tally.setNamespace(name, undefined)
  }

  /** New key sets, or new answers for names; the rest of the settings stays what it was at first. */
  settle(settings: Pick<MeshSettings, 'keySets' | 'resolved'>): void {
    if (!sameJson(settings.keySets, this.#settings.keySets)) this.#stale.add('requestAuthentications')
    this.#settings = { ...this.#settings, ...settings }
    this.hosts.setResolved(settings.resolved ?? {})
  }

  /** The objects of a list. */
  list<L extends MeshList>(list: L): Listed<L>[] {
    return this.#lists.all(list)
  }

  /** The changes since the last time, in the order in which they are to be applied; none when nothing differs. */
  compile(): readonly TableChange[] {
    const writer = new TableWriter(this.#state, (id) => (this.#state.entries.size === 0 ? this.#previous.entries[id] : undefined))
    if (this.#stale.has('nodes')) this.hosts.setTopology(new Topology({ nodes: this.list('nodes') }))
    const { names, domains } = this.hosts.update()
    for (const domain of domains) this.#reads.want({ kind: 'domain', key: domain })
    this.#updateRuleSets()
    this.#updateFrame(writer)
    this.#clusters.update(names)
    for (let stale = this.#reads.stale('domain'); stale.length > 0; stale = this.#reads.stale('domain'))
      for (const domain of stale) this.#domain(domain)
    for (const key of this.#reads.stale('gateway')) this.#gateway(key)
    for (const key of this.#reads.stale('stream')) this.#stream(key)
    for (const cell of this.#reads.takeUnread()) if (cell.startsWith('reach ')) this.#clusters.drop(cell.slice('reach '.length))
    for (const [id, cluster] of this.#clusters.takeChanged()) writer.cluster(id, cluster)
    writer.sourceLabels(this.#frame.sourceLabels)
    for (const [id, before] of this.#ran) writer.unit(before, this.#units.get(id) ?? NO_UNIT)
    this.#ran.clear()
    const changes = writer.finish()
    this.#state.applyAll(changes)
    return this.#withInbound(changes, writer.version)
  }

  /** The table that all changes so far lead to. */
  get table(): RouteTable {
    return this.#state.table
  }

  /** Ports on which gateways carry bytes. */
  gatewayStreams(): number[] {
    return this.#gateways.streamPorts()
  }

  /** Ports on which gateways answer plain HTTP. */
  gatewayPorts(): number[] {
    return [...this.#gateways.ports].flatMap(([port, bound]) => (bound.some(({ server }) => isHttps(server)) ? [] : [port]))
  }

  /** What all compilations cost together. */
  get costs(): CompileCosts {
    return { hosts: this.hosts.made, ruleSets: this.ruleSets.made, clusters: this.#clusters.made, domains: this.#domains }
  }

  frame(): Frame {
    this.#reads.note('frame')
    return this.#frame
  }

  isMeshPort(port: number): boolean {
    this.#reads.note(`port ${port}`)
    return this.#ports.has(port)
  }

  reach(...asked: Parameters<LiveClusters['idOf']>): ReturnType<LiveClusters['idOf']> {
    return this.#clusters.idOf(...asked)
  }

  #take(change: MeshChange): void {
    const { list, key, before, after } = change
    if (NAMESPACED.has(list)) this.#tally.setNamespace(before && namespaceOf(before), after && namespaceOf(after))
    changeDestinations(this, change)
    if (change.list === 'pods') this.#tally.setPod(key, change.before, change.after)
    if (change.list === 'virtualServices') this.ruleSets.set(key, change.after)
    if (isTogether(list)) this.#stale.add(list)
  }

  #updateRuleSets(): void {
    for (const key of this.ruleSets.update()) {
      this.#gateways.setRules(key)
    }
    for (const domain of this.ruleSets.takeDomains()) this.#reads.want({ kind: 'domain', key: domain })
    if (this.#stale.has('gateways')) this.#gateways.setGateways(this.list('gateways'), this.#settings.gatewayLabels)
  }

  /** What is the same for all: when it changes all are made anew, which is rare. */
  #updateFrame(writer: TableWriter): void {
    const before = this.#frame
    const limits = this.#updateLimits()
    const apart = this.#stale.has('sidecars')
    if (apart) this.#sidecars = new Sidecars(this.list('sidecars'))
    const ruleLabels = this.rules.callerLabels().filter((key) => this.#tally.hasLabel(key))
    const frame = this.#frameNow(ruleLabels)
    const fresh = limits || apart || !sameJson([frame.sourceLabels, ruleLabels], [before.sourceLabels, before.ruleLabels])
    if (fresh) {
      this.#frame = frame
      this.#reads.touch('frame')
    }
    const callers = this.#updateCallers(fresh)
    const ports = this.#updatePorts()
    if (fresh || callers || ports) this.#updateHeads(writer)
    if (this.#stale.size > 0) this.#updateGatewayHeads(writer)
    if (limits) writer.limits(this.#limits.limits)
    this.#stale.clear()
  }

  /** True when what EnvoyFilters say may be something else now: they look at a gateway's labels and tokens too. */
  #updateLimits(): boolean {
    const seen = this.#limits.hasAny && (this.#stale.has('gateways') || this.#stale.has('requestAuthentications'))
    if (!seen && !this.#stale.has('envoyFilters')) return false
    this.#limits = compileLimits(this.#config())
    return true
  }

  #updateCallers(fresh: boolean): boolean {
    const { sourceLabels } = this.#frame
    const sources = this.#tally.takeSources(sourceLabels)
    if (sources === undefined && !fresh) return false
    const same = (): MeshSource[] => this.callers.all().map(({ source }) => source)
    this.callers.set(sources ?? same(), sourceLabels, this.#sidecars)
    return true
  }

  #frameNow(ruleLabels: readonly string[]): Frame {
    const { gatewayNamespace = ROOT_NAMESPACE, gatewayLabels = {} } = this.#settings
    const sourceLabels = [...this.ruleSets.sourceLabels(), ...this.#sidecars.labelKeys, ...this.#limits.callerLabels, ...ruleLabels]
    return {
      sourceLabels: [...new Set(sourceLabels)].toSorted(),
      ruleLabels,
      limits: this.#limits,
      gateway: { namespace: gatewayNamespace, labels: gatewayLabels }
    }
  }

  #config(): Parameters<typeof compileLimits>[0] {
    return {
      ...this.#settings,
      envoyFilters: this.list('envoyFilters'),
      gateways: this.list('gateways'),
      requestAuthentications: this.list('requestAuthentications')
    }
  }

  #updatePorts(): boolean {
    const listed = this.callers.all().flatMap(({ egress }) => egress.ports)
    const ports = new Set([80, ...this.hosts.httpPorts(), ...listed])
    const changed = [...ports].filter((port) => !this.#ports.has(port)).concat([...this.#ports].filter((port) => !ports.has(port)))
    this.#ports = ports
    for (const port of changed) this.#reads.touch(`port ${port}`)
    return changed.length > 0
  }

  #updateHeads(writer: TableWriter): void {
    const before = this.#heads
    const heads = new Map<ScopeId, ScopeHead>()
    const { common } = this.callers
    for (const caller of this.callers.all()) {
      for (const port of this.#ports) {
        const head = headOf(this.#frame, caller, common, port)
        heads.set(head.id, head)
      }
      // Ports that no host has: only what becomes of unknown hosts is to be known there.
      if (!caller.egress.refusesUnknown) continue
      const id = meshScope(this.#frame.sourceLabels, caller.source, ANY_PORT)
      heads.set(
        id,
        this.#limits.scopeOf({ id, kind: 'mesh', port: ANY_PORT, namespace: caller.source.namespace, tls: false, refusesUnknown: true })
      )
    }
    for (const head of heads.values()) writer.head(head)
    for (const id of before.keys()) if (!heads.has(id)) writer.removeScope(id)
    this.#heads = heads
  }

  #updateGatewayHeads(writer: TableWriter): void {
    const config = this.#config()
    const heads = [...this.#gateways.ports].map(([port, bound]) => this.#limits.scopeOf(gatewayHead(config, port, bound)))
    for (const head of heads) writer.head(head)
    const ids = new Set(heads.map(({ id }) => id))
    for (const id of this.#gatewayHeads) if (!ids.has(id)) writer.removeScope(id)
    this.#gatewayHeads = ids
  }

  #domain(domain: string): UnitTable {
    this.#domains += 1
    const unit = this.#reads.run({ kind: 'domain', key: domain }, () =>
      nameMeanings(domain, meaningsOf(this, domain), (host) => this.#entriesOf(host))
    )
    return this.#give('domain', domain, unit)
  }

  /** The entries of a host, up to date. */
  #entriesOf(host: string): UnitTable['entries'] {
    if (this.#reads.isStale({ kind: 'domain', key: host }) || !this.#units.has(`domain ${host}`)) this.#domain(host)
    this.#reads.note(`entries ${host}`)
    return (this.#units.get(`domain ${host}`) ?? NO_UNIT).entries
  }

  #gateway(key: string): void {
    this.#domains += 1
    const unit = this.#reads.run({ kind: 'gateway', key }, () => {
      const at = this.#gateways.at(key)
      if (at === undefined) return NO_UNIT
      const scope = this.#limits.scopeOf(gatewayHead(this.#config(), at.port, at.bound))
      const content = this.frame().limits.contentOf(scope, gatewayContent(this, at, at))
      return nameMeanings(at.host, { bound: [{ scope, content }], own: [] }, () => new Map())
    })
    this.#give('gateway', key, unit)
  }

  #stream(key: string): void {
    const unit = this.#reads.run({ kind: 'stream', key }, () => {
      const at = this.#gateways.streamAt(Number(key))
      if (at === undefined) return NO_UNIT
      return nameMeanings(GATEWAY_STREAM, { bound: [], own: [gatewayStream(this, at)] }, () => new Map())
    })
    this.#give('stream', key, unit)
  }

  #give(kind: 'domain' | 'gateway' | 'stream', key: string, unit: UnitTable): UnitTable {
    const id = `${kind} ${key}`
    const before = this.#units.get(id) ?? NO_UNIT
    if (isEmptyUnit(unit)) this.#units.delete(id)
    else this.#units.set(id, unit)
    if (kind === 'domain' && !sameJson([...before.entries], [...unit.entries])) this.#reads.touch(`entries ${key}`)
    if (!this.#ran.has(id)) this.#ran.set(id, before)
    // Nobody has it any more: whoever has it next asks for it.
    if (isEmptyUnit(unit) && !this.#isWanted(kind, key)) this.#reads.drop({ kind, key })
    return unit
  }

  #isWanted(kind: 'domain' | 'gateway' | 'stream', key: string): boolean {
    if (kind === 'domain') return this.#isKnown(key)
    return (kind === 'gateway' ? this.#gateways.at(key) : this.#gateways.streamAt(Number(key))) !== undefined
  }

  #isKnown(domain: string): boolean {
    return this.hosts.calledBy(domain).length > 0 || this.ruleSets.claiming(domain).some((set) => meshHosts(set).includes(domain))
  }

  /** Limits of called pods follow from all clusters; they are looked at together, where there are any. */
  #withInbound(changes: readonly TableChange[], version: number): readonly TableChange[] {
    if (!this.#limits.hasInbound && this.#state.inbound.size === 0) return changes
    this.#state.version = version - 1
    const writer = new TableWriter(this.#state, () => undefined)
    writer.inbound(this.#limits.inboundOf(this.#state.clusters.values(), this.list('pods')))
    const inbound = writer.finish()
    this.#state.applyAll(inbound)
    if (changes.length + inbound.length === 0) this.#state.version = version - 1
    else this.#state.version = version
    return inPlace(changes, inbound)
  }
}

const isTogether = (list: MeshList): list is Together => (TOGETHER as readonly MeshList[]).includes(list)

const NAMESPACED: ReadonlySet<MeshList> = new Set(['services', 'virtualServices', 'serviceEntries', 'sidecars'])

/** Limits come before the routes that need them and go after them. */
function inPlace(changes: readonly TableChange[], inbound: readonly TableChange[]): readonly TableChange[] {
  const comes = inbound.filter(({ kind }) => kind === 'put-inbound')
  return [...comes, ...changes, ...inbound.filter(({ kind }) => kind === 'remove-inbound')]
}
