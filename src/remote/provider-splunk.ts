// Metrics from Splunk Observability Cloud: a SignalFlow program run over the window by POST /v2/signalflow/execute, whose answer is a stream of
// server-sent events that ends with the window.

import { dig, listAt } from '../std/json.ts'
import { callForText, type ProviderQuery, type ProviderReading, type ProviderWorld } from './provider-call.ts'
import { approach, newestOf, type Point } from './provider-points.ts'

/** Asks Splunk; the program has to give one time series, whose newest value counts. */
export async function askSplunk(asked: ProviderQuery, world: ProviderWorld, signal: AbortSignal): Promise<ProviderReading> {
  const { address = '' } = asked.provider.spec
  const to = approach(asked, world, ['sf_token_key'], (_, window) => ({
    address: streamAddress(address),
    path: '/v2/signalflow/execute',
    parameters: { start: String(window.from), stop: String(window.to), immediate: 'true' }
  }))
  if (to.kind !== 'there') return to
  const headers = { 'content-type': 'text/plain', 'x-sf-token': to.keys.sf_token_key }
  const answer = await callForText(asked, world, { url: to.url, method: 'POST', headers, body: asked.query }, signal)
  return answer.kind === 'text' ? readingOf(answer.text, to.terms) : answer
}

// Flagger takes the address of the API, or that of the stream for WebSockets.
function streamAddress(address: string): string {
  return address.replace(/^ws/, 'http').replace(/^(https?:\/\/)api\./, '$1stream.')
}

function readingOf(stream: string, terms: { readonly now: number; readonly oldest: number }): ProviderReading {
  const points: Point[] = []
  const series = new Set<unknown>()
  for (const { name, data } of eventsOf(stream)) {
    if (name === 'error')
      return { kind: 'down', because: `splunk says ${JSON.stringify(dig(data, 'message') ?? dig(data, 'errors') ?? data)}` }
    if (name !== 'data') continue
    for (const sample of listAt(data, 'data')) {
      if (dig(sample, 'value') === null) continue
      series.add(dig(sample, 'tsId'))
      points.push({ at: Number(dig(data, 'logicalTimestampMs')), value: dig(sample, 'value') })
    }
  }
  if (series.size > 1) return { kind: 'misconfigured', because: `its query gives ${series.size} time series: it has to give one` }
  return newestOf(points, terms)
}

function eventsOf(stream: string): readonly { readonly name: string; readonly data: unknown }[] {
  return stream.split(/\r?\n\r?\n/).flatMap((block) => {
    const fields = (name: string): readonly string[] =>
      block.split(/\r?\n/).flatMap((line) => (line.startsWith(`${name}:`) ? [line.slice(name.length + 1).trim()] : []))
    try {
      return [{ name: fields('event')[0] ?? '', data: JSON.parse(fields('data').join('\n')) as unknown }]
    } catch {
      return []
    }
  })
}
