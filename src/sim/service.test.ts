import { describe, expect, it } from 'vitest'
import type { Served } from '../gate/served.ts'
import { quantile } from '../metrics/buckets.ts'
import { seeded } from '../std/draw.ts'
import { GOOD, type Regression } from './regression.ts'
import { type Disturbance, SimulatedService, sumOf, USUAL, withLatency } from './service.ts'

const SECONDS = 2_000
const NOTHING: Served = { requests: 0, failures: 0, buckets: Array.from({ length: USUAL.edges.length + 1 }, () => 0) }

interface Asked {
  readonly regression?: Regression
  readonly rate?: number
  readonly errors?: number
  readonly from?: number
  readonly to?: number
}

// What both versions serve in so many seconds, 10 % of it at the canary.
function served(disturbance: Disturbance, { regression = GOOD, rate = 200, errors = 0.01, from = 0, to = SECONDS }: Asked = {}) {
  const service = new SimulatedService({ ...USUAL, rate, errors }, seeded(5), { regression, disturbance })
  let [canary, stable] = [NOTHING, NOTHING]
  for (let second = 0; second < to; second++) {
    const pair = service.span(second, second + 1, 10)
    if (second < from) continue
    canary = sumOf(canary, pair.canary)
    stable = sumOf(stable, pair.stable)
  }
  return { canary, stable }
}

const failing = ({ failures, requests }: Served): number => failures / requests
const slowerThan = ({ buckets }: Served, edge: number): number => {
  const all = buckets.reduce((sum, count) => sum + count, 0)
  return buckets.slice(USUAL.edges.indexOf(edge) + 1).reduce((sum, count) => sum + count, 0) / all
}

