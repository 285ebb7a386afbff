import { expect, test } from 'vitest'
import { median, medianRatio, quantile } from './statistics.ts'

test('the median of an odd number is the middle one, of an even number the mean of the middle two', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([4, 1, 2, 100])).toBe(3)
  expect(median([])).toBeNaN()
})

test('a round in which the whole machine was slow does not move the ratio', () => {
  expect(medianRatio([12, 60, 12], [10, 50, 10])).toBe(1.2)
  expect(median([12, 60, 12]) / median([10, 50, 50])).not.toBe(1.2)
})

test('a round that only one of the two has does not count', () => {
  expect(medianRatio([2, 4, 100], [1, 2])).toBe(2)
})

test('a quantile is one of the values', () => {
  const hundred = Array.from({ length: 100 }, (_, at) => 100 - at)
  expect(quantile(hundred, 0.99)).toBe(99)
  expect(quantile(hundred, 1)).toBe(100)
  expect(quantile([7], 0)).toBe(7)
  expect(quantile([], 0.5)).toBeNaN()
})
