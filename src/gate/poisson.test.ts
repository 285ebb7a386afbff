import { describe, expect, it } from 'vitest'
import { isWithin, likelyMost, moreThan } from './poisson.ts'

describe('likelyMost', () => {
  // Quantiles of the Poisson distribution from published tables.
  it.each([
    [0, 0],
    [0.05, 0],
    [0.1, 1],
    [1, 3],
    [2, 5],
    [5, 9],
    [10, 15]
  ])('of a mean of %d is %d', (mean, most) => {
    expect(likelyMost(mean)).toBe(most)
  })

  it('goes on evenly where the normal distribution takes over', () => {
    expect(Math.abs(likelyMost(399) - likelyMost(401))).toBeLessThan(5)
  })
})

describe('moreThan', () => {
  it.each([
    [0, 1, 0.63212],
    [1.9, 1, 0.26424],
    [3, 2, 0.142877],
    [20, 10, 0.001588]
  ])('above %d of a mean of %d is a chance of %d', (most, mean, chance) => {
    expect(moreThan(most, mean)).toBeCloseTo(chance, 5)
  })

  it('goes on evenly where the normal distribution takes over', () => {
    for (const most of [370, 400, 430, 460]) expect(Math.abs(moreThan(most, 399.9) - moreThan(most, 400.1))).toBeLessThan(0.012)
  })

  it('is the other side of likelyMost', () => {
    for (const mean of [0.5, 3, 40, 390]) {
      expect(moreThan(likelyMost(mean), mean)).toBeLessThanOrEqual(0.05)
      expect(moreThan(likelyMost(mean) - 1, mean)).toBeGreaterThan(0.05)
    }
  })
})

describe('isWithin', () => {
  it('allows for bursts', () => {
    expect(isWithin(3, 1000, 0.001, 1)).toBe(true)
    expect(isWithin(4, 1000, 0.001, 1)).toBe(false)
    expect(isWithin(4, 1000, 0.001, 8)).toBe(true)
  })
})
