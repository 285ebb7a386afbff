import { describe, expect, it } from 'vitest'
import { seeded } from '../std/draw.ts'
import { binomial, exponential, normal, poisson } from './chance.ts'

const DRAWS = 40_000

// Pearson's statistic over cells that expect at least 20, and how many those are.
function misfit(sample: () => number, chanceOf: (count: number) => number): { readonly squares: number; readonly cells: number } {
  const seen = new Map<number, number>()
  for (let index = 0; index < DRAWS; index++) {
    const count = sample()
    seen.set(count, (seen.get(count) ?? 0) + 1)
  }
  let [squares, cells, restSeen, restExpected] = [0, 0, DRAWS, DRAWS]
  for (let count = 0; count < 2_000; count++) {
    const expected = chanceOf(count) * DRAWS
    if (expected < 20) continue
    squares += ((seen.get(count) ?? 0) - expected) ** 2 / expected
    cells += 1
    restSeen -= seen.get(count) ?? 0
    restExpected -= expected
  }
  return { squares: squares + (restExpected > 20 ? (restSeen - restExpected) ** 2 / restExpected : 0), cells }
}

// A chance below one in ten thousand: mean and four deviations of chi-square.
const limit = (cells: number): number => cells + 4 * Math.sqrt(2 * cells)

describe('binomial', () => {
  it.each([
    [1, 0.3],
    [20, 0.05],
    [5_000, 0.001],
    [100, 0.4],
    [400, 0.1],
    [1_000, 0.97]
  ])('draws from the distribution: %d trials, share %d', (trials, share) => {
    const draw = seeded(trials)
    const { squares, cells } = misfit(
      () => binomial(draw, trials, share),
      (count) => (count > trials ? 0 : Math.exp(logWays(trials, count) + count * Math.log(share) + (trials - count) * Math.log(1 - share)))
    )
    expect(squares).toBeLessThan(limit(cells))
  })

  it('has nothing to choose at the ends', () => {
    expect([binomial(seeded(1), 0, 0.5), binomial(seeded(1), 9, 0), binomial(seeded(1), 9, 1)]).toEqual([0, 0, 9])
  })
})

describe('poisson', () => {
  it.each([0.2, 5, 12, 80, 900])('draws from the distribution of mean %d', (mean) => {
    const draw = seeded(7)
    const { squares, cells } = misfit(
      () => poisson(draw, mean),
      (count) => Math.exp(count * Math.log(mean) - mean - logFactorial(count))
    )
    expect(squares).toBeLessThan(limit(cells))
  })
})

describe('normal and exponential', () => {
  it('have their means and variances', () => {
    const draw = seeded(3)
    const moments = (sample: () => number): readonly [number, number] => {
      const values = Array.from({ length: DRAWS }, sample)
      const mean = values.reduce((sum, value) => sum + value, 0) / DRAWS
      return [mean, values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / DRAWS]
    }
    const [normalMean, normalVariance] = moments(() => normal(draw))
    const [mean, variance] = moments(() => exponential(draw))
    expect(Math.abs(normalMean)).toBeLessThan(0.03)
    expect(Math.abs(normalVariance - 1)).toBeLessThan(0.05)
    expect(Math.abs(mean - 1)).toBeLessThan(0.03)
    expect(Math.abs(variance - 1)).toBeLessThan(0.08)
  })
})

function logFactorial(n: number): number {
  let sum = 0
  for (let k = 2; k <= n; k++) sum += Math.log(k)
  return sum
}

function logWays(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k)
}
