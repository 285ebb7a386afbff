// Six hours of counters in a real Prometheus, as the gate's history and `serin backtest` ask for them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readPrometheus } from '../../src/cli/backtest-prometheus.ts'
import { guardedFetch } from '../../src/remote/guarded-fetch.ts'
import { PrometheusCounters } from '../../src/remote/prometheus-counters.ts'
import { PrometheusRanges, type RangeSeries } from '../../src/remote/prometheus-ranges.ts'
import { PrometheusSeries } from '../../src/remote/prometheus-series.ts'
import { providerAt, realWorld } from './prometheus-counts.ts'
import { PROMETHEUS_FOLDER } from './prometheus-program.ts'
import { Pages, RealPrometheus } from './real-prometheus.ts'

const SCRAPES = 1_440
const EVERY = 15
const PODS = 40
const SAMPLES_MOST = 20_000
const MINUTES = 360

const never = new AbortController().signal
const pages = new Pages()
// Scrapes are at no whole minute, as most are.
const end = 60 * Math.floor(Date.now() / 60_000) - 53
const start = end - SCRAPES * EVERY

const STABLE = { namespace: 'test', service: 'shop-primary' }
const CALLED = 'reporter="source",destination_service_namespace="test",destination_service_name="shop-primary"'
const SERVED = 'reporter="destination",destination_workload_namespace="shop",destination_workload="api",response_flags="-"'
const prometheus = new RealPrometheus({ pages, names: [], words: [`--query.max-samples=${SAMPLES_MOST}`], before: before() })

// In each scrape of a pod three orders more, 30 requests of which one failed, and ten slower than 100 ms; one pod is started again halfway.
function before(): string {
  const lines: string[] = []
  for (let scrape = 0; scrape < SCRAPES; scrape++) {
    const at = start + EVERY * scrape
    const since = scrape < SCRAPES / 2 ? scrape : scrape - SCRAPES / 2
    const add = (series: string, value: number): unknown => lines.push(`${series} ${value} ${at}`)
    add('orders_total{pod="restarted"}', 3 * since)
    add('orders_total{pod="steady"}', 3 * scrape)
    add('orders_failed_total{pod="steady"}', scrape)
    if (scrape % 4 === 0) add('rare_total{pod="steady"}', 12 * scrape)
    for (const [code, more] of [
      ['200', 29],
      ['503', 1]
    ] as const)
      add(`istio_requests_total{${CALLED},response_code="${code}"}`, more * scrape)
    for (const [le, more] of [
      ['100', 20],
      ['250', 30],
      ['+Inf', 30]
    ] as const) {
      add(`istio_request_duration_milliseconds_bucket{${CALLED},response_code="200",le="${le}"}`, more * scrape)
    }
    for (const [pod, counted] of [
      ['steady', scrape],
      ['restarted', since]
    ] as const) {
      add(`istio_requests_total{${SERVED},pod="${pod}",response_code="200"}`, 29 * counted)
      add(`istio_requests_total{${SERVED},pod="${pod}",response_code="503"}`, counted)
      add(`istio_request_duration_milliseconds_bucket{${SERVED},pod="${pod}",response_code="200",le="100"}`, 20 * counted)
      add(`istio_request_duration_milliseconds_bucket{${SERVED},pod="${pod}",response_code="200",le="+Inf"}`, 30 * counted)
    }
    for (let pod = 0; pod < PODS; pod++) add(`many{pod="${pod}"}`, scrape * PODS + pod)
  }
  return `${lines.join('\n')}\n# EOF\n`
}

