// A real Prometheus that has the series of a mesh of many callers, some of them twice: what the gate's source of counters reads of it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PrometheusCounters } from '../../src/remote/prometheus-counters.ts'
import { type MeshSize, meshPage } from '../istio-mesh.ts'
import { PrometheusSeries } from '../../src/remote/prometheus-series.ts'
import { providerAt, realWorld } from './prometheus-counts.ts'
import { PROMETHEUS_FOLDER } from './prometheus-program.ts'
import { Pages, RealPrometheus } from './real-prometheus.ts'

const PAGES = 5
const PODS = 500
const CODES = ['200', '404', '503']
const EDGES = [100, 250, 500]
const SAMPLES_MOST = 20_000
const SCRAPED_EVERY = 5_000
// What was shown for a moment is to be among what is looked back for until the end of the test.
const SCRAPED_SELDOM = 30_000

const never = new AbortController().signal
const pages = new Pages()
const large = Array.from({ length: PAGES }, (_, index) => `large-${index}`)
const twice = ['twice-1', 'twice-2']
const prometheus = new RealPrometheus({ pages, names: [...large, ...twice], every: SCRAPED_EVERY })
const bounded = new RealPrometheus({ pages, names: ['long', 'wide'], every: SCRAPED_EVERY, words: [`--query.max-samples=${SAMPLES_MOST}`] })

/** Has pages scraped, and then shows them no more: it is much to scrape each second. */
async function scraped(values: ReadonlyMap<string, readonly [MeshSize, number]>): Promise<void> {
  for (const [name, [size, value]] of values) {
    const text = meshPage(size, value)
    pages.show(name, () => text)
  }
  await prometheus.scrapes(...values.keys())
  for (const name of values.keys()) pages.show(name, () => undefined)
}

async function read(namespace: string): Promise<Extract<Awaited<ReturnType<PrometheusCounters['read']>>, { kind: 'read' }>> {
  const source = new PrometheusCounters({ address: prometheus.url, interval: SCRAPED_SELDOM }, realWorld())
  const stable = { kind: 'service', name: 'shop-primary' } as const
  const reading = await source.read({ namespace, canaryService: 'shop-canary', stable, edges: [250] }, never)
  if (reading.kind === 'read') return reading
  throw new Error(reading.because)
}

beforeAll(async () => {
  if (PROMETHEUS_FOLDER === undefined) return
  await pages.start()
  await Promise.all([prometheus.start(), bounded.start()])
})
afterAll(async () => {
  await Promise.all([prometheus.stop(), bounded.stop()])
  await pages.stop()
})

describe.skipIf(PROMETHEUS_FOLDER === undefined)('a real Prometheus of a large mesh', () => {
  it('500 caller pods with three codes and two versions are read', async () => {
    const pods = PODS / PAGES
    await scraped(
      new Map(large.map((name, index) => [name, [{ namespace: 'large', from: index * pods, pods, codes: CODES, edges: EDGES }, 10]]))
    )
    const { canary, stable } = await read('large')
    expect([canary.length, stable.length]).toEqual([PODS * CODES.length, PODS * CODES.length])
    expect([...canary, ...stable].every(({ buckets, count }) => count === 10 && buckets.join('') === `00000009${'0'.repeat(11)}1`)).toBe(
      true
    )
  })

  it('what two targets show of the same pods is counted once, as the one has it that was scraped later', async () => {
    const size = { namespace: 'twice', from: 0, pods: 3, codes: ['200'], edges: EDGES }
    await scraped(new Map([['twice-1', [size, 1_000]]]))
    await scraped(new Map([['twice-2', [size, 1_010]]]))
    expect(await prometheus.ask('count by (instance) (last_over_time(istio_requests_total{namespace="twice"}[2m]))')).toHaveLength(2)
    const { canary } = await read('twice')
    expect(canary.map(({ process, count, buckets }) => [process, count, buckets.at(-1)])).toEqual(
      [0, 1, 2].map((pod) => [` twice/frontend-${pod}`, 1_010, 101])
    )
  })

  it('an answer that is too long for it, or for us, is told', async () => {
    const labels = 'destination_service_namespace="big",destination_service_name="shop-canary",reporter="source"'
    const many = (name: string, count: number, length: number): string =>
      Array.from({ length: count }, (_, index) => `${name}{${labels},of="${String(index).padStart(length, '0')}"} 1\n`).join('')
    const [wide, long] = [
      many('istio_requests_total', SAMPLES_MOST + 1, 1),
      many('istio_request_duration_milliseconds_bucket', 50, 100_000)
    ]
    pages.show('wide', () => wide)
    pages.show('long', () => long)
    await bounded.scrapes('wide', 'long')
    for (const name of ['wide', 'long']) pages.show(name, () => undefined)
    const series = new PrometheusSeries(realWorld())
    const because = async (selector: string): Promise<unknown> => series.latest({ provider: providerAt(bounded.url), selector }, never)
    expect(await because('istio_requests_total{of!=""}')).toEqual({
      kind: 'down',
      because: expect.stringMatching(/ answers 422: query processing would load too many samples into memory in query execution$/)
    })
    expect(await because('istio_request_duration_milliseconds_bucket{of!=""}')).toEqual({
      kind: 'down',
      because: expect.stringMatching(/^the answer of 127\.0\.0\.1:\d+ is longer than 4000000 bytes$/)
    })
    // Long ones: what was shown for a moment is to be among what is looked back for.
    const source = new PrometheusCounters({ address: bounded.url, interval: 60_000 }, realWorld())
    const pair = { namespace: 'big', canaryService: 'shop-canary', stable: { kind: 'service', name: 'shop-primary' } } as const
    expect(await source.read(pair, never)).toEqual({ kind: 'down', because: expect.stringMatching(/ answers 422: /) })
  })
})
