// Istio's duration buckets: where a request falls, and quantiles read from them as Prometheus' histogram_quantile reads them.

import type { Millis } from '../std/clock.ts'

/** Upper edges in ms of istio_request_duration_milliseconds, +Inf left out (istio.md 6.1). */
export const DURATION_EDGES: readonly Millis[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000
]

/** Counts per bucket, not cumulative; the last is the one above every edge. */
export const BUCKET_COUNT = DURATION_EDGES.length + 1

/** Index of the bucket that holds `ms`: the first whose edge is >= ms, as `le` means it; NaN counts as above every edge. */
export function bucketOf(ms: Millis): number {
  let low = 0
  let high = DURATION_EDGES.length
  while (low < high) {
    const middle = (low + high) >>> 1
    // A NaN compares false and moves right.
    if (ms <= (DURATION_EDGES[middle] ?? Infinity)) high = middle
    else low = middle + 1
  }
  return low
}

/**
 * The q-quantile (0..1) in ms of counts per bucket of `edges`, linear inside a bucket; undefined without counts. In the last bucket the
 * answer is its lower edge, as in Prometheus.
 */
export function quantile(q: number, counts: ArrayLike<number>, edges: readonly Millis[] = DURATION_EDGES): Millis | undefined {
  let total = 0
  for (let index = 0; index < counts.length; index++) total += counts[index] ?? 0
  if (total === 0) return undefined
  const rank = q * total
  let below = 0
  for (let index = 0; index < edges.length; index++) {
    const inside = counts[index] ?? 0
    if (inside > 0 && below + inside >= rank) {
      const low = index === 0 ? 0 : (edges[index - 1] ?? 0)
      const high = edges[index] ?? 0
      return low + ((high - low) * Math.max(0, rank - below)) / inside
    }
    below += inside
  }
  return edges[edges.length - 1]
}
