import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LogHistogram } from './log-histogram.ts'

test('a quantile is that of the sorted durations, at most a sixteenth too high and never too low', () => {
  const durations = fc.array(fc.double({ min: 0.001, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (all, q) => {
      const histogram = new LogHistogram()
      for (const ms of all) histogram.add(ms)
      const exact = all.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(q * all.length)) - 1]!
      const found = histogram.quantile(q)!
      expect(found).toBeGreaterThanOrEqual(exact * (1 - 1e-9))
      expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 16) * (1 + 1e-9))
    })
  )
})

test('an empty histogram has no quantile, and extremes do not get lost', () => {
  const histogram = new LogHistogram()
  expect(histogram.quantile(0.5)).toBeUndefined()
  histogram.add(0)
  histogram.add(1e12)
  expect([histogram.total, histogram.max]).toEqual([2, 1e12])
})
