// Metrics from Datadog: its "Query timeseries data across multiple products" of version 1 (GET /api/v1/query).

import { dig, listAt } from '../std/json.ts'
import { callForJson, type ProviderQuery, type ProviderReading, type ProviderWorld } from './provider-call.ts'
import { approach, newestOf } from './provider-points.ts'

const ADDRESS = 'https://api.datadoghq.com'

/** Asks Datadog; the newest point of the first series counts. */
export async function askDatadog(asked: ProviderQuery, world: ProviderWorld, signal: AbortSignal): Promise<ProviderReading> {
  const { address = ADDRESS } = asked.provider.spec
  const to = approach(asked, world, ['datadog_api_key', 'datadog_application_key'], (_, window) => ({
    address,
    path: '/api/v1/query',
    parameters: { from: seconds(window.from), to: seconds(window.to), query: asked.query.trim() }
  }))
  if (to.kind !== 'there') return to
  const headers = { 'dd-api-key': to.keys.datadog_api_key, 'dd-application-key': to.keys.datadog_application_key }
  const answer = await callForJson(asked, world, { url: to.url, headers }, signal)
  if (answer.kind !== 'json') return answer
  const error = dig(answer.value, 'error')
  if (dig(answer.value, 'status') === 'error')
    return { kind: 'down', because: `datadog says ${typeof error === 'string' ? error : 'error'}` }
  const [first] = listAt(answer.value, 'series')
  const points = listAt(first, 'pointlist').map((point) => ({ at: Number(listAt(point)[0]), value: listAt(point)[1] }))
  return newestOf(points, to.terms)
}

function seconds(at: number): string {
  return String(Math.floor(at / 1000))
}
