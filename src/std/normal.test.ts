import { expect, test } from 'vitest'
import { normalShare } from './normal.ts'

test.each([
  [0, 0.5],
  [1, 0.158655254],
  [-1, 0.841344746],
  [1.644853627, 0.05],
  [2.575829304, 0.005],
  [4, 3.167e-5]
])('above %f is a share of %f', (z, share) => {
  expect(Math.abs(normalShare(z) - share)).toBeLessThan(2e-7)
})
