import { describe, expect, it } from 'vitest'
import { madeHistory } from '../../test/pod-history.ts'
import { type Kept, servePrometheus } from '../../test/prometheus-ranges.ts'
import { guardedFetch } from '../remote/guarded-fetch.ts'
import { PrometheusRanges } from '../remote/prometheus-ranges.ts'
import { PodTraffic } from '../sim/pod-traffic.ts'
import { type HistoryAsk, readPrometheus } from './backtest-prometheus.ts'

const never = new AbortController().signal
const START = 1_790_000_000_000
const LOOK = 15_000
const LOOKS = 500
const ASK: HistoryAsk = { namespace: 'shop', workload: 'api', from: START, to: START + LOOKS * LOOK, look: undefined, objective: undefined }

const MADE = {
  start: START,
  look: LOOK,
  looks: LOOKS,
  rate: 40,
  seed: 2,
  pods: ['a', 'b'].map((name) => ({ name, failing: (): number => 0.01 }))
}

const LABELS = { reporter: 'destination', destination_workload_namespace: 'shop', destination_workload: 'api', response_flags: '-' }

// As Istio's proxies count it: good and bad answers apart, buckets cumulative.
function kept(more: Readonly<Record<string, string>> = {}): readonly Kept[] {
  const history = madeHistory(MADE)
  return MADE.pods.flatMap(({ name: pod }) => {
    const of = (key: string): Kept['samples'] => history.find((series) => series.pod === pod && series.key === key)?.points ?? []
    const [all, bad, fast] = [of('all'), of('5xx'), of('le 100')]
    const labels = { ...LABELS, pod, ...more }
    const good = all.map(({ at, value }, index) => ({ at, value: value - (bad[index]?.value ?? 0) }))
    const count = { __name__: 'istio_requests_total', ...labels }
    const bucket = { __name__: 'istio_request_duration_milliseconds_bucket', ...labels, response_code: '200' }
    return [
      { labels: { ...count, response_code: '200' }, samples: good },
      { labels: { ...count, response_code: '503' }, samples: bad.filter(({ value }) => value > 0) },
      { labels: { ...bucket, le: '5' }, samples: all.map(({ at }) => ({ at, value: 0 })) },
      { labels: { ...bucket, le: '100' }, samples: fast },
      { labels: { ...bucket, le: '+Inf' }, samples: all }
    ]
  })
}

async function read(series: readonly Kept[], ask: Partial<HistoryAsk> = {}): Promise<PodTraffic> {
  const server = await servePrometheus(series)
  return readPrometheus(new PrometheusRanges({ url: server.address, headers: {} }, guardedFetch()), { ...ASK, ...ask }, never)
}

describe('the history of a workload', () => {
  it('is that of each pod, as it was counted', async () => {
    const traffic = await read(kept())
    const same = new PodTraffic({ start: START, look: LOOK, edges: [100] })
    same.add(madeHistory(MADE))
    expect(traffic.grid).toEqual({ start: START, look: LOOK, edges: [100] })
    expect(traffic.pods).toEqual(['a', 'b'])
    for (const pod of ['a', 'b']) {
      for (let look = 1; look < LOOKS; look++) expect(traffic.counts(pod, look)).toEqual(same.counts(pod, look))
    }
  })

  it('leaves out requests that nobody waited for, other workloads, and what callers count', async () => {
    const other = [
      ...kept({ response_flags: 'DC', pod: 'c' }),
      ...kept({ destination_workload: 'web', pod: 'd' }),
      ...kept({ reporter: 'source', pod: 'e' })
    ]
    expect((await read([...kept(), ...other])).pods).toEqual(['a', 'b'])
  })

  it('is looked at as often as it was scraped, or as asked', async () => {
    const sparse = kept().map((series) => ({ ...series, samples: series.samples.filter((_, index) => index % 2 === 0) }))
    expect((await read(sparse)).grid.look).toBe(30_000)
    expect((await read(kept(), { look: 60_000 })).grid.look).toBe(60_000)
  })

  it('names pods by the label that there is', async () => {
    const unnamed = kept().map(({ labels: { pod = '', ...labels }, samples }) => ({
      labels: { ...labels, instance: `10.0.0.${pod}:15020` },
      samples
    }))
    expect((await read(unnamed)).pods).toEqual(['10.0.0.a:15020', '10.0.0.b:15020'])
  })

  it('has the edge that an objective names, though it tells nothing', async () => {
    expect((await read(kept(), { objective: 5 })).grid.edges).toEqual([5, 100])
  })

  it('that is not there is told with what is', async () => {
    await expect(read(kept(), { workload: 'web' })).rejects.toThrow(
      'no istio_requests_total with reporter="destination" of workload web in namespace shop in this time; workloads with it in its last day: api'
    )
    await expect(read(kept(), { namespace: 'other' })).rejects.toThrow('none of any workload in this namespace in its last day')
  })
})
