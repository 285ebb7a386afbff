import { expect, test } from 'vitest'
import { sum } from './sum.ts'

test('all values are added up', () => {
  expect([sum([]), sum([1, 2, 3.5])]).toEqual([0, 6.5])
})
