// Metrics from Dynatrace: its Metrics API v2 (GET /api/v2/metrics/query), one value for the whole window.

import { callForJson, type ProviderQuery, type ProviderReading, type ProviderWorld } from './provider-call.ts'
import { approach, newestOf } from './provider-points.ts'
import { listAt } from '../std/json.ts'

/** Asks Dynatrace; the last data set of the first result counts, as with Flagger, and of it the newest value. */
export async function askDynatrace(asked: ProviderQuery, world: ProviderWorld, signal: AbortSignal): Promise<ProviderReading> {
  const to = approach(asked, world, ['dynatrace_token'], (_, window) => ({
    address: asked.provider.spec.address,
    path: '/api/v2/metrics/query',
    parameters: { metricSelector: asked.query.trim(), resolution: 'Inf', from: String(window.from), to: String(window.to) }
  }))
  if (to.kind !== 'there') return to
  const headers = { authorization: `Api-Token ${to.keys.dynatrace_token}` }
  const answer = await callForJson(asked, world, { url: to.url, headers }, signal)
  if (answer.kind !== 'json') return answer
  const data = listAt(listAt(answer.value, 'result')[0], 'data').at(-1)
  const times = listAt(data, 'timestamps')
  const points = listAt(data, 'values').map((value, index) => ({ at: Number(times[index] ?? to.terms.now), value }))
  return newestOf(points, to.terms)
}
