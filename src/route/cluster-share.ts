// A cluster's limits are those of one proxy; several workers that are one proxy together have a share each. Shares add up to the limit, but
// that no worker's is zero: with more workers than the limit the sum is the number of workers.

import { UNLIMITED } from './plain.ts'
import type { Cluster } from './route-table.ts'

/** Which of how many workers, from 0. */
export interface WorkerShare {
  readonly index: number
  readonly count: number
}

/** The cluster as this worker limits it. */
export function shareOfCluster(cluster: Cluster, { index, count }: WorkerShare): Cluster {
  if (count === 1) return cluster
  const part = (limit: number): number =>
    limit >= UNLIMITED ? limit : Math.max(1, Math.floor(limit / count) + (index < limit % count ? 1 : 0))
  return {
    ...cluster,
    maxConnections: part(cluster.maxConnections),
    maxPendingRequests: part(cluster.maxPendingRequests),
    maxRequests: part(cluster.maxRequests),
    maxRetries: part(cluster.maxRetries)
  }
}
