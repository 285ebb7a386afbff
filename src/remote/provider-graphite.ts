// Metrics from Graphite: its render API (GET /render, format=json). The query is the URL's own, as Flagger has it: `target=...&from=...`.

import { badAddress, callForJson, type ProviderQuery, type ProviderReading, type ProviderWorld, urlOf } from './provider-call.ts'
import { newestOf, oldestBySteps } from './provider-points.ts'
import { listAt } from '../std/json.ts'

/** Asks Graphite; the newest point that is a number counts, of all series. */
export async function askGraphite(asked: ProviderQuery, world: ProviderWorld, signal: AbortSignal): Promise<ProviderReading> {
  const { spec, credentials } = asked.provider
  const url = urlOf(spec.address ?? '', '/render')
  if (url === undefined) return badAddress(spec.address)
  const query = asked.query.replaceAll(/\s+/g, ' ').trim()
  // A query that is a target alone is one, too.
  const parameters = /(^|&)target=/.test(query) ? new URLSearchParams(query) : new URLSearchParams({ target: query })
  for (const [name, value] of parameters) url.searchParams.append(name, value.trim())
  url.searchParams.set('format', 'json')
  const { username, password } = credentials
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  const headers = username === undefined || password === undefined ? {} : { authorization }
  const answer = await callForJson(asked, world, { url, headers }, signal)
  if (answer.kind !== 'json') return answer
  const points = listAt(answer.value).flatMap((series) =>
    listAt(series, 'datapoints').map((point) => ({ at: Number(listAt(point)[1]) * 1000, value: listAt(point)[0] }))
  )
  return newestOf(points, { now: world.clock.now(), oldest: oldestBySteps(points) })
}
