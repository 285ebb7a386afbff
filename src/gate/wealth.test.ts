import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { halfPlaneBet } from './half-plane.ts'
import { logMean, logSum, robustGain, staked } from './wealth.ts'

const logarithm = fc.oneof(fc.constant(-Infinity), fc.double({ min: -50, max: 50, noNaN: true }))

describe('logSum and logMean', () => {
  it('are those of the plain numbers', () => {
    fc.assert(
      fc.property(fc.array(logarithm, { minLength: 1, maxLength: 8 }), (wealths) => {
        const plain = wealths.map(Math.exp).reduce((sum, wealth) => sum + wealth, 0)
        const summed = wealths.reduce(logSum, -Infinity)
        expect(Math.abs(Math.exp(summed) - plain)).toBeLessThanOrEqual(1e-9 * plain)
        expect(Math.abs(Math.exp(logMean(wealths)) - plain / wealths.length)).toBeLessThanOrEqual(1e-9 * plain)
      })
    )
  })

  it('do not overflow', () => {
    expect(logSum(5000, 5000)).toBeCloseTo(5000 + Math.LN2)
    expect(logMean([5000, -5000])).toBeCloseTo(5000 - Math.LN2)
  })
})

describe('staked', () => {
  it('adds who joins before the look and multiplies all by what it was worth', () => {
    expect(staked(-Infinity, 0.4, Math.log(3))).toBeCloseTo(Math.log(1.2))
    expect(staked(Math.log(2), 0.5, Math.log(3))).toBeCloseTo(Math.log(7.5))
    expect(staked(-Infinity, 0, 2)).toBe(-Infinity)
  })
})

describe('robustGain', () => {
  const look = { canaryRequests: 10, canaryBad: 10, stableRequests: 90, stableBad: 0 }
  const bet = halfPlaneBet(look, { canary: 0.9, stable: 0.001 }, { ratio: 1.25, margin: 0.001 })

  it('gains at most the cap in one look, less the price of garbage', () => {
    expect(bet.gain).toBeGreaterThan(20)
    expect(robustGain(bet, { dispersion: 1, cap: 4.6 })).toBeCloseTo(4.6 - Math.log1p(0.001 * Math.expm1(4.6)))
  })

  it('divides gains and losses by the size of bursts', () => {
    const lost = { ...bet, gain: -7 }
    const kept = robustGain(lost, { dispersion: 10, cap: 4.6 })
    expect(kept).toBeLessThan(-0.7)
    expect(kept).toBeGreaterThan(-0.8)
  })

  it('costs next to nothing where little can be gained', () => {
    expect(robustGain({ gain: -0.01, growth: 0.001, most: 0.02 }, { dispersion: 1, cap: 4.6 })).toBeCloseTo(-0.01, 4)
    expect(robustGain({ gain: 0, growth: 0, most: 0 }, { dispersion: 1, cap: 4.6 })).toBe(0)
  })

  it('has an expectation of at most 1 even when one look in a thousand is the worst there can be', () => {
    const nothing = { canaryRequests: 2, canaryBad: 0, stableRequests: 30, stableBad: 0 }
    const [canaryRate, stableRate] = [0.1, 0.08]
    let clean = 0
    let worst = 0
    for (let canaryBad = 0; canaryBad <= 2; canaryBad++) {
      for (let stableBad = 0; stableBad <= 30; stableBad++) {
        const seen = halfPlaneBet({ ...nothing, canaryBad, stableBad }, { canary: 0.5, stable: 0.08 }, { ratio: 1.25, margin: 0 })
        const value = Math.exp(robustGain(seen, { dispersion: 1, cap: 4.6 }))
        clean += binomial(2, canaryBad, canaryRate) * binomial(30, stableBad, stableRate) * value
        worst = Math.max(worst, value)
      }
    }
    expect(0.999 * clean + 0.001 * worst).toBeLessThanOrEqual(1)
  })
})

function binomial(n: number, k: number, p: number): number {
  let ways = 1
  for (let i = 0; i < k; i++) ways = (ways * (n - i)) / (i + 1)
  return ways * p ** k * (1 - p) ** (n - k)
}
