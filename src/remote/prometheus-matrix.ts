// A Prometheus asked for ranges of raw samples, or for one value a step: what its two kinds of queries answer, as plain series.

import type { Millis } from '../std/clock.ts'
import { dig } from '../std/json.ts'
import { type RangeSeries, seriesIn } from './prometheus-ranges.ts'
import { callForJson, type ProviderCall, type ProviderQuery, type ProviderWorld, urlOf } from './provider-call.ts'
import { headersOf } from './provider-prometheus.ts'

/** The series; or why there are none. */
export type Matrix =
  | { readonly kind: 'matrix'; readonly series: readonly RangeSeries[] }
  | { readonly kind: 'down' | 'misconfigured'; readonly because: string }

/** Who is asked, and how much may be answered in how long. */
export interface Asked extends Pick<ProviderCall, 'timeout' | 'bodyMax' | 'tooLong'> {
  readonly provider: ProviderQuery['provider']
}

const HISTORY: Millis = 6 * 3_600_000
const STEP: Millis = 60_000

/** Raw samples: `query` ends with a range. */
export function askRange(asked: Asked, query: string, world: ProviderWorld, signal: AbortSignal): Promise<Matrix> {
  return ask(asked, { path: '/api/v1/query', parameters: { query } }, world, signal)
}

/**
 * One value for each minute of the last six hours. The minutes are whole ones: what is asked for together (events and the bad ones, counts and
 * durations) is not asked in the same millisecond, and is put together by the time of its minutes.
 */
export function askMinutes(asked: Asked, query: string, world: ProviderWorld, signal: AbortSignal): Promise<Matrix> {
  const end = Math.floor(world.clock.now() / STEP) * STEP
  const range = { start: String((end - HISTORY) / 1000), end: String(end / 1000), step: String(STEP / 1000) }
  return ask(asked, { path: '/api/v1/query_range', parameters: { query, ...range } }, world, signal)
}

async function ask(
  { provider, ...bounds }: Asked,
  { path, parameters }: { readonly path: string; readonly parameters: Readonly<Record<string, string>> },
  world: ProviderWorld,
  signal: AbortSignal
): Promise<Matrix> {
  const address = provider.spec.address ?? ''
  const url = urlOf(address, path, parameters)
  if (url === undefined)
    return { kind: 'misconfigured', because: address === '' ? 'provider.address is missing' : `${address} is not a URL` }
  const asked: ProviderQuery = { provider, query: '', interval: 0 }
  const answer = await callForJson(asked, world, { url, headers: headersOf(asked), ...bounds }, signal)
  if (answer.kind === 'no-data') return { kind: 'down', because: answer.because ?? `${url.host} has no answer` }
  if (answer.kind !== 'json') return answer
  if (dig(answer.value, 'status') !== 'success' || dig(answer.value, 'data', 'resultType') !== 'matrix') {
    return { kind: 'down', because: `${url.host} does not answer as Prometheus does` }
  }
  return { kind: 'matrix', series: seriesIn(answer.value, 'values') }
}