describe('a simulated service', () => {
  it('splits requests by weight, fails and takes as long as it is told', () => {
    const { canary, stable } = served('calm')
    expect(canary.requests / (canary.requests + stable.requests)).toBeCloseTo(0.1, 2)
    expect(canary.requests + stable.requests).toBeGreaterThan(0.99 * 200 * SECONDS)
    expect(failing(canary)).toBeCloseTo(0.01, 2)
    expect(slowerThan(stable, 500)).toBeCloseTo(0.0011, 3)
    expect(slowerThan(stable, 100)).toBeCloseTo(0.23, 2)
    for (const version of [canary, stable]) expect(version.buckets.reduce((sum, count) => sum + count, 0)).toBe(version.requests)
  })

  it.each([
    [60, 300, [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000]],
    [2, 8, [0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000]],
    [500, 2_000, [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000]]
  ])('takes a latency of %d and %d ms, in buckets that tell it from a slower one', (median, p99, edges) => {
    const like = withLatency(median, p99)
    expect(like).toEqual({ median, p99, edges })
    const { stable } = new SimulatedService({ ...like, rate: 200, errors: 0 }, seeded(3)).span(0, SECONDS, 0)
    expect((quantile(0.99, stable.buckets, edges) ?? 0) / p99).toBeGreaterThan(0.7)
    expect((quantile(0.99, stable.buckets, edges) ?? 0) / p99).toBeLessThan(1.3)
  })

  it('has a regression in the canary alone, and from its weight on alone', () => {
    const { canary, stable } = served('calm', { regression: { errors: 0.05, slower: 2, fromWeight: 10 } })
    expect(failing(canary)).toBeCloseTo(0.06, 2)
    expect(failing(stable)).toBeCloseTo(0.01, 2)
    expect(slowerThan(canary, 250)).toBeGreaterThan(3 * slowerThan(stable, 250))
    expect(failing(served('calm', { regression: { errors: 0.05, slower: 2, fromWeight: 25 } }).canary)).toBeCloseTo(0.01, 2)
  })

  it('has storms with as many failures as without, in fewer seconds', () => {
    const seconds = (disturbance: Disturbance): number => {
      const service = new SimulatedService({ ...USUAL, rate: 200, errors: 0.01 }, seeded(5), { disturbance })
      let hit = 0
      for (let second = 0; second < SECONDS; second++) if (service.span(second, second + 1, 10).stable.failures > 0) hit += 1
      return hit
    }
    expect(failing(served('storms').stable)).toBeCloseTo(0.0105, 2)
    expect(seconds('storms')).toBeLessThan(0.4 * seconds('calm'))
  })

  it('has blips of single pods', () => {
    // Of a service that fails nothing else: three seconds in six hundred, 30 % of what a pod gets.
    const { canary, stable } = served('blips', { errors: 0 })
    expect(failing(canary)).toBeGreaterThan(0.0005)
    expect(failing(stable)).toBeGreaterThan(0.001)
    expect(failing(stable)).toBeLessThan(0.002)
    // What fails so takes more than a second.
    for (const version of [canary, stable]) expect(slowerThan(version, 1_000)).toBeGreaterThan(0.9 * failing(version))
    const calm = served('calm', { errors: 0 })
    expect([failing(calm.canary), failing(calm.stable)]).toEqual([0, 0])
  })

  // The share that takes longer than 250 ms, by the log-normal distribution whose median is 3 and 1.3 times as long.
  it.each<[Disturbance, number, number]>([
    ['outage', 0.31, 0.317],
    ['mild-outage', 0.02, 0.046]
  ])('has an %s of both versions for a minute', (disturbance, errors, slow) => {
    const { canary, stable } = served(disturbance, { rate: 20_000, from: 90, to: 100 })
    for (const version of [canary, stable]) {
      expect(Math.abs(failing(version) - errors)).toBeLessThan(0.004)
      expect(Math.abs(slowerThan(version, 250) - slow)).toBeLessThan(0.006)
    }
    const after = served(disturbance, { rate: 20_000, from: 200, to: 210 }).stable
    expect(Math.abs(failing(after) - 0.01)).toBeLessThan(0.002)
    expect(Math.abs(slowerThan(after, 250) - 0.0196)).toBeLessThan(0.002)
  })

  it.each<[Disturbance]>([['outage'], ['blips']])('is befallen by %s at the same seconds, whatever the canary gets', (disturbance) => {
    const bad = (weight: number): readonly number[] => {
      const service = new SimulatedService({ ...USUAL, rate: 5_000, errors: 0 }, seeded(5), { disturbance })
      const failures = Array.from({ length: 600 }, (_, second) => service.span(second, second + 1, weight).stable.failures)
      return failures.flatMap((count, second) => (count > 0 ? [second] : []))
    }
    expect(bad(50)).toEqual(bad(5))
    expect(bad(5).length).toBeGreaterThan(5)
  })

  it('begins cold and warms up', () => {
    const cold = served('cold-start', { rate: 5_000, from: 0, to: 1 })
    expect(slowerThan(cold.canary, 250)).toBeGreaterThan(10 * slowerThan(cold.stable, 250))
    expect(failing(cold.canary)).toBeGreaterThan(2 * failing(cold.stable))
    const warm = served('cold-start', { rate: 5_000, from: 100, to: 110 })
    expect(Math.abs(slowerThan(warm.canary, 250) - slowerThan(warm.stable, 250))).toBeLessThan(0.01)
    expect(Math.abs(failing(warm.canary) - failing(warm.stable))).toBeLessThan(0.005)
  })

  it('is cold with each share of the traffic that is new, when steps are', () => {
    const atTwenty = (disturbance: Disturbance): number => {
      const service = new SimulatedService({ ...USUAL, rate: 2_000, errors: 0.01 }, seeded(5), { disturbance })
      for (let second = 0; second < 100; second++) service.span(second, second + 1, 10)
      return slowerThan(service.span(100, 101, 20).canary, 250)
    }
    expect(atTwenty('cold-steps')).toBeGreaterThan(2 * atTwenty('cold-start'))
  })

  it('is the same again with the same seed', () => {
    expect(served('blips', { to: 50 })).toEqual(served('blips', { to: 50 }))
  })
})
