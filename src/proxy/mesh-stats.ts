// Envoy's stats of the whole mesh, as the control process adds them up from its workers. Owns the last counts of each living worker and
// what the dead ones counted; gauges end with their worker, counters never fall while their cluster is there.

import { ClusterStats } from '../route/cluster-stats.ts'
import type { ClusterCounts } from '../route/cluster-stats.ts'
import type { ClusterId } from '../route/decision.ts'

/** What one worker counted under Envoy's names: everything, or what has changed since it was taken last. */
export interface WorkerStats {
  /** Those clusters that were used. */
  readonly clusters: readonly (readonly [id: ClusterId, counts: ClusterCounts])[]
  /** Endpoints that outlier detection leaves out now, `address:port` by cluster. */
  readonly ejected: Readonly<Record<ClusterId, readonly string[]>>
  /** By whole name: listeners, filters. */
  readonly counters: Readonly<Record<string, number>>
}

/** A gauge among the named counters: what a dead worker had is no more. */
const NAMED_GAUGE = /_active$/

interface Living {
  readonly clusters: Map<ClusterId, ClusterCounts>
  readonly counters: Map<string, number>
  ejected: WorkerStats['ejected']
}

/** Adds up the cumulative counts of workers. */
export class MeshStats {
  readonly #living = new Map<string, Living>()
  readonly #deadClusters = new Map<ClusterId, ClusterStats>()
  readonly #deadCounters = new Map<string, number>()

  /** Takes what has changed in a worker's run, as Registry.update does; what is ejected is told whole. */
  update(worker: string, { clusters, counters, ejected }: WorkerStats): void {
    const known: Living = this.#living.get(worker) ?? { clusters: new Map(), counters: new Map(), ejected }
    for (const [id, counts] of clusters) known.clusters.set(id, counts)
    for (const [name, value] of Object.entries(counters)) known.counters.set(name, value)
    known.ejected = ejected
    this.#living.set(worker, known)
  }

  /** Keeps what a dead worker counted last. */
  retire(worker: string): void {
    const last = this.#living.get(worker)
    if (last === undefined) return
    this.#living.delete(worker)
    for (const [id, counts] of last.clusters) absorb(this.#deadClusters, id, counts, 'counters')
    for (const [name, value] of last.counters) addTo(this.#deadCounters, name, NAMED_GAUGE.test(name) ? 0 : value)
  }

  /** A cluster is gone: one that comes under its name later begins at zero, as in its workers. */
  forget(cluster: ClusterId): void {
    this.#deadClusters.delete(cluster)
    for (const { clusters } of this.#living.values()) clusters.delete(cluster)
  }

  /** Every cluster that was used. */
  clusters(): Map<ClusterId, ClusterStats> {
    const sums = new Map<ClusterId, ClusterStats>()
    for (const [id, stats] of this.#deadClusters) absorb(sums, id, stats.counts(), 'all')
    for (const { clusters } of this.#living.values()) for (const [id, counts] of clusters) absorb(sums, id, counts, 'all')
    return sums
  }

  /** Whether any worker leaves out an endpoint of a cluster, `address:port`. */
  isEjected(cluster: ClusterId, endpoint: string): boolean {
    return [...this.#living.values()].some(({ ejected }) => ejected[cluster]?.includes(endpoint) === true)
  }

  /** Counters that belong to no cluster. */
  counters(): Map<string, number> {
    const sums = new Map(this.#deadCounters)
    for (const { counters } of this.#living.values()) for (const [name, value] of counters) addTo(sums, name, value)
    return sums
  }
}

function absorb(into: Map<ClusterId, ClusterStats>, id: ClusterId, counts: ClusterCounts, what: 'all' | 'counters'): void {
  const stats = into.get(id) ?? new ClusterStats()
  into.set(id, stats)
  stats.absorb(counts, what)
}

function addTo(into: Map<string, number>, name: string, value: number): void {
  into.set(name, (into.get(name) ?? 0) + value)
}
