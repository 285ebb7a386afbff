// The server plays Prometheus' HTTP API over counts of a recorder: instant queries of a range give raw samples.

import { describe, expect, it } from 'vitest'
import { describeCounterSource } from '../../test/conformance/counter-source.ts'
import { readMetrics } from '../../test/prometheus-text.ts'
import { type Answer, NOW, providerWorld, type SeenRequest, serveProvider } from '../../test/provider-server.ts'
import { exposition } from '../metrics/exposition.ts'
import { Recorder } from '../metrics/recorder.ts'
import { PrometheusCounters } from './prometheus-counters.ts'

const never = new AbortController().signal
const QUERY = { namespace: 'test', canaryService: 'shop-canary', stable: { kind: 'service', name: 'shop-primary' } } as const
const PRIMARY = { namespace: 'test', service: 'shop-primary' }

async function sourceOf(answer: (request: SeenRequest) => Answer) {
  const server = await serveProvider(answer)
  return { server, source: new PrometheusCounters({ address: server.address, interval: 15_000 }, providerWorld()) }
}

const success = (result: readonly unknown[], resultType = 'matrix'): Answer => ({
  json: { status: 'success', data: { resultType, result } }
})

describeCounterSource('a Prometheus', async () => {
  const recorder = new Recorder()
  let scraped = ''
  let at = NOW / 1000
  const { source } = await sourceOf(({ parameters }) => success(select(scraped, parameters['query'] ?? '', at)))
  return {
    source,
    count: (labels, { code, flags, ms }) => recorder.cell(labels).record(code, flags, ms),
    collect: () => {
      scraped = exposition(recorder.snapshot(), [])
      at += 15
    }
  }
})

// What `name{matchers}[window]` selects: the samples of the latest scrape.
function select(text: string, query: string, at: number): readonly unknown[] {
  const [, name = '', list = ''] = /^(\w+)\{(.*)\}\[\d+s\]$/.exec(query) ?? []
  const matchers = [...list.matchAll(/(\w+)(=~|!=|=)"([^"]*)"/g)].map(([, label = '', operator = '', value = '']) => ({
    label,
    fits: (text: string) => new RegExp(`^(?:${value})$`).test(text) === (operator !== '!=')
  }))
  return readMetrics(text)
    .flatMap(({ samples }) => samples)
    .filter((sample) => sample.name === name && matchers.every(({ label, fits }) => fits(sample.labels.get(label) ?? '')))
    .map(({ labels, value }) => ({
      metric: { __name__: name, pod: 'gateway-1', ...Object.fromEntries(labels) },
      values: [[at, String(value)]]
    }))
}

describe('PrometheusCounters', () => {
  it('takes the last of the raw samples of each series, and the time of the newest', async () => {
    const metric = { destination_service_name: 'shop-canary', response_code: '200', response_flags: '-', pod: 'a' }
    const { source, server } = await sourceOf(({ parameters }) =>
      success(
        parameters['query']?.startsWith('istio_requests_total') === true
          ? [{ metric, values: [[100, '5'], [115.5, '9']] }, { metric: { ...metric, pod: 'b' }, values: [[110, '2'], [111, 'NaN']] }] // prettier-ignore
          : []
      )
    )
    const reading = await source.read(QUERY, never)
    expect(reading).toMatchObject({ kind: 'read', at: 115_500, stable: [] })
    expect(reading.kind === 'read' ? reading.canary.map(({ process, count }) => [process, count]) : []).toEqual([
      ['a ', 9],
      ['b ', 2]
    ])
    expect(server.seen[0]?.parameters['query']).toBe(
      'istio_requests_total{reporter=~"source|waypoint",destination_service_namespace="test",destination_service_name=~"shop-canary|shop-primary"}[60s]'
    )
  })

  it('makes slices of history, failures and durations told apart', async () => {
    const at = NOW / 1000 - 60
    const codes = (code: string, value: string): unknown => ({ metric: { response_code: code }, values: [[at, value]] })
    const edges = (le: string, value: string): unknown => ({ metric: { le }, values: [[at, value]] })
    const { source, server } = await sourceOf(({ parameters }) =>
      success(
        parameters['query']?.includes('by (le)') === true
          ? [edges('100', '80.2'), edges('250', '98'), edges('+Inf', '100')]
          : [codes('200', '97.6'), codes('503', '2.4'), codes('0', '1')]
      )
    )
    const [slice, ...others] = await source.history(PRIMARY, never)
    expect(others).toEqual([])
    expect(slice).toMatchObject({ requests: 101, failures: 3 })
    expect([100, 250, 500].map((edge) => slice?.buckets[source.edges.indexOf(edge)])).toEqual([80, 18, 0])
    expect(slice?.buckets.at(-1)).toBe(2)
    expect(server.seen[0]?.parameters).toMatchObject({ start: String(NOW / 1000 - 21_600), end: String(NOW / 1000), step: '60' })
  })

  it.each<[string, Answer, string]>([
    ['an error', { status: 422, json: { status: 'error', error: 'too many samples' } }, 'answers 422: too many samples'],
    ['no JSON', { text: '<html>' }, 'does not answer with JSON'],
    ['another kind of result', success([], 'vector'), 'does not answer as Prometheus does'],
    ['no result', { json: [] }, 'does not answer as Prometheus does']
  ])('is down when the server answers with %s', async (_, answer, because) => {
    const { source } = await sourceOf(() => answer)
    expect(await source.read(QUERY, never)).toEqual({ kind: 'down', because: expect.stringContaining(because) })
    expect(await source.history(PRIMARY, never)).toEqual([])
  })

  it('is not upset by series that are not what they should be', async () => {
    const { source } = await sourceOf(() =>
      success([null, 7, {}, { metric: 'x', values: 'y' }, { metric: {}, values: [[1], ['a', 'b'], null] }])
    )
    expect(await source.read(QUERY, never)).toEqual({ kind: 'read', at: -Infinity, canary: [], stable: [] })
  })
})
