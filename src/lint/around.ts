// What an analysis looks at around its subjects: hosts, rules, other VirtualServices, pods. Indexed, so that a look costs the same among
// thousands; and noted, so that it is known which findings a change may touch.

import type { DestinationRule } from '../api/istio-destination-rule.ts'
import type { VirtualService } from '../api/istio-virtual-service.ts'
import type { KubeObject } from '../api/object.ts'
import { delegateKey } from '../route/delegates.ts'
import { ruledHost } from '../route/destination-rules.ts'
import { LiveHosts } from '../route/live-hosts.ts'
import { LiveRules } from '../route/live-rules.ts'
import { byAge, coversHost, gatewaysOf, keyOf, namespaceOf, resolveHost } from '../route/mesh-config.ts'
import type { Listed, MeshList } from '../route/mesh-inputs.ts'
import { type ChangeOf, MeshLists, changeDestinations } from '../route/mesh-lists.ts'
import { meshListOf } from '../route/mesh-objects.ts'
import type { RegistryHost } from '../route/registry.ts'
import { Groups, type Reads, Tally } from '../std/reads.ts'
import { type WorkloadLabels, workloadsOf } from './workloads.ts'

/** Owns the indexes. Cells are named after what is asked. */
export class Around {
  readonly hosts: LiveHosts
  readonly rules: LiveRules
  readonly #reads: Reads
  readonly #lists = new MeshLists()
  /** Names of hosts by what their objects are called. */
  readonly #called = new Groups<string>()
  readonly #names = new Map<string, string>()
  readonly #claims = new Groups<VirtualService>()
  readonly #first = new Map<string, readonly VirtualService[]>()
  readonly #delegations = new Groups<undefined>()
  /** By subset and host; `*` for all wildcards. */
  readonly #subsets = new Groups<DestinationRule>()
  /** In which order DestinationRules came. */
  readonly #came = new Map<string, number>()
  #count = 0
  readonly #workloads = new Tally()
  #workloadList: readonly WorkloadLabels[] | undefined

  constructor(reads: Reads) {
    this.#reads = reads
    this.hosts = new LiveHosts(reads)
    this.rules = new LiveRules(reads)
  }

  /** An object that came, changed or went. */
  put(before: KubeObject | undefined, after: KubeObject | undefined): void {
    const said = (object: KubeObject | undefined): string[] =>
      object === undefined ? [] : workloadsOf([object]).map((each) => JSON.stringify(each))
    if (this.#workloads.move(said(before), said(after))) {
      this.#workloadList = undefined
      this.#reads.touch('workloads')
    }
    const [old, now] = [before, after].map((object) => (object === undefined ? undefined : meshListOf(object)))
    if (before !== undefined && old !== undefined && old !== now) this.#set(old, keyOf(before), undefined)
    if (after !== undefined && now !== undefined) this.#set(now, keyOf(after), after)
  }

  /** Brings hosts up to date after changes. */
  update(): void {
    for (const name of this.hosts.update().names) {
      const host = this.hosts.get(name)
      for (const called of this.#calledBefore(name)) {
        this.#called.remove(called, name)
        this.#reads.touch(`called as ${called}`)
      }
      if (host === undefined) continue
      this.#called.put(host.name, name, name)
      this.#names.set(name, host.name)
      this.#reads.touch(`called as ${host.name}`)
    }
  }

