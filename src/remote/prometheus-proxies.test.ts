import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { increaseSince, NO_BASELINE } from '../gate/increments.ts'
import { countedOnce } from './prometheus-proxies.ts'

type Labels = Readonly<Record<string, string>>

const POD = { namespace: 'shop', pod: 'web-1', reporter: 'source', source_workload: 'web', response_code: '200' }
const scraped = (labels: Labels, value = 1) => ({ labels: { ...POD, ...labels }, value })
const valuesOf = (...series: readonly ReturnType<typeof scraped>[]) => countedOnce(series).map(({ value }) => value)

describe('countedOnce', () => {
  it.each<[string, Labels, Labels]>([
    [
      'two jobs and ports',
      { job: 'pods', instance: '10.0.0.7:15020' },
      { job: 'envoy', instance: '10.0.0.7:15090', container: 'istio-proxy' }
    ],
    ['two replicas of a Prometheus', { prometheus_replica: 'prometheus-0' }, { prometheus_replica: 'prometheus-1' }],
    ['replicas by another name', { replica: 'a', thanos_replica: 'x' }, { replica: 'b', thanos_replica: 'y' }],
    ['two Prometheis', { prometheus: 'a/one' }, { prometheus: 'b/two' }],
    ['jobs that name pods differently', { job: 'a' }, { job: 'b', pod: '', namespace: '', kubernetes_pod_name: 'web-1', kubernetes_namespace: 'shop' }] // prettier-ignore
  ])('%s are one proxy: the one that counted most is taken', (_, one, other) => {
    const without = (labels: Labels): Labels => Object.fromEntries(Object.entries({ ...POD, ...labels }).filter(([, text]) => text !== ''))
    const series = [one, other].map((labels, index) => ({ labels: without(labels), value: 50 + index }))
    expect(countedOnce(series).map(({ value }) => value)).toEqual([51])
    expect(countedOnce(series.toReversed()).map(({ value }) => value)).toEqual([51])
    const ids = series.map((each) => countedOnce([each]).map(({ process, id }) => `${process} ${id}`))
    expect(ids[0]).toEqual(ids[1])
  })

  it.each<[string, Labels, Labels]>([
    ['two pods', { pod: 'a' }, { pod: 'b' }],
    ['pods of one name in two namespaces', { namespace: 'a' }, { namespace: 'b' }],
    ['pods of one name in two clusters', { cluster: 'a' }, { cluster: 'b' }],
    ['the same by what Istio says', { source_cluster: 'a', instance: '1' }, { source_cluster: 'b', instance: '2' }],
    ['two codes of a pod', { response_code: '200' }, { response_code: '503' }],
    ['two addresses, where nothing names a pod', { pod: '', instance: 'h:15020' }, { pod: '', instance: 'h:15090' }]
  ])('%s are two', (_, one, other) => {
    expect(valuesOf(scraped(one, 3), scraped(other, 4))).toEqual([3, 4])
  })

  it('takes all of a proxy from one source', () => {
    const of = (job: string, ok: number, failed: number) => [scraped({ job }, ok), scraped({ job, response_code: '503' }, failed)]
    expect(valuesOf(...of('a', 100, 3), ...of('b', 104, 4))).toEqual([104, 4])
  })

  it('takes always the same of sources that have other labels, as their series are others', () => {
    const [one, other] = [scraped({ job: 'a', service: 'x' }, 50), scraped({ job: 'b' }, 60)]
    const more = scraped({ job: 'a', service: 'x' }, 70)
    expect(valuesOf(one, other)).toEqual(valuesOf(other, one))
    expect(countedOnce([more, other]).map(({ labels }) => labels)).toEqual(countedOnce([one, other]).map(({ labels }) => labels))
  })

  it('leaves out what a waypoint counts for a caller that counts by itself', () => {
    const waypoint = { reporter: 'waypoint', pod: 'waypoint-1' }
    expect(valuesOf(scraped({}, 5), scraped(waypoint, 4), scraped({ ...waypoint, source_workload: 'ambient' }, 7))).toEqual([5, 7])
  })

  it('never counts twice or falls back, whichever source has looked last, and is there', () => {
    const look = fc.record({ more: fc.nat(9), seen: fc.constantFrom<readonly string[]>(['a'], ['b'], ['a', 'b'], []) })
    fc.assert(
      fc.property(fc.array(look, { maxLength: 40 }), (looks) => {
        const has = new Map([['a', 100], ['b', 100]]) // prettier-ignore
        let [baseline, all, total] = [NO_BASELINE, 100, 0]
        const take = (at: number): void => {
          const series = countedOnce([...has].map(([job, value]) => scraped({ job }, value)))
          const since = increaseSince(baseline, series.map(({ process, id, value }) => ({ process, key: id, value })), at) // prettier-ignore
          baseline = since.baseline
          for (const more of since.counted.values()) total += more
        }
        take(0)
        for (const [index, { more, seen }] of looks.entries()) {
          all += more
          for (const job of seen) has.set(job, all)
          take(index + 1)
        }
        for (const job of has.keys()) has.set(job, all)
        take(looks.length + 1)
        expect(total).toBe(all - 100)
      })
    )
  })
})
