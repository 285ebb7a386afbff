// The SeriesSource port: raw counters of somebody else's, as the streams of a gate want them. `remote` asks Prometheus for them.

import type { Series } from '../gate/increments.ts'
import type { Millis } from '../std/clock.ts'
import type { QueryProvider } from './query-source.ts'

/** A selector of counters, and who is asked. */
export interface AskedSelector {
  readonly provider: QueryProvider
  readonly selector: string
}

/** Counters with the time of the newest sample, -Infinity where there are none; or why they cannot be had. */
export type SeriesReading =
  | { readonly kind: 'series'; readonly at: Millis; readonly series: readonly Series[] }
  | { readonly kind: 'down' | 'misconfigured'; readonly because: string }

/** What was counted in the minute that ends at `at`, a whole one: of all selectors the same. */
export interface Counted {
  readonly at: Millis
  readonly value: number
}

/** Reads raw counters. Nothing it says holds credentials. Rejects only with the signal's reason. */
export interface SeriesSource {
  /** The latest sample of each series. */
  latest(asked: AskedSelector, signal: AbortSignal): Promise<SeriesReading>
  /** What all of them counted in each minute of the last hours, oldest first; empty where nobody knows. */
  increases(asked: AskedSelector, signal: AbortSignal): Promise<readonly Counted[]>
}
