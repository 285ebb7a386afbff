// Metrics from InfluxDB 2: POST /api/v2/query with Flux; the answer is CSV. Without rows there is no data, where Flagger reads a 0.

import {
  badAddress,
  callForText,
  credentialsOf,
  numberOf,
  type ProviderQuery,
  type ProviderReading,
  type ProviderWorld,
  urlOf
} from './provider-call.ts'

const TIMEOUT = 15_000

/** Asks InfluxDB; of several rows the one with the latest _time counts, without times the first. */
export async function askInfluxDb(asked: ProviderQuery, world: ProviderWorld, signal: AbortSignal): Promise<ProviderReading> {
  const { spec } = asked.provider
  // A server without a login needs no Secret.
  const keys = spec.secretRef === undefined ? undefined : credentialsOf(asked, 'token', 'org')
  if (keys?.kind === 'misconfigured') return keys
  const url = urlOf(spec.address ?? '', '/api/v2/query', keys === undefined ? {} : { org: keys.values.org })
  if (url === undefined) return badAddress(spec.address)
  const headers = {
    'content-type': 'application/json',
    accept: 'application/csv',
    ...(keys === undefined ? {} : { authorization: `Token ${keys.values.token}` })
  }
  const body = JSON.stringify({ query: asked.query, type: 'flux', dialect: { header: true, delimiter: ',', annotations: [] } })
  const answer = await callForText(asked, world, { url, method: 'POST', headers, body, timeout: TIMEOUT }, signal)
  return answer.kind === 'text' ? readingOf(answer.text) : answer
}

function readingOf(text: string): ProviderReading {
  let best: { readonly value: string; readonly time: string } | undefined
  let header: readonly string[] | undefined
  for (const line of text.split(/\r?\n/)) {
    // Tables are apart by an empty line; each has a header of its own.
    if (line === '') header = undefined
    else if (line.startsWith('#')) continue
    else if (header === undefined) header = cellsOf(line)
    else {
      const cells = cellsOf(line)
      const cell = (name: string): string => cells[header?.indexOf(name) ?? -1] ?? ''
      if (header.includes('error')) return { kind: 'down', because: `influxdb says ${cell('error')}` }
      if (best === undefined || cell('_time') > best.time) best = { value: cell('_value'), time: cell('_time') }
    }
  }
  if (best === undefined || best.value === '') return { kind: 'no-data' }
  const value = numberOf(best.value)
  return value === undefined
    ? { kind: 'misconfigured', because: `its query gives ${JSON.stringify(best.value)}: it has to give a number` }
    : { kind: 'value', value }
}

// RFC 4180 within one line, which Flux' own values keep to.
function cellsOf(line: string): readonly string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '')
}
