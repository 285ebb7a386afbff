// Which VirtualServices have which hosts on which ports of gateways. Gateways are few and looked at together; VirtualServices one at a time.

import type { Gateway } from '../api/istio-gateway.ts'
import { Groups, type Reads } from '../std/reads.ts'
import { carriesBytes } from './check-rules.ts'
import { type Bound, boundServers, hostsOf, redirectedHosts } from './compile-gateways.ts'
import { type LiveRuleSets, type PlacedRules, hasStreams } from './live-rule-sets.ts'
import { byAge, isVisible } from './mesh-config.ts'

/**
 * Owns who meets where. Cells: `meet PORT|HOST`, `gateways` for the servers, and `streams` for rules of bytes. Units of kind `gateway` have
 * the first as their keys, those of kind `stream` ports.
 */
export class GatewayIndex {
  readonly #reads: Reads
  readonly #ruleSets: LiveRuleSets
  readonly #namespace: string
  #ports: ReadonlyMap<number, readonly Bound[]> = new Map()
  #streams: ReadonlyMap<number, readonly Bound[]> = new Map()
  /** Keys of rule sets that say something of bytes at gateways. */
  readonly #streamRules = new Set<string>()
  readonly #meetings = new Groups<undefined>()
  readonly #keys = new Map<string, readonly string[]>()

  /** `namespace`: the gateway's pod's, which sees what is exported to it. */
  constructor(reads: Reads, ruleSets: LiveRuleSets, namespace: string) {
    this.#reads = reads
    this.#ruleSets = ruleSets
    this.#namespace = namespace
  }

  /** Ports that are served, each with its servers in the order in which they win. */
  get ports(): ReadonlyMap<number, readonly Bound[]> {
    return this.#ports
  }

  /** Ports that are served for bytes, and not for HTTP. */
  streamPorts(): number[] {
    return [...this.#streams.keys()]
  }

  /** All Gateways anew. */
  setGateways(gateways: readonly Gateway[], labels: Readonly<Record<string, string>> | undefined): void {
    const bound = boundServers(gateways, labels)
    this.#ports = new Map([...Map.groupBy(bound, ({ server }) => server.port.number)].toSorted(([a], [b]) => a - b))
    this.#setStreams(boundServers(gateways, labels, carriesBytes))
    this.#reads.touch('gateways')
    const redirected = [...this.#ports].flatMap(([port, servers]) =>
      servers.flatMap((each) => redirectedHosts(each).map((host) => `${port}|${host}`))
    )
    this.#move('', redirected)
    for (const key of this.#ruleSets.keys()) this.setRules(key)
  }

  #setStreams(bound: readonly Bound[]): void {
    const before = this.#streams
    const free = bound.filter(({ server }) => !this.#ports.has(server.port.number))
    this.#streams = Map.groupBy(free, ({ server }) => server.port.number)
    for (const port of new Set([...before.keys(), ...this.#streams.keys()])) this.#reads.want({ kind: 'stream', key: String(port) })
  }

  /** A rule set came, went or changed. */
  setRules(key: string): void {
    const set = this.#ruleSets.get(key)
    const found = new Set<string>()
    const isSeen = set?.gateways.some((name) => name !== 'mesh') === true && isVisible(set.exportTo, set.namespace, this.#namespace)
    const streams = isSeen && hasStreams(set)
    if (streams || this.#streamRules.has(key)) this.#reads.touch('streams')
    if (streams) this.#streamRules.add(key)
    else this.#streamRules.delete(key)
    if (isSeen && set.http) {
      for (const [port, servers] of this.#ports)
        for (const bound of servers) for (const host of hostsOf(bound, set)) found.add(`${port}|${host}`)
    }
    this.#move(key, [...found])
  }

  /** What meets at a key: the servers of the port, and the rule sets that have the host there, oldest first. Undefined: nothing. */
  at(
    key: string
  ): { readonly port: number; readonly host: string; readonly bound: readonly Bound[]; readonly sets: PlacedRules[] } | undefined {
    this.#reads.note(`meet ${key}`)
    this.#reads.note('gateways')
    if (!this.#meetings.has(key)) return undefined
    const port = Number(key.slice(0, key.indexOf('|')))
    const owners = [...this.#meetings.of(key).keys()]
    const sets = owners
      .flatMap((owner) => (owner === '' ? [] : (this.#ruleSets.get(owner) ?? [])))
      .toSorted((a, b) => byAge(a.source, b.source))
    return { port, host: key.slice(key.indexOf('|') + 1), bound: this.#ports.get(port) ?? [], sets }
  }

  /** What meets at a port for bytes, in the same way. */
  streamAt(port: number): { readonly port: number; readonly bound: readonly Bound[]; readonly sets: PlacedRules[] } | undefined {
    this.#reads.note('streams')
    this.#reads.note('gateways')
    const bound = this.#streams.get(port)
    if (bound === undefined) return undefined
    const sets = [...this.#streamRules].flatMap((key) => this.#ruleSets.get(key) ?? []).toSorted((a, b) => byAge(a.source, b.source))
    return { port, bound, sets }
  }

  #move(owner: string, after: readonly string[]): void {
    const before = this.#keys.get(owner) ?? []
    if (after.length === 0) this.#keys.delete(owner)
    else this.#keys.set(owner, after)
    const kept = new Set(after)
    for (const key of before) {
      if (kept.delete(key)) continue
      this.#meetings.remove(key, owner)
      this.#tell(key)
    }
    for (const key of kept) {
      this.#meetings.put(key, owner, undefined)
      this.#tell(key)
    }
  }

  #tell(key: string): void {
    this.#reads.touch(`meet ${key}`)
    this.#reads.want({ kind: 'gateway', key })
  }
}
