// Metrics from Datadog: its "Query timeseries data across multiple products" of version 1 (GET /api/v1/query).

import { dig } from '../std/json.ts'
import {
  badAddress,
  callForJson,
  credentialsOf,
  listAt,
  type ProviderQuery,
  type ProviderReading,
  type ProviderWorld,
  urlOf
} from './provider-call.ts'
import { newestOf, windowOf } from './provider-points.ts'

const ADDRESS = 'https://api.datadoghq.com'

/** Asks Datadog; the newest point of the first series counts. */
export async function askDatadog(asked: ProviderQuery, world: ProviderWorld, signal: AbortSignal): Promise<ProviderReading> {
  const keys = credentialsOf(asked, 'datadog_api_key', 'datadog_application_key')
  if (keys.kind !== 'there') return keys
  const now = world.clock.now()
  const { from, to } = windowOf(asked.interval, now)
  const seconds = (at: number): string => String(Math.floor(at / 1000))
  const address = asked.provider.spec.address ?? ADDRESS
  const url = urlOf(address, '/api/v1/query', { from: seconds(from), to: seconds(to), query: asked.query.trim() })
  if (url === undefined) return badAddress(address)
  const headers = { 'dd-api-key': keys.values.datadog_api_key, 'dd-application-key': keys.values.datadog_application_key }
  const answer = await callForJson(asked, world, { url, headers }, signal)
  if (answer.kind !== 'json') return answer
  const error = dig(answer.value, 'error')
  if (dig(answer.value, 'status') === 'error')
    return { kind: 'down', because: `datadog says ${typeof error === 'string' ? error : 'error'}` }
  const [first] = listAt(answer.value, 'series')
  const points = listAt(first, 'pointlist').map((point) => ({ at: Number(listAt(point)[0]), value: listAt(point)[1] }))
  return newestOf(points, { now, oldest: to - from })
}
