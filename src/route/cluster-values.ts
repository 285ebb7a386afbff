// A cluster's counts as people read them: Envoy's names with their values, those included that follow from the cluster's endpoints and
// limits and are not counted by anybody (istio.md 2.6, 6.2).

import { CLUSTER_COUNTERS, CLUSTER_GAUGES } from './cluster-stats.ts'
import type { ClusterState } from './router.ts'

/**
 * Every stat of one cluster, without the `cluster.<name>.` before it. Counters of codes are there once such an answer came, and those of
 * classes likewise, as in Envoy. An endpoint is unhealthy while it is ejected; nothing else makes it so here.
 */
export function clusterValues({ cluster, stats }: Pick<ClusterState, 'cluster' | 'stats'>): Map<string, number> {
  const values = new Map<string, number>()
  for (const name of CLUSTER_COUNTERS) {
    const value = stats.read(name)
    if (value > 0 || !CLASS.test(name)) values.set(name, value)
  }
  for (const [status, count] of stats.codes()) values.set(`upstream_rq_${status}`, count)
  for (const name of CLUSTER_GAUGES) if (name !== 'upstream_rq_retry_active') values.set(name, stats.read(name))
  const members = cluster.endpoints.length
  values.set('membership_total', members)
  values.set('membership_healthy', members - stats.read('outlier_detection.ejections_active'))
  values.set('membership_degraded', 0)
  values.set('membership_excluded', 0)
  const breakers = [
    ['cx', 'cx', cluster.maxConnections, stats.read('upstream_cx_active')],
    ['rq_pending', 'pending', cluster.maxPendingRequests, stats.read('upstream_rq_pending_active')],
    ['rq', 'rq', cluster.maxRequests, stats.read('upstream_rq_active')],
    ['rq_retry', 'retries', cluster.maxRetries, stats.read('upstream_rq_retry_active')]
  ] as const
  for (const [open, remaining, most, taken] of breakers) {
    values.set(`circuit_breakers.default.${open}_open`, taken >= most ? 1 : 0)
    values.set(`circuit_breakers.default.remaining_${remaining}`, Math.max(0, most - taken))
  }
  return values
}

/** Whether a name of clusterValues is what is so now, not a counter. */
export function isClusterGauge(name: string): boolean {
  return GAUGES.has(name) || name.startsWith('circuit_breakers.')
}

const GAUGES: ReadonlySet<string> = new Set([
  ...CLUSTER_GAUGES,
  'membership_total',
  'membership_healthy',
  'membership_degraded',
  'membership_excluded'
])

const CLASS = /^upstream_rq_[1-5]xx$/
