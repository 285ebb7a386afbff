// A real Prometheus that has the series of a mesh of many callers, some of them twice: what the gate's source of counters reads of it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PrometheusCounters } from '../../src/remote/prometheus-counters.ts'
import { type MeshSize, meshPage } from '../istio-mesh.ts'
import { realWorld } from './prometheus-counts.ts'
import { PROMETHEUS_FOLDER } from './prometheus-program.ts'
import { Pages, RealPrometheus } from './real-prometheus.ts'

const PAGES = 5
const PODS = 500
const CODES = ['200', '404', '503']
const EDGES = [100, 250, 500]
// What was shown for a moment is to be among what is looked back for until the end of the test.
const SCRAPED_SELDOM = 30_000

const never = new AbortController().signal
const pages = new Pages()
const large = Array.from({ length: PAGES }, (_, index) => `large-${index}`)
const twice = ['twice-1', 'twice-2']
const prometheus = new RealPrometheus({ pages, names: [...large, ...twice] })

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
  await prometheus.start()
})
afterAll(async () => {
  await prometheus.stop()
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
})
