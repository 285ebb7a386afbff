// A stream of somebody else's counters: events of both versions, and the bad ones among them, whatever they are (orders, messages, answers of
// a model). From raw samples to one look, when both versions have been counted anew: scrapes of different pods are at different times, and
// a look that has one version's events alone would lay a failure of both at the door of the one that was counted first.

import type { Millis } from '../std/clock.ts'
import type { Look } from './half-plane.ts'
import { type Baseline, increaseSince, NO_BASELINE, type Series } from './increments.ts'

/** The counters of one version. */
export interface CountedSide {
  /** The time of the newest sample of all events; -Infinity when there are none. */
  readonly at: Millis
  readonly total: readonly Series[]
  readonly bad: readonly Series[]
}

/** The counters of both versions. */
export interface CountedPair {
  readonly canary: CountedSide
  readonly stable: CountedSide
}

/** Counters as they were at the last look. */
export interface CountedBaseline {
  readonly counters: Baseline
  readonly canaryAt: Millis
  readonly stableAt: Millis
  /** Bad ones of that look beyond all of its events: those are of a scrape that was read a moment before. */
  readonly ahead: { readonly canary: number; readonly stable: number }
}

/** What has been counted since the last look; undefined look: nothing to compare yet. */
export interface CountedLook {
  readonly look: Look | undefined
  /** The earliest instant that a count of it may be of. */
  readonly since: Millis
  readonly baseline: CountedBaseline
}

const NONE_AHEAD = { canary: 0, stable: 0 }

export const NO_COUNTED: CountedBaseline = { counters: NO_BASELINE, canaryAt: -Infinity, stableAt: -Infinity, ahead: NONE_AHEAD }

/** One look, where both versions have newer samples than `before`; else what was counted waits for the next one. */
export function countedSince(before: CountedBaseline, { canary, stable }: CountedPair): CountedLook {
  const since = Math.min(before.canaryAt, before.stableAt)
  if (canary.at <= before.canaryAt || stable.at <= before.stableAt) return { look: undefined, since, baseline: before }
  const sides = [...seriesOf('canary', canary), ...seriesOf('stable', stable)]
  const { counted, baseline: counters } = increaseSince(before.counters, sides, Math.max(canary.at, stable.at))
  const baseline = { counters, canaryAt: canary.at, stableAt: stable.at, ahead: NONE_AHEAD }
  if (since === -Infinity) return { look: undefined, since, baseline }
  const of = (what: string): number => {
    let sum = 0
    for (const [key, more] of counted) if (key.startsWith(what)) sum += more
    return sum
  }
  const [ofCanary, ofStable] = [
    badOf(of(CANARY_TOTAL), of('canary bad '), before.ahead.canary),
    badOf(of(STABLE_TOTAL), of('stable bad '), before.ahead.stable)
  ]
  return {
    look: { canaryRequests: of(CANARY_TOTAL), canaryBad: ofCanary.bad, stableRequests: of(STABLE_TOTAL), stableBad: ofStable.bad },
    since,
    baseline: { ...baseline, ahead: { canary: ofCanary.ahead, stable: ofStable.ahead } }
  }
}

// All events and the bad ones are read apart: between the two there may be a scrape, whose bad ones wait for one look.
function badOf(all: number, bad: number, ahead: number): { readonly bad: number; readonly ahead: number } {
  const now = Math.min(all, ahead + bad)
  return { bad: now, ahead: Math.min(bad, ahead + bad - now) }
}

const [CANARY_TOTAL, STABLE_TOTAL] = ['canary total ', 'stable total ']

function seriesOf(version: string, { total, bad }: CountedSide): readonly Series[] {
  const named = (what: string, all: readonly Series[]): readonly Series[] =>
    all.map(({ key, process, value }) => ({ key: `${version} ${what} ${key}`, process: `${version} ${process}`, value }))
  return [...named('total', total), ...named('bad', bad)]
}