  #calledBefore(name: string): string[] {
    const called = this.#names.get(name)
    this.#names.delete(name)
    return called === undefined ? [] : [called]
  }

  /** All objects of one of the short lists. */
  all<L extends 'gateways' | 'sidecars' | 'envoyFilters' | 'requestAuthentications'>(list: L): readonly Listed<L>[] {
    this.#reads.note(`all ${list}`)
    return this.#lists.all(list)
  }

  /** One object by namespace/name. */
  get<L extends 'services' | 'virtualServices' | 'gateways'>(list: L, key: string): Listed<L> | undefined {
    this.#reads.note(`${list} ${key}`)
    return this.#lists.get(list, key)
  }

  /** Labels of pods that there are or will be, each set of a namespace once. */
  workloads(): readonly WorkloadLabels[] {
    this.#reads.note('workloads')
    // What was written so can be read so.
    this.#workloadList ??= this.#workloads.names().map((text) => JSON.parse(text) as WorkloadLabels)
    return this.#workloadList
  }

  /** Whether a host, or one that it covers or that covers it, exists. */
  isKnown(host: string): boolean {
    if (this.hosts.has(host) || (host.startsWith('*') && this.hosts.isCovered(host))) return true
    for (let at = host.indexOf('.', 1); at >= 0; at = host.indexOf('.', at + 1)) if (this.hosts.has(`*${host.slice(at)}`)) return true
    return this.hosts.has('*')
  }

  /** The first host whose object is called so. */
  called(name: string): RegistryHost | undefined {
    this.#reads.note(`called as ${name}`)
    return this.hosts.firstOf(this.#called.of(name).values())
  }

  /**
   * The VirtualServices that claim a host in the mesh, oldest first; of those that the same namespaces see only the oldest. Who comes
   * after is told to nobody but itself.
   */
  claiming(host: string): readonly VirtualService[] {
    this.#reads.note(`claims ${host}`)
    return this.#firstOf(host)
  }

  /** Whether any rule delegates to the VirtualService. */
  isDelegatedTo(key: string): boolean {
    this.#reads.note(`delegated ${key}`)
    return this.#delegations.has(key)
  }

  /** The first DestinationRule that defines a subset of this name for the host. */
  defining(subset: string, host: string): DestinationRule | undefined {
    const found = [host, '*'].flatMap((ruled) => {
      this.#reads.note(`subset ${subset} ${ruled}`)
      return [...this.#subsets.of(`${subset} ${ruled}`)].filter(([, rule]) => coversHost(ruledHost(rule), host))
    })
    const [first] = found.toSorted(([a], [b]) => (this.#came.get(a) ?? 0) - (this.#came.get(b) ?? 0))
    return first?.[1]
  }

  #firstOf(host: string): readonly VirtualService[] {
    let first = this.#first.get(host)
    if (first === undefined) {
      const byViewers = new Map<string, VirtualService>()
      for (const each of [...this.#claims.of(host).values()].toSorted(byAge)) {
        const viewers = [namespaceOf(each), ...(each.spec.exportTo ?? [])].join(' ')
        if (!byViewers.has(viewers)) byViewers.set(viewers, each)
      }
      first = [...byViewers.values()]
      this.#first.set(host, first)
    }
    return first
  }

  #set(list: MeshList, key: string, after: Listed<MeshList> | undefined): void {
    const change = this.#lists.set(list, key, after)
    if (change === undefined) return
    this.#reads.touch(`all ${list}`)
    this.#reads.touch(`${list} ${key}`)
    changeDestinations(this, change)
    if (change.list === 'destinationRules') this.#indexSubsets(change)
    if (change.list === 'virtualServices') this.#indexVirtualService(change)
  }

  #indexSubsets({ key, before, after }: ChangeOf<'destinationRules'>): void {
    if (before === undefined) this.#came.set(key, (this.#count += 1))
    if (after === undefined) this.#came.delete(key)
    const names = (rule: DestinationRule | undefined): string[] => (rule?.spec.subsets ?? []).map(({ name }) => `${name} ${ruledAs(rule)}`)
    for (const name of names(before)) this.#subsets.remove(name, key)
    for (const name of names(after)) if (after !== undefined) this.#subsets.put(name, key, after)
    for (const name of new Set([...names(before), ...names(after)])) this.#reads.touch(`subset ${name}`)
  }

  #indexVirtualService({ key, before, after }: ChangeOf<'virtualServices'>): void {
    const delegates = (each: VirtualService | undefined): Set<string> => (each === undefined ? new Set() : delegatedBy(each))
    for (const leaf of delegates(before)) this.#delegations.remove(leaf, key)
    for (const leaf of delegates(after)) this.#delegations.put(leaf, key, undefined)
    for (const leaf of new Set([...delegates(before), ...delegates(after)])) this.#reads.touch(`delegated ${leaf}`)
    const hosts = new Set([...claimedBy(before), ...claimedBy(after)])
    const first = new Map([...hosts].map((host) => [host, this.#firstOf(host)]))
    for (const host of claimedBy(before)) this.#claims.remove(host, key)
    for (const host of claimedBy(after)) if (after !== undefined) this.#claims.put(host, key, after)
    for (const host of hosts) {
      this.#first.delete(host)
      if (this.#firstOf(host).map(claimOf).join('\n') !== first.get(host)?.map(claimOf).join('\n')) this.#reads.touch(`claims ${host}`)
    }
  }
}

function ruledAs(rule: DestinationRule | undefined): string {
  const host = rule === undefined ? '' : ruledHost(rule)
  return host.startsWith('*') ? '*' : host
}

/** All of a claim that others look at. */
function claimOf(each: VirtualService): string {
  return JSON.stringify([keyOf(each), each.metadata.creationTimestamp, each.spec.exportTo])
}

/** namespace/name of what the rules of a VirtualService delegate to. */
function delegatedBy(virtualService: VirtualService): Set<string> {
  const namespace = namespaceOf(virtualService)
  return new Set(
    (virtualService.spec.http ?? []).flatMap(({ delegate }) => (delegate === undefined ? [] : [delegateKey(delegate, namespace)]))
  )
}

function claimedBy(virtualService: VirtualService | undefined): Set<string> {
  if (virtualService?.spec.http === undefined || !gatewaysOf(virtualService).includes('mesh')) return new Set()
  return new Set((virtualService.spec.hosts ?? []).map((host) => resolveHost(host, namespaceOf(virtualService))))
}
