// The hosts of the mesh, kept while what they are made from stays: a Service or ServiceEntry is read again when it, its slices, its pods or
// the names it stands for change, and others hear of it only when they would see a difference.

import type { ServiceEntry } from '../api/istio-service-entry.ts'
import type { WorkloadEntry } from '../api/istio-workload-entry.ts'
import { sameJson } from '../std/json.ts'
import { Groups, type Reads, Tally } from '../std/reads.ts'
import { entryHosts, joinEntries, namesOf } from './entry-hosts.ts'
import { byAge, isVisible, keyOf, namespaceOf } from './mesh-config.ts'
import type { MeshEndpointSlice, MeshPod, MeshService } from './mesh-config.ts'
import type { Hosts, RegistryHost } from './registry.ts'
import { externalNameOf, serviceHost } from './service-hosts.ts'
import { Topology } from './topology.ts'
import { type Resolved, type Workload, selectedPods, selectedWorkloads, workloadOfEntry } from './workload-entries.ts'

/** A host and the object that says it: the older one comes first. */
interface Placed {
  readonly host: RegistryHost
  readonly source: MeshService | ServiceEntry
  /** Among the hosts of its source. */
  readonly index: number
}

/** What changed for those who look: names of hosts, and domains (names and addresses) by which they are called. */
export interface HostChanges {
  readonly names: Set<string>
  readonly domains: Set<string>
}

/** Owns the hosts and what they are made from. Cells: `host NAME` for all but endpoints, `members NAME` for those. */
export class LiveHosts implements Hosts {
  readonly #reads: Reads
  readonly #services = new Map<string, MeshService>()
  readonly #entries = new Map<string, ServiceEntry>()
  readonly #slices = new Groups<MeshEndpointSlice>()
  readonly #pods = new Map<string, MeshPod>()
  readonly #podsAt = new Groups<MeshPod>()
  readonly #podsIn = new Groups<MeshPod>()
  readonly #workloads = new Groups<Workload>()
  /** By service. */
  readonly #serviceHosts = new Map<string, Placed>()
  readonly #entryHosts = new Map<string, readonly Placed[]>()
  /** By namespace/host: hosts of ServiceEntries before they are joined. */
  readonly #parts = new Groups<Placed>()
  /** By name. */
  readonly #named = new Groups<Placed>()
  readonly #sorted = new Map<string, readonly Placed[]>()
  readonly #addressed = new Groups<string>()
  readonly #ports = new Tally()
  readonly #names = new Tally()
  readonly #namesOf = new Map<string, readonly string[]>()
  readonly #suffixes = new Tally()
  #resolved: Resolved = {}
  #topology = new Topology({})
  #changes: HostChanges = { names: new Set(), domains: new Set() }
  /** How many Services and ServiceEntries were read. */
  made = 0

  constructor(reads: Reads) {
    this.#reads = reads
  }

  setService(key: string, after: MeshService | undefined): void {
    put(this.#services, key, after)
    this.#reads.want({ kind: 'service', key })
  }

  setEntry(key: string, after: ServiceEntry | undefined): void {
    put(this.#entries, key, after)
    this.#reads.want({ kind: 'entry', key })
  }

  setSlice(key: string, before: MeshEndpointSlice | undefined, after: MeshEndpointSlice | undefined): void {
    this.#regroup(this.#slices, { key, before, after }, (slice) => [
      `slices ${namespaceOf(slice)}/${slice.metadata.labels?.['kubernetes.io/service-name'] ?? ''}`
    ])
  }

