// The MetricSource port: where the built-in checks get their numbers (flagger.md 4.1). The registry of the embedded mesh and a Prometheus
// both serve it.

import type { Measurement } from '../rollout/judge-metric.ts'
import type { Millis } from '../std/clock.ts'

/** A workload as Istio's `destination_workload` labels name it. */
export interface WorkloadName {
  readonly namespace: string
  readonly name: string
}

/** Reads what the pods of a workload were asked and answered, as they themselves report it. */
export interface MetricSource {
  /** Whether it can be asked at all. */
  available(signal: AbortSignal): Promise<{ readonly kind: 'up' } | { readonly kind: 'down'; readonly because: string }>
  /** Percent of responses in the last `interval` that are not 5xx. Traffic without a single success is 0, no traffic is no data. */
  successRate(workload: WorkloadName, interval: Millis, signal: AbortSignal): Promise<Measurement>
  /** The `quantile` (0 to 1) of response times in the last `interval`, in milliseconds. */
  duration(workload: WorkloadName, interval: Millis, quantile: number, signal: AbortSignal): Promise<Measurement>
}
