// Metrics from Dynatrace: its Metrics API v2 (GET /api/v2/metrics/query), one value for the whole window.

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

/** Asks Dynatrace; the last data set of the first result counts, as with Flagger, and of it the newest value. */
export async function askDynatrace(asked: ProviderQuery, world: ProviderWorld, signal: AbortSignal): Promise<ProviderReading> {
  const keys = credentialsOf(asked, 'dynatrace_token')
  if (keys.kind !== 'there') return keys
  const now = world.clock.now()
  const { from, to } = windowOf(asked.interval, now)
  const { address = '' } = asked.provider.spec
  const parameters = { metricSelector: asked.query.trim(), resolution: 'Inf', from: String(from), to: String(to) }
  const url = urlOf(address, '/api/v2/metrics/query', parameters)
  if (url === undefined) return badAddress(address)
  const headers = { authorization: `Api-Token ${keys.values.dynatrace_token}` }
  const answer = await callForJson(asked, world, { url, headers }, signal)
  if (answer.kind !== 'json') return answer
  const data = listAt(listAt(answer.value, 'result')[0], 'data').at(-1)
  const times = listAt(data, 'timestamps')
  const points = listAt(data, 'values').map((value, index) => ({ at: Number(times[index] ?? now), value }))
  return newestOf(points, { now, oldest: to - from })
}
