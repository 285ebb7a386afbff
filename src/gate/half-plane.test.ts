import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { halfPlaneBet, NO_BET, projectedStable } from './half-plane.ts'

// Computed apart from this code, with bad = min(2, requests) on the canary and 1 on stable:
// canary, stable, requests of both, ratio, margin -> x, y, gain, growth.
const GOLDEN: readonly (readonly [number, number, number, number, number, number, number, number, number, number])[] = [
  [0.05, 0.001, 25, 475, 1.25, 0.001, 0.00459072755, 0.00287258204, 3.53616789, 2.2651315],
  [0.3, 0.001, 5, 95, 1.25, 0.001, 0.01983773666, 0.01507018933, 3.043094381, 3.9845244],
  [0.9, 0.001, 1, 19, 1.25, 0.001, 0.05742708288, 0.04514166631, -0.2444747055, 3.0377456],
  [0.0033, 0.001, 250, 4750, 1.25, 0.001, 0.002287538235, 0.001030030588, 0.5942701458, 0.051433243],
  [0.5, 0.2, 50, 50, 1, 0, 0.35, 0.35, -2.26542172, 5.0671837],
  [0.001, 0.001, 25, 475, 1.25, 0.005, 0.006184337922, 0.0009474703374, -3.495333673, 0.08507532],
  [0.01, 0.01, 250, 250, 1.25, 0.005, 0.01413575589, 0.007308604709, -0.01652245057, 0.28269463]
]

