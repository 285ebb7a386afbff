// Series of points from providers, and which value of them speaks for now: the newest one that is a number, unless it is too old. Flagger
// takes the oldest one of some providers and the newest of others (flagger.md 4.4).

import type { Millis } from '../std/clock.ts'
import {
  badAddress,
  credentialsOf,
  type Misconfigured,
  numberOf,
  type ProviderQuery,
  type ProviderReading,
  type ProviderWorld,
  stale,
  urlOf
} from './provider-call.ts'

/** A value and when it was taken. */
export interface Point {
  readonly at: Millis
  readonly value: unknown
}

const LATE: Millis = 600_000

/** The span of time that is asked for. */
export interface Window {
  readonly from: Millis
  readonly to: Millis
}

/** The check's window, ten times: what Flagger asks such providers for, so that one late point is still in it. */
export function windowOf(interval: Millis, now: Millis): Window {
  return { from: now - 10 * interval, to: now }
}

/** A provider with what it is asked with: the entries of its Secret, the window, its URL, and what counts as new enough. */
export interface Approach<K extends string> {
  readonly kind: 'there'
  readonly keys: Readonly<Record<K, string>>
  readonly url: URL
  readonly terms: { readonly now: Millis; readonly oldest: Millis }
}

/** Where to ask. */
export interface Place {
  readonly address: string | undefined
  readonly path: string
  readonly parameters?: Readonly<Record<string, string>>
}

/** What a query takes that needs these entries of the Secret, or what is missing. */
export function approach<K extends string>(
  asked: ProviderQuery,
  { clock }: ProviderWorld,
  names: readonly K[],
  placeOf: (keys: Readonly<Record<K, string>>, window: Window) => Place
): Approach<K> | Misconfigured {
  const found = credentialsOf(asked, ...names)
  if (found.kind !== 'there') return found
  const now = clock.now()
  const window = windowOf(asked.interval, now)
  const { address, path, parameters } = placeOf(found.values, window)
  const url = urlOf(address ?? '', path, parameters)
  if (url === undefined) return badAddress(address)
  return { kind: 'there', keys: found.values, url, terms: { now, oldest: window.to - window.from } }
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
