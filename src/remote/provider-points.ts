// Series of points from providers, and which value of them speaks for now: the newest one that is a number, unless it is too old. Flagger
// takes the oldest one of some providers and the newest of others (flagger.md 4.4).

import type { Millis } from '../std/clock.ts'
import { numberOf, type ProviderReading, stale } from './provider-call.ts'

/** A value and when it was taken. */
export interface Point {
  readonly at: Millis
  readonly value: unknown
}

const LATE: Millis = 600_000

/** The check's window, ten times: what Flagger asks such providers for, so that one late point is still in it. */
export function windowOf(interval: Millis, now: Millis): { readonly from: Millis; readonly to: Millis } {
  return { from: now - 10 * interval, to: now }
}

/** The newest value; none, where there is no number or the newest is older than `oldest`. */
export function newestOf(points: readonly Point[], { now, oldest }: { readonly now: Millis; readonly oldest: Millis }): ProviderReading {
  const numbers = points.flatMap(({ at, value }) => {
    const number = numberOf(value)
    return number === undefined ? [] : [{ at, number }]
  })
  if (numbers.length === 0) return { kind: 'no-data' }
  const newest = numbers.reduce((best, point) => (point.at >= best.at ? point : best))
  return now - newest.at > oldest ? stale(newest.at, now) : { kind: 'value', value: newest.number }
}

/** How old a point may be where the query has a window of its own: two of its steps beside the usual delay of metrics. */
export function oldestBySteps(points: readonly Point[]): Millis {
  const times = [...new Set(points.map(({ at }) => at))].sort((a, b) => a - b)
  const [last, before] = [times.at(-1), times.at(-2)]
  return LATE + (last === undefined || before === undefined ? 0 : 2 * (last - before))
}
