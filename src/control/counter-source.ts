// The CounterSource port: where the gate gets the raw counters of both versions from, at one instant. The registry of the embedded mesh
// serves it, and a Prometheus.

import type { CounterQuery, CountersRead, Served, ServiceName } from '../gate/served.ts'
import type { Millis } from '../std/clock.ts'

/** Counters of both versions; or why there are none. */
export type CounterReading = CountersRead | { readonly kind: 'down'; readonly because: string }

/** Reads counters. */
export interface CounterSource {
  /** Upper edges of the buckets, milliseconds. */
  readonly edges: readonly Millis[]
  /** How often it is looked at where nobody says. */
  readonly interval: Millis
  /** How often counters are new: looking more often shows nothing. */
  readonly finest: Millis
  read(query: CounterQuery, signal: AbortSignal): Promise<CounterReading>
  /** What a Service served before, in slices of about `interval`, oldest first; empty where nobody knows. */
  history(service: ServiceName, signal: AbortSignal): Promise<readonly Served[]>
}
