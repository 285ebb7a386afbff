// Long ranges of a Prometheus' series, in chunks: never more points of a series than it answers (11,000), and about as many in all as can be
// held and read at a time. Raw samples on a grid, without rate() or increase(). And the series of an answer, as others ask for them, too.

import type { Millis } from '../std/clock.ts'
import { dig, listAt, parsedJson } from '../std/json.ts'
import type { GuardedFetch } from './guarded-fetch.ts'
import { numberOf, urlOf } from './provider-call.ts'

/** Which Prometheus, and what its calls carry. */
export interface PrometheusAddress {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** A series' samples, in the order of time. */
export interface RangeSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly points: readonly { readonly at: Millis; readonly value: number }[]
}

/** What is asked for: instants from `from` on, one each `step`, none after `to`. */
export interface RangeAsk {
  readonly query: string
  readonly from: Millis
  readonly to: Millis
  readonly step: Millis
}

/** It cannot be reached, or does not answer as a Prometheus does. */
export class PrometheusFailure extends Error {
  override readonly name = 'PrometheusFailure'
}

const POINTS_MOST = 11_000
const POINTS_FIRST = 240
// Of all series together: some 10 MB of JSON.
const POINTS_WANTED = 300_000
const BODY_MAX = 64_000_000
const TIMEOUT: Millis = 60_000
const WORDS_MAX = 300

/** Reads ranges and instants of one Prometheus. Rejects with `PrometheusFailure` or the signal's reason. */
export class PrometheusRanges {
  readonly #address: PrometheusAddress
  readonly #fetch: GuardedFetch

  constructor(address: PrometheusAddress, fetch: GuardedFetch) {
    this.#address = address
    this.#fetch = fetch
  }

  /** The chunks of a range, oldest first; one without any series is an empty list. Smaller ones where one is too large to be answered. */
  async *chunks({ query, from, to, step }: RangeAsk, signal: AbortSignal): AsyncGenerator<readonly RangeSeries[]> {
    let points = POINTS_FIRST
    for (let start = from; start <= to;) {
      const end = Math.min(to, start + (points - 1) * step)
      const series = await this.#range({ query, from: start, to: end, step }, signal)
      if (series === 'too large') {
        if (points === 1) throw new PrometheusFailure(`${this.#host} has more series of ${query} than can be read at an instant`)
        points = Math.max(1, Math.floor(points / 2))
        continue
      }
      yield series
      start += points * step
      const wanted = Math.floor(POINTS_WANTED / Math.max(1, series.length))
      points = Math.min(POINTS_MOST, Math.max(1, Math.min(wanted, 4 * points)))
    }
  }

  /** The values of an instant. */
  async instant(query: string, at: Millis, signal: AbortSignal): Promise<readonly RangeSeries[]> {
    const answer = await this.#ask('/api/v1/query', { query, time: String(at / 1000) }, signal)
    if (answer === 'too large') throw new PrometheusFailure(`${this.#host} has too long an answer to ${query}`)
    return seriesIn(answer, 'value')
  }

  get #host(): string {
    return URL.parse(this.#address.url)?.host ?? this.#address.url
  }

  async #range({ query, from, to, step }: RangeAsk, signal: AbortSignal): Promise<readonly RangeSeries[] | 'too large'> {
    const parameters = { query, start: String(from / 1000), end: String(to / 1000), step: String(step / 1000) }
    const answer = await this.#ask('/api/v1/query_range', parameters, signal)
    return answer === 'too large' ? answer : seriesIn(answer, 'values')
  }

  async #ask(path: string, parameters: Readonly<Record<string, string>>, signal: AbortSignal): Promise<unknown> {
    const url = urlOf(this.#address.url, path, parameters)
    if (url === undefined) throw new PrometheusFailure(`${this.#address.url} is not a URL`)
    const { headers } = this.#address
    const answer = await this.#fetch({ url: url.href, headers, timeout: TIMEOUT, bodyMax: BODY_MAX }, signal)
    if (answer.kind !== 'answered') throw new PrometheusFailure(`${url.host} is not reached: ${answer.because}`)
    if (answer.isCut) return 'too large'
    const body = parsedJson(answer.body)
    const error = dig(body, 'error')
    // "query processing would load too many samples into memory", "exceeded maximum resolution of 11,000 points per timeseries"
    if (typeof error === 'string' && /too many samples|maximum resolution|exceeds? .*limit/i.test(error)) return 'too large'
    if (dig(body, 'status') === 'success' && Array.isArray(dig(body, 'data', 'result'))) return body
    const words = typeof error === 'string' ? `: ${error}` : ''
    const what = answer.status === 200 ? 'does not answer as Prometheus does' : `answers ${answer.status}${words}`
    throw new PrometheusFailure(`${url.host}${url.pathname} ${what}`.replaceAll(/\s+/g, ' ').slice(0, WORDS_MAX))
  }
}

/** The series of an answer: those of an instant have one sample each. What is no finite number at a time is left out. */
export function seriesIn(body: unknown, field: 'value' | 'values'): readonly RangeSeries[] {
  return listAt(body, 'data', 'result').map((series) => {
    const metric: unknown = dig(series, 'metric')
    const labels = Object.fromEntries(Object.entries(Object(metric)).map(([name, value]) => [name, String(value)]))
    const points = field === 'values' ? listAt(series, 'values') : [dig(series, 'value')]
    return { labels, points: points.flatMap(pointIn) }
  })
}

/** One text for the same labels, in whatever order they came; `leftOut`: labels that do not tell the series apart here. */
export function seriesId(labels: RangeSeries['labels'], ...leftOut: readonly string[]): string {
  const telling = Object.entries(labels).filter(([name]) => !leftOut.includes(name))
  return JSON.stringify(telling.toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

function pointIn(point: unknown): RangeSeries['points'] {
  const [at, text] = Array.isArray(point) ? (point as readonly unknown[]) : []
  const value = numberOf(text)
  return typeof at === 'number' && value !== undefined && Number.isFinite(value) ? [{ at: Math.round(at * 1000), value }] : []
}
