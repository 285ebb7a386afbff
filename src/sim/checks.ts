// Flagger's built-in checks on simulated traffic: what a perfect Prometheus would say of the canary in the check's interval.

import type { Served } from '../gate/served.ts'
import { quantile } from '../metrics/buckets.ts'
import type { Measurement } from '../rollout/judge-metric.ts'
import type { BuiltinMetric } from '../canary/metric-checks.ts'
import type { Millis } from '../std/clock.ts'

const QUANTILE = 0.99

/** A metric of what a version served; a histogram with these edges. */
export function measured(metric: BuiltinMetric, served: Served, edges: readonly Millis[]): Measurement {
  if (served.requests === 0) return { kind: 'no-data' }
  if (metric === 'request-success-rate') return { kind: 'value', value: 100 * (1 - served.failures / served.requests) }
  const value = quantile(QUANTILE, served.buckets, edges)
  return value === undefined ? { kind: 'no-data' } : { kind: 'value', value }
}
