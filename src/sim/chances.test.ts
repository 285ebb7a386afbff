import { describe, expect, it } from 'vitest'
import { shareOf, spreadOf } from './chances.ts'

describe('a share', () => {
  // Newcombe 1998, table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
    [29, 29, 0.883, 1]
  ])('of %d in %d has its published interval', (count, of, low, high) => {
    const found = shareOf(count, of)
    expect(found.low).toBeCloseTo(low, 4)
    expect(found.high).toBeCloseTo(high, 4)
  })

  it('of nothing can be anything', () => {
    expect(shareOf(0, 0)).toEqual({ count: 0, of: 0, low: 0, high: 1 })
  })
})

describe('a spread', () => {
  it('is the middle value and the one that 5 % are above', () => {
    expect(spreadOf(Array.from({ length: 101 }, (_, index) => 100 - index))).toEqual({ median: 50, p95: 95 })
    expect(spreadOf([7])).toEqual({ median: 7, p95: 7 })
    expect(spreadOf([])).toBeUndefined()
  })
})
