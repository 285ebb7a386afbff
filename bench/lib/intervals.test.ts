import { expect, test } from 'vitest'
import { seeded } from '../../src/std/draw.ts'
import { lowerBound, ratioOfMedians, upperBound } from './intervals.ts'

test('none seen is bounded by the rule of three', () => {
  // 1 - 0.05^(1/n)
  expect(upperBound(0, 300)).toBeCloseTo(1 - 0.05 ** (1 / 300), 10)
  expect(upperBound(0, 20_000)).toBeCloseTo(3 / 20_000, 5)
})

test('bounds of some seen are those of the tables', () => {
  // 95 % two-sided for 5 of 10: 0.187 to 0.813
  expect(upperBound(5, 10, 0.025)).toBeCloseTo(0.8129, 4)
  expect(lowerBound(5, 10, 0.025)).toBeCloseTo(0.1871, 4)
  expect(upperBound(200, 20_000)).toBeCloseTo(0.01126, 4)
})

test('all seen, or none, is bounded by everything', () => {
  expect(upperBound(7, 7)).toBe(1)
  expect(lowerBound(0, 7)).toBe(0)
})

test('the interval of a ratio of medians has the truth in it, and is the same again', () => {
  const draw = seeded(4)
  const above = Array.from({ length: 200 }, () => 50 * draw())
  const below = Array.from({ length: 200 }, () => 10 * draw())
  const ratio = ratioOfMedians(above, below)
  expect(ratio.low).toBeLessThan(5)
  expect(ratio.high).toBeGreaterThan(5)
  expect(ratio.value).toBeGreaterThan(ratio.low)
  expect(ratio.value).toBeLessThan(ratio.high)
  expect(ratioOfMedians(above, below)).toEqual(ratio)
})
