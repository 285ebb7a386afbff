// The server plays Prometheus' HTTP API over counts of a recorder: instant queries of a range give raw samples.

import { describe, expect, it } from 'vitest'
import { describeCounterSource } from '../../test/conformance/counter-source.ts'
import { type MeshSample, meshSamples } from '../../test/istio-mesh.ts'
import { readMetrics } from '../../test/prometheus-text.ts'
import { type Answer, NOW, providerWorld, type SeenRequest, serveProvider } from '../../test/provider-server.ts'
import { lookAt } from '../gate/served.ts'
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
  const { source } = await sourceOf(({ parameters }) =>
    success(
      select(
        readMetrics(scraped).flatMap(({ samples }) => samples),
        parameters['query'] ?? '',
        at
      )
    )
  )
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
function select(samples: readonly MeshSample[], query: string, at: number): readonly unknown[] {
  const [, name = '', list = ''] = /^(\w+)\{(.*)\}\[\d+s\]$/.exec(query) ?? []
  const matchers = [...list.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)].map(([, label = '', how = '', value = '']) => {
    const is = new RegExp(`^(?:${how.endsWith('~') ? value : value.replaceAll('+', '[+]')})$`)
    return (labels: ReadonlyMap<string, string>) => is.test(labels.get(label) ?? '') !== how.startsWith('!')
  })
  return samples
    .filter((sample) => sample.name === name && matchers.every((matches) => matches(sample.labels)))
    .map(({ labels, value }) => ({
      metric: { __name__: name, pod: 'gateway-1', ...Object.fromEntries(labels) },
      values: [3, 2, 1, 0].map((scrapes) => [at - 15 * scrapes, String(value)])
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
      [' /a', 9],
      [' /b', 2]
    ])
    expect(server.seen[0]?.parameters['query']).toBe(
      'istio_requests_total{reporter=~"source|waypoint",destination_service_namespace="test",destination_service_name=~"shop-canary|shop-primary",response_flags!~".*DC.*"}[60s]'
    )
  })

  it('reads a mesh of 500 caller pods, three codes and two versions, by the edges that are looked at alone', async () => {
    const size = { namespace: 'test', from: 0, pods: 500, codes: ['200', '404', '503'], edges: [50, 100, 250] }
    const samples = meshSamples(size, 10)
    const lengths: number[] = []
    const { source, server } = await sourceOf(({ parameters }) => {
      const answer = JSON.stringify({
        status: 'success',
        data: { resultType: 'matrix', result: select(samples, parameters['query'] ?? '', NOW / 1000) }
      })
      lengths.push(answer.length)
      return { text: answer }
    })
    const reading = await source.read({ ...QUERY, edges: [250] }, never)
    if (reading.kind === 'down') throw new Error(reading.because)
    expect([reading.canary.length, reading.stable.length]).toEqual([1_500, 1_500])
    expect(new Set(reading.canary.map(({ process, id }) => `${process} ${id}`)).size).toBe(1_500)
    expect(reading.canary.every(({ buckets }) => buckets[source.edges.indexOf(250)] === 9 && buckets.at(-1) === 1)).toBe(true)
    expect(server.seen.map(({ parameters }) => /^(\w+)\{.*?(?:,le=~?"(.*)")?\}/.exec(parameters['query'] ?? '')?.slice(1))).toEqual([
      ['istio_requests_total', undefined],
      ['istio_request_duration_milliseconds_bucket', '+Inf'],
      ['istio_request_duration_milliseconds_bucket', '250|250[.]0']
    ])
    // All of it in one answer would be beyond what is read.
    expect(Math.min(...lengths)).toBeGreaterThan(4_000_000)
  })

  it('asks for no durations where none are looked at', async () => {
    const { source, server } = await sourceOf(() => success([]))
    await source.read({ ...QUERY, edges: [] }, never)
    expect(server.seen).toHaveLength(1)
  })

  it('a mesh that is too large is told with the bound, and what to do', async () => {
    const { source } = await sourceOf(() => ({ text: ' '.repeat(16_000_001) }))
    expect(await source.read(QUERY, never)).toEqual({
      kind: 'down',
      because: expect.stringMatching(
        /^the answer of 127\.0\.0\.1:\d+ is longer than 16000000 bytes: istio_requests_total of the callers of shop-canary and shop-primary; have it keep fewer series of callers \(metric_relabel_configs\), or /
      )
    })
  })

  it('takes the nearest edge below where a mesh has buckets of its own, and none of durations where there is no lower one', async () => {
    const samples = meshSamples({ namespace: 'test', from: 0, pods: 1, codes: ['200'], edges: [100, 1000] }, 10)
    const { source } = await sourceOf(({ parameters }) => success(select(samples, parameters['query'] ?? '', NOW / 1000)))
    const bucketsOf = async (edge: number): Promise<readonly number[] | undefined> => {
      const reading = await source.read({ ...QUERY, edges: [edge] }, never)
      return reading.kind === 'read' ? reading.canary[0]?.buckets : undefined
    }
    const buckets = await bucketsOf(500)
    expect([buckets?.[source.edges.indexOf(100)], buckets?.at(-1)]).toEqual([9, 1])
    expect(await bucketsOf(50)).toEqual([])
  })

  it('counts a proxy once that two jobs scrape, each at its own time', async () => {
    const labels = { namespace: 'shop', pod: 'web-1', destination_service_name: 'shop-canary', response_code: '200' }
    const of = (job: string, le: string | undefined, values: readonly (readonly [number, string])[]): unknown => ({
      metric: { ...labels, job, instance: `10.0.0.7:${job === 'pods' ? 15_020 : 15_090}`, ...(le === undefined ? {} : { le }) },
      values
    })
    const { source } = await sourceOf(({ parameters: { query = '' } }) => {
      if (query.startsWith('istio_requests_total')) return success([of('pods', undefined, [[100, '50']]), of('envoy', undefined, [[107, '52']])]) // prettier-ignore
      const le = query.includes('250') ? '250' : '+Inf'
      return success([of('pods', le, [[100, le === '250' ? '48' : '50']]), of('envoy', le, [[107, le === '250' ? '49' : '52']])])
    })
    const reading = await source.read({ ...QUERY, edges: [250] }, never)
    const canary = reading.kind === 'read' ? reading.canary : []
    expect(canary).toMatchObject([{ process: ' shop/web-1', count: 52 }])
    expect(lookAt({ canary: { requests: 0, failures: 0, buckets: canary[0]?.buckets ?? [] }, stable: { requests: 0, failures: 0, buckets: [] } }, { slowerThan: 250 }, source.edges)).toMatchObject({ canaryRequests: 52, canaryBad: 3 }) // prettier-ignore
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
