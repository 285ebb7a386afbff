// The registry as the rollout controller's metric source: the same questions that Flagger's built-in queries ask of Prometheus, answered
// from the counts of the embedded mesh. Needs samples in the history at least as often as intervals are short.

import type { Millis } from '../std/clock.ts'
import { quantile } from './buckets.ts'
import type { WorkloadHistory } from './workload-history.ts'

/** A number, or no requests in the interval. */
export type RegistryMeasurement = { readonly kind: 'value'; readonly value: number } | { readonly kind: 'no-data' }

/** Reads a WorkloadHistory; always available, as it is in the same process. */
export class RegistrySource {
  readonly #history: WorkloadHistory

  constructor(history: WorkloadHistory) {
    this.#history = history
  }

  available(): Promise<{ readonly kind: 'up' }> {
    return Promise.resolve({ kind: 'up' })
  }

  /** Percent of responses that are not 5xx; 0 when none succeeded. */
  successRate(workload: { readonly namespace: string; readonly name: string }, interval: Millis): Promise<RegistryMeasurement> {
    const { total, failures } = this.#history.over(`${workload.namespace}/${workload.name}`, interval)
    return Promise.resolve(total === 0 ? { kind: 'no-data' } : { kind: 'value', value: (100 * (total - failures)) / total })
  }

  /** Quantile of the durations in ms, as histogram_quantile reads it from Istio's buckets. */
  duration(workload: { readonly namespace: string; readonly name: string }, interval: Millis, q: number): Promise<RegistryMeasurement> {
    const value = quantile(q, this.#history.over(`${workload.namespace}/${workload.name}`, interval).buckets)
    return Promise.resolve(value === undefined ? { kind: 'no-data' } : { kind: 'value', value })
  }
}
