// From raw cumulative counters to what was counted since the look before, series by series: a new version's first failure counts, a restart
// loses nothing but what was never seen, a pod that is gone keeps what it had. Never take differences of a sum over pods, nor rate(): it
// extrapolates to the edges of its window and misses the first increase of a series that was not there before.

import type { Millis } from '../std/clock.ts'

/** One cumulative counter at an instant. */
export interface Series {
  /** Its name and labels, in any spelling that stays the same. */
  readonly key: string
  /** The process that counts: when it restarts, its counters begin at 0. */
  readonly process: string
  readonly value: number
}

/** Counters as last seen. */
export interface Baseline {
  readonly at: Millis
  readonly counters: ReadonlyMap<string, Counter>
}

interface Counter {
  readonly process: string
  readonly value: number
  readonly seenAt: Millis
}

/** What each series counted since the baseline; series that did not count are left out. */
export interface Increase {
  readonly counted: ReadonlyMap<string, number>
  readonly baseline: Baseline
}

// As long as a counter that is gone is remembered: a scrape may miss a process that comes back.
const REMEMBERED: Millis = 600_000

/** No counters yet: what is seen first is where counting begins. */
export const NO_BASELINE: Baseline = { at: -Infinity, counters: new Map() }

/**
 * What has been counted between `before` and `at`: by a process that is known, a series that was not there before from 0 on; what is seen of one
 * that is not known is where its counting begins. Values that are not finite or below 0 are not read.
 */
export function increaseSince(before: Baseline, series: readonly Series[], at: Millis): Increase {
  const counters = new Map([...before.counters].filter(([, { seenAt }]) => at - seenAt < REMEMBERED))
  const known = new Set([...counters.values()].map(({ process }) => process))
  const counted = new Map<string, number>()
  for (const { key, process, value } of series) {
    if (!Number.isFinite(value) || value < 0) continue
    const last = counters.get(key)?.value ?? (known.has(process) ? 0 : value)
    const more = last > value ? value : value - last
    if (more > 0) counted.set(key, more)
    counters.set(key, { process, value, seenAt: at })
  }
  return { counted, baseline: { at, counters } }
}