describe('halfPlaneBet', () => {
  it.each(GOLDEN)('has the values computed apart: %j', (...[canary, stable, nc, ns, ratio, margin, x, y, gain, growth]) => {
    const look = { canaryRequests: nc, canaryBad: Math.min(2, nc), stableRequests: ns, stableBad: 1 }
    const bet = halfPlaneBet(look, { canary, stable }, { ratio, margin })
    const projected = projectedStable(look, { canary, stable }, { ratio, margin })
    expect(projected).toBeCloseTo(y, 9)
    expect(ratio * projected + margin).toBeCloseTo(x, 9)
    expect(Math.abs(bet.gain / gain - 1)).toBeLessThan(1e-8)
    expect(Math.abs(bet.growth / growth - 1)).toBeLessThan(1e-6)
  })

  it('is no bet without requests of a version, or on the edge', () => {
    const look = { canaryRequests: 5, canaryBad: 2, stableRequests: 0, stableBad: 0 }
    expect(halfPlaneBet(look, { canary: 0.5, stable: 0.1 }, { ratio: 1, margin: 0.1 })).toEqual(NO_BET)
    expect(
      halfPlaneBet({ ...look, canaryRequests: 0, canaryBad: 0, stableRequests: 9 }, { canary: 0.5, stable: 0.1 }, { ratio: 1, margin: 0.1 })
    ).toEqual(NO_BET)
    expect(halfPlaneBet({ ...look, stableRequests: 9 }, { canary: 0.5, stable: 0.25 }, { ratio: 1, margin: 0.25 })).toEqual(NO_BET)
  })

  const rate = fc.double({ min: 1e-4, max: 0.95, noNaN: true })
  const situation = fc.record({
    nc: fc.integer({ min: 1, max: 9 }),
    ns: fc.integer({ min: 1, max: 12 }),
    stable: rate,
    ratio: fc.constantFrom(1, 1.2, 1.25),
    margin: fc.constantFrom(0, 0.001, 0.01, 0.05),
    effect: fc.constantFrom(0.003, 0.03, 0.3, 0.9),
    null: rate,
    within: fc.double({ min: 0, max: 1, noNaN: true })
  })

  it('can win no more than it says, on either side of the edge, and that much', () => {
    fc.assert(
      fc.property(situation, ({ nc, ns, stable, ratio, margin, effect, within }) => {
        const canary = within < 0.5 ? stable : Math.min(ratio * stable + margin + effect, 0.985)
        const edge = { ratio, margin: within < 0.5 ? effect : margin }
        const bets = [0, nc].flatMap((canaryBad) =>
          [0, ns].map((stableBad) =>
            halfPlaneBet({ canaryRequests: nc, canaryBad, stableRequests: ns, stableBad }, { canary, stable }, edge)
          )
        )
        const most = Math.max(...bets.map(({ gain }) => gain))
        for (const each of bets) expect(Math.abs(each.most - most)).toBeLessThanOrEqual(1e-9 * Math.max(1, most))
      })
    )
  })

  it('has an expectation of at most 1 for every pair of rates within the edge, all outcomes enumerated', () => {
    fc.assert(
      fc.property(situation, ({ nc, ns, stable, ratio, margin, effect, null: nullStable, within }) => {
        const canary = Math.min(ratio * stable + margin + effect, 0.985)
        fc.pre(canary > ratio * stable + margin)
        const nullCanary = within * Math.min(1, ratio * nullStable + margin)
        expect(expected({ nc, ns, canary, stable, ratio, margin, nullCanary, nullStable })).toBeLessThanOrEqual(1 + 1e-9)
      }),
      { numRuns: 300 }
    )
  })

  it('has an expectation of at most 1 for every pair beyond the edge when the bet is that the canary is fine', () => {
    fc.assert(
      fc.property(situation, ({ nc, ns, stable, ratio, effect, null: nullStable, within }) => {
        const least = ratio * nullStable + effect
        fc.pre(least < 1)
        const nullCanary = least + within * (1 - least)
        expect(expected({ nc, ns, canary: stable, stable, ratio, margin: effect, nullCanary, nullStable })).toBeLessThanOrEqual(1 + 1e-9)
      }),
      { numRuns: 300 }
    )
  })

  it('knows its growth and its most: they are the mean under the alternative and the maximum, all outcomes enumerated', () => {
    fc.assert(
      fc.property(situation, ({ nc, ns, stable, ratio, margin, effect }) => {
        const canary = Math.min(ratio * stable + margin + effect, 0.985)
        fc.pre(canary > ratio * stable + margin)
        const seen = { mean: 0, most: -Infinity, growth: 0, largest: 0 }
        for (const { chance, bet } of outcomes({ nc, ns, canary, stable, ratio, margin, nullCanary: canary, nullStable: stable })) {
          seen.mean += chance * bet.gain
          seen.most = Math.max(seen.most, bet.gain)
          seen.growth = bet.growth
          seen.largest = bet.most
        }
        expect(seen.growth).toBeCloseTo(seen.mean, 8)
        expect(seen.largest).toBeCloseTo(seen.most, 8)
      }),
      { numRuns: 100 }
    )
  })

  it('stays finite at the largest looks and the smallest rates', () => {
    for (const nc of [1, 1e6]) {
      for (const ns of [1, 1e9]) {
        for (const stable of [2e-5, 0.5, 0.98]) {
          const canary = Math.min(1.25 * stable + 0.9, 0.985)
          if (canary <= 1.25 * stable + 0.001) continue
          const look = { canaryRequests: nc, canaryBad: nc, stableRequests: ns, stableBad: 0 }
          const { gain, growth, most } = halfPlaneBet(look, { canary, stable }, { ratio: 1.25, margin: 0.001 })
          expect([gain, growth, most].every(Number.isFinite)).toBe(true)
        }
      }
    }
  })
})

interface Situation {
  readonly nc: number
  readonly ns: number
  readonly canary: number
  readonly stable: number
  readonly ratio: number
  readonly margin: number
  readonly nullCanary: number
  readonly nullStable: number
}

function* outcomes({ nc, ns, canary, stable, ratio, margin, nullCanary, nullStable }: Situation) {
  for (let canaryBad = 0; canaryBad <= nc; canaryBad++) {
    for (let stableBad = 0; stableBad <= ns; stableBad++) {
      const look = { canaryRequests: nc, canaryBad, stableRequests: ns, stableBad }
      const chance = binomial(nc, canaryBad, nullCanary) * binomial(ns, stableBad, nullStable)
      yield { chance, bet: halfPlaneBet(look, { canary, stable }, { ratio, margin }) }
    }
  }
}

function expected(situation: Situation): number {
  let sum = 0
  for (const { chance, bet } of outcomes(situation)) sum += chance * Math.exp(bet.gain)
  return sum
}

function binomial(n: number, k: number, p: number): number {
  let ways = 1
  for (let i = 0; i < k; i++) ways = (ways * (n - i)) / (i + 1)
  return ways * p ** k * (1 - p) ** (n - k)
}
