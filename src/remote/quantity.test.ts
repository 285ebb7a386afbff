import { expect, test } from 'vitest'
import { quantityOf } from './quantity.ts'

test.each([
  ['5', 5],
  ['1500m', 1.5],
  ['-2k', -2000],
  ['2Ki', 2048],
  ['3e2', 300],
  ['.5', 0.5],
  ['1E', 1e18],
  ['', undefined],
  ['x', undefined],
  ['1Kb', undefined]
])('%s is %j', (text, number) => {
  expect(quantityOf(text)).toBe(number)
})
