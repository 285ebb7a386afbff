// Metrics from Prometheus and what speaks as it does: one instant query (Prometheus' HTTP API, "Instant queries").

import type { Millis } from '../std/clock.ts'
import { dig, listAt } from '../std/json.ts'
import {
  badAddress,
  callForJson,
  numberOf,
  type ProviderQuery,
  type ProviderReading,
  type ProviderWorld,
  stale,
  urlOf
} from './provider-call.ts'

// The server evaluates at its own time: an older one is a cache's answer or a clock that is wrong.
const OLDEST: Millis = 300_000

/** Asks a Prometheus; of several samples the last one counts, as with Flagger. */
export async function askPrometheus(asked: ProviderQuery, world: ProviderWorld, signal: AbortSignal): Promise<ProviderReading> {
  const { spec } = asked.provider
  const url = urlOf(spec.address ?? '', '/api/v1/query', { query: asked.query.replaceAll(/\s+/g, ' ').trim() })
  if (url === undefined) return badAddress(spec.address)
  const answer = await callForJson(asked, world, { url, headers: headersOf(asked) }, signal)
  return answer.kind === 'json' ? readingOf(answer.value, world.clock.now()) : answer
}

/** What is sent with a query. Credentials of the Secret win over an Authorization among the headers; Flagger sends one after the other. */
export function headersOf({ provider }: ProviderQuery): Record<string, string | readonly string[]> {
  const { token, username, password } = provider.credentials
  const authorization =
    token !== undefined
      ? `Bearer ${token}`
      : username !== undefined && password !== undefined
        ? `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
        : undefined
  const given = Object.entries(provider.spec.headers ?? {}).filter(
    ([name]) => authorization === undefined || name.toLowerCase() !== 'authorization'
  )
  return { ...Object.fromEntries(given), ...(authorization === undefined ? {} : { authorization }) }
}

function readingOf(body: unknown, now: Millis): ProviderReading {
  if (dig(body, 'status') !== 'success') {
    const error = dig(body, 'error')
    return { kind: 'down', because: `prometheus says ${typeof error === 'string' ? error : 'nothing of a result'}` }
  }
  const type = dig(body, 'data', 'resultType')
  const result = listAt(body, 'data', 'result')
  switch (type) {
    case 'scalar':
      return sampleOf(result, now)
    case 'vector':
      return sampleOf(listAt(result.at(-1), 'value'), now)
    case 'matrix':
      return { kind: 'misconfigured', because: 'its query gives a range of values: it has to give one, as rate(...) of a range does' }
    default:
      return { kind: 'misconfigured', because: `its query gives a ${String(type)}: it has to give a number` }
  }
}

function sampleOf(sample: readonly unknown[], now: Millis): ProviderReading {
  const [at, text] = sample
  const value = numberOf(text)
  if (value === undefined) return { kind: 'no-data' }
  const age = typeof at === 'number' ? now - at * 1000 : 0
  return age > OLDEST ? stale(now - age, now) : { kind: 'value', value }
}