describe.skipIf(PROMETHEUS_FOLDER === undefined)('six hours in a real Prometheus', () => {
  beforeAll(async () => {
    await pages.start()
    await prometheus.start()
  })
  afterAll(async () => {
    await prometheus.stop()
    await pages.stop()
  })

  it('a stream: what all pods counted in each minute, one that was started again too; all events and bad ones of the same minutes', async () => {
    const series = new PrometheusSeries(realWorld())
    const asked = (selector: string): ReturnType<PrometheusSeries['increases']> =>
      series.increases({ provider: providerAt(prometheus.url), selector }, never)
    const [orders, failed] = [await asked('orders_total'), await asked('orders_failed_total')]
    expect(orders.length).toBeGreaterThanOrEqual(MINUTES - 3)
    expect(orders.every(({ at }) => at % 60_000 === 0)).toBe(true)
    // Prometheus guesses at the beginning, at the restart and at the end.
    expect(orders.filter(({ value }) => Math.abs(value - 24) < 0.001).length).toBeGreaterThanOrEqual(MINUTES - 6)
    const bad = new Map(failed.map(({ at, value }) => [at, value]))
    expect(orders.slice(1, -1).map(({ at }) => Math.round(bad.get(at) ?? 0))).toEqual(orders.slice(1, -1).map(() => 4))
  })

  // Two samples make an increase: the gate's defaults hold.
  it('a stream that is scraped each minute has no increase in any', async () => {
    const series = new PrometheusSeries(realWorld())
    expect(await series.increases({ provider: providerAt(prometheus.url), selector: 'rare_total' }, never)).toEqual([])
  })

  it('the mesh: requests, failures and durations of each minute', async () => {
    const source = new PrometheusCounters({ address: prometheus.url, interval: 15_000 }, realWorld())
    const slices = (await source.history(STABLE, never)).slice(1, -1)
    expect(slices.length).toBeGreaterThanOrEqual(MINUTES - 5)
    const buckets = [...source.edges, Infinity].map((edge) => (edge === 100 ? 80 : edge === 250 ? 40 : 0))
    expect(slices).toEqual(slices.map(() => ({ requests: 120, failures: 4, buckets })))
  })

  it('a backtest: what each pod served in each look, as often as it was scraped', async () => {
    const source = new PrometheusRanges({ url: prometheus.url, headers: {} }, guardedFetch())
    const ask = { namespace: 'shop', workload: 'api', from: start * 1000, to: (end - EVERY) * 1000, look: undefined, objective: undefined }
    const traffic = await readPrometheus(source, ask, never)
    expect([traffic.grid, traffic.pods]).toEqual([{ start: start * 1000, look: EVERY * 1000, edges: [100] }, ['restarted', 'steady']])
    const looks = Array.from({ length: SCRAPES - 1 }, (_, index) => index + 1)
    const served = { requests: 30, failures: 1, timed: 30, slower: [10] }
    const nothing = { requests: 0, failures: 0, timed: 0, slower: [0] }
    expect(looks.map((look) => traffic.counts('steady', look))).toEqual(looks.map(() => served))
    expect(looks.map((look) => traffic.counts('restarted', look))).toEqual(looks.map((look) => (look === SCRAPES / 2 ? nothing : served)))
    await expect(readPrometheus(source, { ...ask, workload: 'web' }, never)).rejects.toThrow('workloads with it in its last day: api')
  })

  it('a range of more samples than it loads at a time comes in smaller chunks, each sample once', async () => {
    const source = new PrometheusRanges({ url: prometheus.url, headers: {} }, guardedFetch())
    const chunks: (readonly RangeSeries[])[] = []
    const ask = { query: 'many{}', from: start * 1000, to: (end - EVERY) * 1000, step: EVERY * 1000 }
    for await (const chunk of source.chunks(ask, never)) chunks.push(chunk)
    expect(chunks.map((chunk) => chunk[0]?.points.length)).toEqual([240, 480, 480, 240])
    for (const pod of ['0', '39']) {
      const points = chunks.flatMap((chunk) => chunk.filter(({ labels }) => labels['pod'] === pod).flatMap(({ points }) => points))
      expect(points).toEqual(
        Array.from({ length: SCRAPES }, (_, scrape) => ({ at: (start + EVERY * scrape) * 1000, value: scrape * PODS + Number(pod) }))
      )
    }
  })
})
