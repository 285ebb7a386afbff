import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { increaseSince, NO_BASELINE } from '../gate/increments.ts'
import { PodTraffic, type PodSeries, TooMuchTraffic } from './pod-traffic.ts'

const START = 1_790_000_000_000
const LOOK = 15_000
const at = (look: number): number => START + look * LOOK

function series(values: readonly (readonly [look: number, value: number])[], over: Partial<PodSeries> = {}): PodSeries {
  return { pod: 'a', key: '200', into: ['requests'], points: values.map(([look, value]) => ({ at: at(look), value })), ...over }
}

function trafficOf(...stretches: readonly (readonly PodSeries[])[]): PodTraffic {
  const traffic = new PodTraffic({ start: START, look: LOOK, edges: [100] })
  for (const each of stretches) traffic.add(each)
  return traffic
}

const requests = (traffic: PodTraffic, pod = 'a'): readonly number[] =>
  Array.from({ length: traffic.looks }, (_, look) => traffic.counts(pod, look).requests)

describe('the traffic of pods', () => {
  it('is what counters grew by, look by look, whatever stretches they come in', () => {
    const whole = trafficOf([
      series([
        [0, 10],
        [1, 12],
        [2, 12],
        [3, 20]
      ])
    ])
    expect(requests(whole)).toEqual([0, 2, 0, 8])
    const parts = trafficOf(
      [
        series([
          [0, 10],
          [1, 12]
        ])
      ],
      [
        series([
          [2, 12],
          [3, 20]
        ])
      ]
    )
    expect(requests(parts)).toEqual(requests(whole))
  })

  it('counts from 0 after a restart', () => {
    expect(
      requests(
        trafficOf([
          series([
            [0, 100],
            [1, 110],
            [2, 7],
            [3, 9]
          ])
        ])
      )
    ).toEqual([0, 10, 7, 2])
  })

  it("counts a pod's first failure, and not what a pod had counted before it was seen", () => {
    const known = series([
      [0, 5],
      [1, 6],
      [2, 7]
    ])
    const traffic = trafficOf([known, series([[2, 3]], { key: '503', into: ['requests', 'failures'] }), series([[2, 40]], { pod: 'b' })])
    expect(traffic.counts('a', 2)).toEqual({ requests: 4, failures: 3, timed: 0, slower: [0] })
    expect(requests(traffic, 'b')).toEqual([0, 0, 0])
    expect([traffic.bornAt('b'), traffic.has('b', 1), traffic.has('b', 2)]).toEqual([2, false, true])
  })

  it('leaves out what happened in a gap, and a counter that comes after one', () => {
    const traffic = trafficOf([
      series([
        [0, 5],
        [1, 6],
        [9, 100],
        [10, 103]
      ]),
      series(
        [
          [9, 50],
          [10, 51]
        ],
        { key: '503', into: ['requests', 'failures'] }
      )
    ])
    expect(requests(traffic)).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 4])
    expect(traffic.gaps).toBe(1)
    expect(traffic.has('a', 5)).toBe(false)
  })

  it('has requests with a duration, and those slower than an edge', () => {
    const timed = series(
      [
        [0, 0],
        [1, 10]
      ],
      { key: 'inf', into: ['timed'] }
    )
    const fast = series(
      [
        [0, 0],
        [1, 7]
      ],
      { key: 'le', into: [0] }
    )
    expect(trafficOf([timed, fast]).counts('a', 1)).toEqual({ requests: 0, failures: 0, timed: 10, slower: [3] })
  })

  it('reads no value that is none, and none that comes late', () => {
    const odd = series([
      [0, 1],
      [1, Number.NaN],
      [1, 4],
      [1, 9],
      [2, -3],
      [2, 5]
    ])
    expect(requests(trafficOf([odd]))).toEqual([0, 3, 1])
  })

  it('counts as the gate does between its looks', () => {
    const counter = fc.array(fc.option(fc.integer({ min: 0, max: 50 }), { freq: 4 }), { minLength: 12, maxLength: 12 })
    fc.assert(
      fc.property(counter, counter, (one, other) => {
        const both = [one, other].map((values, key) =>
          series(
            values.flatMap((value, look) => (value === null ? [] : [[look, value] as const])),
            { key: String(key) }
          )
        )
        // The gate remembers for ten minutes what is not seen; history leaves out what comes after more than two looks.
        const gap = both.some(({ points }) =>
          points.some((point, index) => index > 0 && point.at - (points[index - 1]?.at ?? 0) > 2 * LOOK)
        )
        const unseen = one.some((value, look) => value === null && other[look] === null)
        fc.pre(!gap && !unseen)
        const traffic = trafficOf(both)
        let baseline = NO_BASELINE
        for (let look = 0; look < 12; look++) {
          const now = both.flatMap(({ key, points }) =>
            points.filter((point) => point.at === at(look)).map(({ value }) => ({ key, process: 'a', value }))
          )
          const increase = increaseSince(baseline, now, at(look))
          baseline = increase.baseline
          const sum = [...increase.counted.values()].reduce((total, more) => total + more, 0)
          expect(traffic.counts('a', look).requests).toBe(sum)
        }
      }),
      { numRuns: 300 }
    )
  })

  it('says so before it holds more than it can', () => {
    const points = [0, 20_000_000].map((look) => ({ at: at(look), value: 0 }))
    expect(() => trafficOf([series([], { points })])).toThrow(TooMuchTraffic)
  })
})