  setPod(key: string, before: MeshPod | undefined, after: MeshPod | undefined): void {
    put(this.#pods, key, after)
    this.#reads.touch(`pod ${key}`)
    this.#regroup(this.#podsAt, { key, before, after }, ({ status }) => (status?.podIP ? [`pod at ${status.podIP}`] : []))
    this.#regroup(this.#podsIn, { key, before, after }, (pod) => [`pods ${namespaceOf(pod)}`])
  }

  setWorkloadEntry(key: string, before: WorkloadEntry | undefined, after: WorkloadEntry | undefined): void {
    const cell = (entry: WorkloadEntry): string => `workloads ${namespaceOf(entry)}`
    if (before !== undefined) this.#workloads.remove(cell(before), key)
    if (after !== undefined) this.#workloads.put(cell(after), key, workloadOfEntry(after))
    for (const entry of [before, after]) if (entry !== undefined) this.#reads.touch(cell(entry))
  }

  /** What names stand for now. */
  setResolved(resolved: Resolved): void {
    const before = this.#resolved
    if (before === resolved) return
    this.#resolved = resolved
    for (const name of new Set([...Object.keys(before), ...Object.keys(resolved)]))
      if (!sameJson(before[name], resolved[name])) this.#reads.touch(`name ${name}`)
  }

  /** The nodes pods are on. */
  setTopology(topology: Topology): void {
    this.#topology = topology
    for (const key of this.#services.keys()) this.#reads.want({ kind: 'service', key })
    for (const key of this.#entries.keys()) this.#reads.want({ kind: 'entry', key })
  }

  /** Reads again what is out of date; gives what changed since the last time. */
  update(): HostChanges {
    for (const key of this.#reads.stale('service')) this.#updateService(key)
    for (const key of this.#reads.stale('entry')) this.#updateEntry(key)
    const changes = this.#changes
    this.#changes = { names: new Set(), domains: new Set() }
    return changes
  }

  /** Names that have to be looked up. */
  namesToResolve(): string[] {
    return this.#names.names().toSorted()
  }

  /** Ports that carry HTTP. */
  httpPorts(): number[] {
    return this.#ports.names().map(Number)
  }

  get(name: string): RegistryHost | undefined {
    this.#reads.note(`host ${name}`)
    return this.#of(name)[0]?.host
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  seenFrom(name: string, namespace: string): RegistryHost | undefined {
    this.#reads.note(`host ${name}`)
    const seen = this.#of(name).filter(({ host }) => isVisible(host.exportTo, host.namespace, namespace))
    return (seen.find(({ host }) => host.namespace === namespace) ?? seen[0])?.host
  }

  /** Says that the endpoints of a host are looked at. */
  noteMembers(name: string): void {
    this.#reads.note(`members ${name}`)
  }

  /** Namespaces whose callers may see another host under the name, or none, than callers outside any namespace. */
  viewersOf(name: string): string[] {
    this.#reads.note(`host ${name}`)
    const all = this.#of(name)
    if (all.length < 2 && (all[0]?.host.exportTo ?? []).length === 0) return []
    return all.flatMap(({ host }) => [host.namespace, ...(host.exportTo ?? [])])
  }

  /** Hosts that are called by a domain, as their name or address, in the order in which they win; each is the first of its name for somebody. */
  calledBy(domain: string): readonly RegistryHost[] {
    this.#reads.note(`called ${domain}`)
    this.#reads.note(`host ${domain}`)
    const names = new Set([domain, ...this.#addressed.of(domain).values()])
    return this.#inOrder(names)
      .flat()
      .flatMap(({ host }) => (host.host === domain || host.addresses.includes(domain) ? [host] : []))
  }

  /** Of some names the host that wins. */
  firstOf(names: Iterable<string>): RegistryHost | undefined {
    return this.#inOrder(new Set(names))[0]?.[0]?.host
  }

  /** A name stands where the first host of it stands. */
  #inOrder(names: ReadonlySet<string>): (readonly Placed[])[] {
    for (const name of names) this.#reads.note(`host ${name}`)
    const groups = [...names].map((name) => this.#of(name)).filter(([first]) => first !== undefined)
    return groups.length < 2 ? groups : groups.toSorted(([a], [b]) => (a === undefined || b === undefined ? 0 : inOrder(a, b)))
  }

  /** Whether a wildcard covers any host. */
  isCovered(pattern: string): boolean {
    this.#reads.note(`suffix ${pattern}`)
    return pattern === '*' ? !this.#named.names().next().done : this.#suffixes.has(pattern.slice(1)) || this.#named.has(pattern)
  }

  #of(name: string): readonly Placed[] {
    let sorted = this.#sorted.get(name)
    if (sorted === undefined) {
      sorted = [...this.#named.of(name).values()].toSorted(inOrder)
      if (sorted.length > 0) this.#sorted.set(name, sorted)
    }
    return sorted
  }

  #updateService(key: string): void {
    const service = this.#services.get(key)
    const before = this.#serviceHosts.get(key)
    if (service === undefined) {
      this.#reads.drop({ kind: 'service', key })
      this.#serviceHosts.delete(key)
      this.#asks(`service ${key}`, [])
      if (before !== undefined) this.#place(before.host.host, `service ${key}`, undefined)
      return
    }
    this.made += 1
    const host = this.#reads.run({ kind: 'service', key }, () => {
      const names = externalNameOf(service)
      this.#asks(`service ${key}`, names)
      return serviceHost(service, {
        resolved: this.#resolved,
        workloads: this,
        topology: this.#topology,
        slices: this.#sliceList(key),
        findPod: (namespace, name, address) => this.#findPod(namespace, name, address)
      })
    })
    const placed: Placed = { host, source: service, index: 0 }
    this.#serviceHosts.set(key, placed)
    this.#place(host.host, `service ${key}`, placed)
  }

  #sliceList(key: string): MeshEndpointSlice[] {
    this.#reads.note(`slices ${key}`)
    return [...this.#slices.of(`slices ${key}`).values()].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  }

  #findPod(namespace: string, name: string | undefined, address: string): MeshPod | undefined {
    if (name !== undefined) {
      this.#reads.note(`pod ${namespace}/${name}`)
      const pod = this.#pods.get(`${namespace}/${name}`)
      if (pod !== undefined) return pod
    }
    this.#reads.note(`pod at ${address}`)
    return [...this.#podsAt.of(`pod at ${address}`).values()].toSorted(byAge).at(-1)
  }

  /** WorkloadEntries of the namespace that have all the labels. */
  entries(namespace: string, labels: Readonly<Record<string, string>> | undefined): Workload[] {
    this.#reads.note(`workloads ${namespace}`)
    return selectedWorkloads(sortedValues(this.#workloads.of(`workloads ${namespace}`)), labels)
  }

  /** The same, and pods. */
  selected(namespace: string, labels: Readonly<Record<string, string>> | undefined): Workload[] {
    this.#reads.note(`pods ${namespace}`)
    const pods = sortedValues(this.#podsIn.of(`pods ${namespace}`))
    return [...this.entries(namespace, labels), ...selectedPods(pods, labels, this.#topology)]
  }

  #updateEntry(key: string): void {
    const entry = this.#entries.get(key)
    const before = this.#entryHosts.get(key) ?? []
    if (entry === undefined) {
      this.#reads.drop({ kind: 'entry', key })
      this.#entryHosts.delete(key)
      this.#asks(`entry ${key}`, [])
    } else {
      this.made += 1
      const sources = {
        workloads: { all: (...asked: Parameters<LiveHosts['selected']>) => this.selected(...asked) },
        resolved: this.#resolved
      }
      const hosts = this.#reads.run({ kind: 'entry', key }, () => {
        this.#asks(`entry ${key}`, namesOf(entry, sources.workloads))
        return entryHosts(entry, sources)
      })
      this.#entryHosts.set(
        key,
        hosts.map((host, index): Placed => ({ host, source: entry, index }))
      )
    }
    const joined = new Set<string>()
    for (const { host, index } of before) {
      joined.add(`${host.namespace}/${host.host}`)
      this.#parts.remove(`${host.namespace}/${host.host}`, `${key}#${index}`)
    }
    for (const placed of this.#entryHosts.get(key) ?? []) {
      const { host, index } = placed
      joined.add(`${host.namespace}/${host.host}`)
      this.#parts.put(`${host.namespace}/${host.host}`, `${key}#${index}`, placed)
    }
    for (const part of joined) this.#join(part)
  }

  /** The oldest says where the host stands; the others add to it. */
  #join(part: string): void {
    const [first, ...others] = [...this.#parts.of(part).values()].toSorted(inOrder)
    const name = part.slice(part.indexOf('/') + 1)
    const joined =
      first === undefined ? undefined : { ...first, host: others.reduce((host, other) => joinEntries(host, other.host), first.host) }
    this.#place(name, `entry ${part}`, joined)
  }

  /** The names that a unit stands for: it is read again when an answer for one of them changes. */
  #asks(unit: string, names: readonly string[]): void {
    for (const name of names) this.#reads.note(`name ${name}`)
    this.#names.move(this.#namesOf.get(unit) ?? [], names)
    put(this.#namesOf, unit, names.length === 0 ? undefined : names)
  }

  #place(name: string, owner: string, after: Placed | undefined): void {
    const before = this.#named.of(name).get(owner)
    if (after === undefined) this.#named.remove(name, owner)
    else this.#named.put(name, owner, after)
    this.#sorted.delete(name)
    if (!sameShape(before, after)) this.#tellShape(name, before?.host, after?.host)
    if (before === undefined || after === undefined || !sameMembers(before.host, after.host)) {
      this.#changes.names.add(name)
      this.#reads.touch(`members ${name}`)
    }
  }

  #tellShape(name: string, before: RegistryHost | undefined, after: RegistryHost | undefined): void {
    this.#reads.touch(`host ${name}`)
    this.#changes.names.add(name)
    this.#changes.domains.add(name)
    this.#ports.move(before === undefined ? [] : httpPortsOf(before), after === undefined ? [] : httpPortsOf(after))
    const suffixes = (host: RegistryHost | undefined): string[] => (host === undefined ? [] : suffixesOf(host.host))
    for (const suffix of [...suffixes(before), ...suffixes(after)]) this.#reads.touch(`suffix *${suffix}`)
    this.#suffixes.move(suffixes(before), suffixes(after))
    this.#reads.touch('suffix *')
    this.#readdress(name, before, after)
  }

  #readdress(name: string, before: RegistryHost | undefined, after: RegistryHost | undefined): void {
    const [old, now] = [before?.addresses ?? [], after?.addresses ?? []]
    for (const address of old) this.#addressed.remove(address, ownerOf(before))
    for (const address of now) this.#addressed.put(address, ownerOf(after), name)
    for (const address of [...old, ...now]) {
      this.#reads.touch(`called ${address}`)
      this.#changes.domains.add(address)
    }
  }

  #regroup<T>(groups: Groups<T>, change: Change<T>, cellsOf: (value: T) => readonly string[]): void {
    const { key, before, after } = change
    const [old, now] = [before, after].map((value) => (value === undefined ? [] : cellsOf(value)))
    for (const cell of old ?? []) groups.remove(cell, key)
    for (const cell of now ?? []) if (after !== undefined) groups.put(cell, key, after)
    for (const cell of new Set([...(old ?? []), ...(now ?? [])])) this.#reads.touch(cell)
  }
}

function ownerOf(host: RegistryHost | undefined): string {
  return `${host?.namespace} ${host?.origin} ${host?.host}`
}

interface Change<T> {
  readonly key: string
  readonly before: T | undefined
  readonly after: T | undefined
}

function put<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}

function sortedValues<T>(group: ReadonlyMap<string, T>): T[] {
  return [...group].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}

/** Services before ServiceEntries, then the older. */
function inOrder(a: Placed, b: Placed): number {
  if (a.host.origin !== b.host.origin) return a.host.origin === 'service' ? -1 : 1
  return byAge(a.source, b.source) || a.index - b.index
}

function httpPortsOf({ ports }: RegistryHost): string[] {
  return ports.flatMap(({ number, http }) => (http ? [String(number)] : []))
}

/** `.b.c` and `.c` of `a.b.c`. */
function suffixesOf(host: string): string[] {
  const found: string[] = []
  for (let at = host.indexOf('.', 1); at >= 0; at = host.indexOf('.', at + 1)) found.push(host.slice(at))
  return found
}

function sameShape(a: Placed | undefined, b: Placed | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  if (a.source.metadata.creationTimestamp !== b.source.metadata.creationTimestamp || a.index !== b.index) return false
  return sameJson({ ...a.host, ports: a.host.ports.map(bare) }, { ...b.host, ports: b.host.ports.map(bare) })
}

function bare(port: RegistryHost['ports'][number]): object {
  return { ...port, endpoints: undefined }
}

function sameMembers(a: RegistryHost, b: RegistryHost): boolean {
  return sameJson(
    a.ports.map(({ endpoints }) => endpoints),
    b.ports.map(({ endpoints }) => endpoints)
  )
}
