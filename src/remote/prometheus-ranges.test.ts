import { describe, expect, it } from 'vitest'
import { type Kept, servePrometheus } from '../../test/prometheus-ranges.ts'
import { type Answer, serveProvider } from '../../test/provider-server.ts'
import { guardedFetch } from './guarded-fetch.ts'
import { PrometheusFailure, PrometheusRanges, type RangeSeries } from './prometheus-ranges.ts'

const never = new AbortController().signal
const START = 1_790_000_000_000
const STEP = 15_000

const counting = (pod: string, looks: number): Kept => ({
  labels: { __name__: 'requests', pod },
  samples: Array.from({ length: looks }, (_, look) => ({ at: START + look * STEP, value: look }))
})

const rangesAt = (url: string, headers: Readonly<Record<string, string>> = {}): PrometheusRanges =>
  new PrometheusRanges({ url, headers }, guardedFetch())

async function all(source: PrometheusRanges, looks: number): Promise<readonly (readonly RangeSeries[])[]> {
  const chunks: (readonly RangeSeries[])[] = []
  const ask = { query: 'requests{}', from: START, to: START + (looks - 1) * STEP, step: STEP }
  for await (const chunk of source.chunks(ask, never)) chunks.push(chunk)
  return chunks
}

const valuesOf = (chunks: readonly (readonly RangeSeries[])[], pod: string): readonly number[] =>
  chunks.flatMap((chunk) => chunk.filter(({ labels }) => labels['pod'] === pod).flatMap(({ points }) => points.map(({ value }) => value)))

describe('a range', () => {
  it('comes in chunks that have every instant once, and never too many points of a series', async () => {
    const looks = 30_000
    const server = await servePrometheus([counting('a', looks), counting('b', looks)])
    const chunks = await all(rangesAt(server.address), looks)
    expect(valuesOf(chunks, 'a')).toEqual(Array.from({ length: looks }, (_, look) => look))
    expect(valuesOf(chunks, 'b')).toHaveLength(looks)
    const points = server.seen.map(({ parameters: { start, end, step } }) => (Number(end) - Number(start)) / Number(step) + 1)
    expect(points.slice(0, 4)).toEqual([240, 960, 3840, 11_000])
  })

  it('has as short chunks as so many series need', async () => {
    const kept = Array.from({ length: 900 }, (_, index) => counting(`p${index}`, 700))
    const server = await servePrometheus(kept)
    const chunks = await all(rangesAt(server.address), 700)
    // 300,000 points of 900 series are 333 of each.
    expect(chunks.map((chunk) => chunk[0]?.points.length)).toEqual([240, 333, 127])
  })

  it('is asked for in smaller chunks where the server would load too many samples', async () => {
    const server = await servePrometheus([counting('a', 600), counting('b', 600)], { samples: 150 })
    const chunks = await all(rangesAt(server.address), 600)
    expect(valuesOf(chunks, 'a')).toEqual(Array.from({ length: 600 }, (_, look) => look))
    expect(Math.max(...chunks.map((chunk) => chunk[0]?.points.length ?? 0))).toBeLessThanOrEqual(75)
  })

  it('of more series than can be read at all is refused', async () => {
    const server = await servePrometheus([counting('a', 9), counting('b', 9)], { samples: 1 })
    await expect(all(rangesAt(server.address), 9)).rejects.toThrow('has more series of requests{} than can be read at an instant')
  })

  it('without series is a chunk without series', async () => {
    const server = await servePrometheus([])
    expect(await all(rangesAt(server.address), 100)).toEqual([[]])
  })

  it('carries the headers, and keeps the path of the address', async () => {
    const server = await serveProvider(() => ({ json: { status: 'success', data: { resultType: 'matrix', result: [] } } }))
    await all(rangesAt(`${server.address}/select/0/prometheus/`, { authorization: 'Bearer x' }), 2)
    expect(server.seen[0]?.path).toBe('/select/0/prometheus/api/v1/query_range')
    expect(server.seen[0]?.headers.authorization).toBe('Bearer x')
  })
})

describe('what is no Prometheus, or says no', () => {
  it.each<[string, Answer, string]>([
    ['another page', { text: '<html>' }, 'does not answer as Prometheus does'],
    ['a wrong path', { status: 404, text: 'not found' }, 'answers 404'],
    ['a refusal', { status: 401, text: 'who are you' }, 'answers 401'],
    [
      'an error in words',
      { status: 503, json: { status: 'error', errorType: 'timeout', error: 'query timed out\nin expression' } },
      '/api/v1/query_range answers 503: query timed out in expression'
    ],
    ['a vector without a result', { json: { status: 'success', data: {} } }, 'does not answer as Prometheus does']
  ])('%s is named', async (_, answer, message) => {
    const server = await serveProvider(() => answer)
    const asked = all(rangesAt(server.address), 10)
    await expect(asked).rejects.toThrow(PrometheusFailure)
    await expect(asked).rejects.toThrow(message)
  })

  it('a port that nobody listens on is named', async () => {
    await expect(all(rangesAt('http://127.0.0.1:1'), 10)).rejects.toThrow(/^127\.0\.0\.1:1 is not reached: /)
    await expect(all(rangesAt('nonsense'), 10)).rejects.toThrow('nonsense is not a URL')
  })
})
