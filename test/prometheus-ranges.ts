// A Prometheus for tests that read history: /api/v1/query_range and /api/v1/query as its documentation has them, over samples that are given.
// Of PromQL it knows what is asked of it: plain selectors for ranges, and three sums for instants.

import type { Millis } from '../src/std/clock.ts'
import { type Answer, type ProviderServer, type SeenRequest, serveProvider } from './provider-server.ts'

/** One series, its samples in the order of time. */
export interface Kept {
  readonly labels: Readonly<Record<string, string>>
  readonly samples: readonly { readonly at: Millis; readonly value: number }[]
}

/** How much it answers: its own defaults are 50,000,000 samples a query. */
export interface Limits {
  readonly samples?: number
}

const LOOKBACK: Millis = 300_000
const RESOLUTION = 11_000

/** Starts one until the end of the test. */
export function servePrometheus(kept: readonly Kept[], { samples = 50_000_000 }: Limits = {}): Promise<ProviderServer> {
  return serveProvider((request) => {
    if (request.path === '/api/v1/query_range') return range(kept, request, samples)
    if (request.path === '/api/v1/query') return instant(kept, request)
    return { status: 404, text: '404 page not found' }
  })
}

function failed(status: number, errorType: string, error: string): Answer {
  return { status, json: { status: 'error', errorType, error } }
}

function range(kept: readonly Kept[], { parameters }: SeenRequest, most: number): Answer {
  const { query = '', start = '', end = '', step = '' } = parameters
  const [from, to, pace] = [start, end, step].map((text) => Math.round(Number(text) * 1000))
  if (from === undefined || to === undefined || pace === undefined || !(pace > 0) || to < from) return failed(400, 'bad_data', 'bad range')
  if ((to - from) / pace > RESOLUTION) {
    const words = 'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)'
    return failed(400, 'bad_data', words)
  }
  const found = selected(kept, query)
  const result = found.flatMap(({ labels, samples }) => {
    const values: [number, string][] = []
    let next = 0
    for (let at = from; at <= to; at += pace) {
      while (next < samples.length && (samples[next]?.at ?? 0) <= at) next += 1
      const last = samples[next - 1]
      if (last !== undefined && at - last.at < LOOKBACK) values.push([at / 1000, String(last.value)])
    }
    return values.length === 0 ? [] : [{ metric: labels, values }]
  })
  if (result.reduce((sum, { values }) => sum + values.length, 0) > most) {
    return failed(422, 'execution', 'query processing would load too many samples into memory in query execution')
  }
  return { json: { status: 'success', data: { resultType: 'matrix', result } } }
}

const SUMS: Readonly<Record<string, (values: readonly number[]) => number>> = {
  sum: (values) => values.reduce((total, value) => total + value, 0),
  count: (values) => values.length,
  max: (values) => Math.max(...values)
}

// `sum by (label) (last_over_time(selector[window]))`, count and max the same, and count_over_time.
function instant(kept: readonly Kept[], { parameters }: SeenRequest): Answer {
  const { query = '', time = '' } = parameters
  const [, sum = '', label, over = '', selector = '', seconds = ''] =
    /^(sum|count|max)(?: by \((\w+)\) )?\((last|count)_over_time\((.*)\[(\d+)s\]\)\)$/.exec(
      query.replaceAll('[1h]', '[3600s]').replaceAll('[1d]', '[86400s]')
    ) ?? []
  const add = SUMS[sum]
  if (add === undefined) return failed(400, 'bad_data', `1:1: parse error: ${query}`)
  const to = Number(time) * 1000
  const values = selected(kept, selector).flatMap(({ labels, samples }) => {
    const within = samples.filter(({ at }) => at <= to && at > to - Number(seconds) * 1000)
    const last = within.at(-1)
    return last === undefined
      ? []
      : [{ group: label === undefined ? '' : (labels[label] ?? ''), value: over === 'last' ? last.value : within.length }]
  })
  const result = [...Map.groupBy(values, ({ group }) => group)].map(([group, own]) => ({
    metric: label === undefined ? {} : { [label]: group },
    value: [to / 1000, String(add(own.map(({ value }) => value)))]
  }))
  return { json: { status: 'success', data: { resultType: 'vector', result } } }
}

function selected(kept: readonly Kept[], query: string): readonly Kept[] {
  const [, name = '', list = ''] = /^(\w+)\{(.*)\}$/.exec(query) ?? []
  const matchers = [...list.matchAll(/(\w+)(=~|=)"((?:[^"\\]|\\.)*)"/g)].map(([, label = '', operator, text = '']) => {
    const value = text.replaceAll(/\\(.)/g, '$1')
    return { label, is: operator === '=' ? (seen: string) => seen === value : (seen: string) => new RegExp(`^(?:${value})$`).test(seen) }
  })
  return kept.filter(({ labels }) => labels['__name__'] === name && matchers.every(({ label, is }) => is(labels[label] ?? '')))
}
