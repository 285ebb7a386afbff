// Envoy's stats of the embedded mesh as one list: of every cluster in force, called or not, of listeners and filters, and of the process.
// All proxies of the mesh are the same workers here: a pod's istio-proxy shows what all pods together did.

import type { Stat } from '../metrics/stats-text.ts'
import type { MeshStats } from '../proxy/mesh-stats.ts'
import { PASSTHROUGH } from '../proxy/passthrough.ts'
import { ClusterStats } from '../route/cluster-stats.ts'
import { clusterValues, isClusterGauge } from '../route/cluster-values.ts'
import type { Cluster, RouteTable } from '../route/route-table.ts'
import { PLAIN_SETTINGS } from '../route/plain.ts'
import type { Millis } from '../std/clock.ts'

/** What is shown. */
export interface MeshCounts {
  readonly stats: MeshStats
  /** The rules in force. */
  readonly table: RouteTable
  /** Processes of the data plane: each has the limits of a cluster for itself. */
  readonly workers: number
  /** How long the instance has been up. */
  readonly uptime: Millis
}

/** Every stat, clusters that nobody called with zeros, or `used` ones alone. */
export function listStats({ stats, table, workers, uptime }: MeshCounts, which: 'all' | 'used' = 'all'): Stat[] {
  const used = stats.clusters()
  const clusters: Readonly<Record<string, Cluster>> = { ...table.clusters, ...(used.has(PASSTHROUGH) ? { [PASSTHROUGH]: OUTSIDE } : {}) }
  const list: Stat[] = [
    gauge('server.live', 1),
    gauge('server.state', 0),
    gauge('server.concurrency', workers),
    gauge('server.uptime', Math.floor(uptime / 1000)),
    gauge('cluster_manager.active_clusters', Object.keys(table.clusters).length)
  ]
  for (const cluster of Object.values(clusters)) {
    const counts = used.get(cluster.id)
    if (counts === undefined && which === 'used') continue
    for (const [name, value] of clusterValues({ cluster, stats: counts ?? new ClusterStats() }))
      list.push({ cluster: cluster.id, name, type: isClusterGauge(name) ? 'gauge' : 'counter', value })
  }
  for (const [name, value] of stats.counters())
    list.push({ cluster: undefined, name, type: name.endsWith('_active') ? 'gauge' : 'counter', value })
  return list
}

const UNKNOWN = { host: 'unknown', namespace: 'unknown', port: 0, subset: undefined, endpoints: [] }
const OUTSIDE: Cluster = { ...PLAIN_SETTINGS, ...UNKNOWN, id: PASSTHROUGH, serviceName: PASSTHROUGH }

function gauge(name: string, value: number): Stat {
  return { cluster: undefined, name, type: 'gauge', value }
}
