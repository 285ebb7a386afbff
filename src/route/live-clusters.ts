// The clusters of a table: those of every host, and those that rules lead their callers to, kept while they stay. Nobody hears of new
// endpoints but the clusters that have them.

import { Groups, type Reads } from '../std/reads.ts'
import { type ClusterSources, type Target, homeClusters, reach } from './clusters.ts'
import type { ClusterId } from './decision.ts'
import type { RuleCaller } from './destination-rules.ts'
import type { LiveHosts } from './live-hosts.ts'
import type { LiveRules } from './live-rules.ts'
import type { Cluster } from './route-table.ts'

interface Way {
  readonly target: Target
  readonly caller: RuleCaller
  id: ClusterId
}

/** Owns the clusters. Cells: `reach KEY`. Units: `home NAME`, `reach KEY`. */
export class LiveClusters {
  readonly #reads: Reads
  readonly #sources: ClusterSources & { readonly hosts: LiveHosts; readonly rules: LiveRules }
  readonly #ways = new Map<string, Way>()
  /** By id: whoever makes it makes the same. */
  readonly #made = new Groups<Cluster>()
  readonly #makes = new Map<string, readonly ClusterId[]>()
  readonly #changed = new Set<ClusterId>()
  /** How often clusters of a host or a way were made. */
  made = 0

  constructor(reads: Reads, sources: ClusterSources & { readonly hosts: LiveHosts; readonly rules: LiveRules }) {
    this.#reads = reads
    this.#sources = sources
  }

  /** The id of the cluster by which a caller reaches a target: callers whom nothing tells apart share one. */
  idOf(target: Target, caller: RuleCaller): ClusterId {
    const { hosts, rules } = this.#sources
    const special = hosts.viewersOf(target.host).includes(caller.namespace) || rules.viewersOf(target.host).includes(caller.namespace)
    const labels = Object.keys(caller.labels).length === 0 ? '' : JSON.stringify(caller.labels)
    const namespace = special ? caller.namespace : ''
    const key = `${namespace}|${target.port}|${target.subset ?? ''}|${target.host}|${labels}`
    const way = this.#ways.get(key) ?? { target, caller: { namespace, labels: caller.labels }, id: '' }
    if (!this.#ways.has(key) || this.#reads.isStale({ kind: 'reach', key })) this.#updateWay(key, way)
    this.#reads.note(`reach ${key}`)
    return way.id
  }

  /** Makes anew what is out of date; ways that lead elsewhere now are told to those who take them. `names`: hosts that came, went or changed. */
  update(names: Iterable<string>): void {
    for (const key of names) this.#reads.want({ kind: 'home', key })
    for (const key of this.#reads.stale('home')) this.#updateHome(key)
    for (const key of this.#reads.stale('reach')) {
      const way = this.#ways.get(key)
      if (way === undefined) continue
      const { id } = way
      this.#updateWay(key, way)
      if (way.id !== id) this.#reads.touch(`reach ${key}`)
    }
  }

  /** Forgets a way that nobody takes any more. */
  drop(key: string): void {
    this.#ways.delete(key)
    this.#reads.drop({ kind: 'reach', key })
    this.#give(`reach ${key}`, [])
  }

  /** The clusters that changed since this was last asked; undefined: gone. */
  takeChanged(): [id: ClusterId, cluster: Cluster | undefined][] {
    const changed = [...this.#changed].map((id): [ClusterId, Cluster | undefined] => [id, firstOf(this.#made.of(id))])
    this.#changed.clear()
    return changed
  }

  #updateHome(key: string): void {
    this.made += 1
    const clusters = this.#reads.run({ kind: 'home', key }, () => homeClusters(this.#sources, key))
    this.#give(`home ${key}`, clusters)
    if (clusters.length === 0 && this.#sources.hosts.get(key) === undefined) this.#reads.drop({ kind: 'home', key })
  }

  #updateWay(key: string, way: Way): void {
    this.made += 1
    this.#ways.set(key, way)
    const { id, cluster } = this.#reads.run({ kind: 'reach', key }, () => reach(this.#sources, way.target, way.caller))
    way.id = id
    this.#give(`reach ${key}`, cluster === undefined ? [] : [cluster])
  }

  #give(maker: string, clusters: readonly Cluster[]): void {
    for (const id of this.#makes.get(maker) ?? []) {
      this.#made.remove(id, maker)
      this.#changed.add(id)
    }
    for (const cluster of clusters) {
      this.#made.put(cluster.id, maker, cluster)
      this.#changed.add(cluster.id)
    }
    if (clusters.length === 0) this.#makes.delete(maker)
    else
      this.#makes.set(
        maker,
        clusters.map(({ id }) => id)
      )
  }
}

function firstOf(made: ReadonlyMap<string, Cluster>): Cluster | undefined {
  let first: string | undefined
  for (const maker of made.keys()) if (first === undefined || maker < first) first = maker
  return first === undefined ? undefined : made.get(first)
}
