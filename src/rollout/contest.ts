// How often routes that others change are put right: at once, until somebody answers each time; then once an interval, so that two writers
// who each know better do not write for ever. Pure.

import type { Millis } from '../std/clock.ts'

/** What was put right lately, oldest first, and whether somebody answers. Losing it costs a few writes. */
export interface Contest {
  readonly corrected: readonly Millis[]
  readonly contested: boolean
  /** When a contest was told last. */
  readonly told?: Millis
  /** When it was told last of other objects, by their names. */
  readonly others?: Readonly<Record<string, Millis>>
}

export const NO_CONTEST: Contest = { corrected: [], contested: false }

/** Put right as often within one interval: the next change is somebody's answer. */
const QUICK = 3
/** Requests go where they must not: that is put right more often than once an interval. */
const URGENT: Millis = 1000

/** What to do: put it right, leave it for now (until `wake` from now), or nothing. */
export type Verdict =
  | { readonly kind: 'quiet'; readonly contest: Contest }
  | { readonly kind: 'correct'; readonly contest: Contest }
  | { readonly kind: 'withhold'; readonly contest: Contest; readonly wake: Millis }

/** What is looked at. `urgent`: the canary gets requests that it must not get. */
export interface Contended {
  readonly drifted: 'by others' | 'no'
  readonly urgent: boolean
  readonly interval: Millis
  readonly now: Millis
}

/** What to do about routes now. A contest ends once they were left alone for an interval. */
export function judgeContest(before: Contest, { drifted, urgent, interval, now }: Contended): Verdict {
  const { corrected, contested } = before
  const recent = corrected.filter((at) => now - at < interval)
  const last = corrected.at(-1) ?? -Infinity
  if (drifted === 'no') return { kind: 'quiet', contest: { ...before, corrected: recent, contested: contested && now - last < interval } }
  const answered = contested || recent.length >= QUICK
  const pause = urgent ? Math.min(URGENT, interval) : interval
  if (answered && now - last < pause)
    return { kind: 'withhold', contest: { ...before, corrected: recent, contested: true }, wake: last + pause - now }
  return { kind: 'correct', contest: { ...before, corrected: [...recent, now].slice(-QUICK), contested: answered } }
}
