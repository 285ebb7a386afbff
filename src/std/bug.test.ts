import { expect, test } from 'vitest'
import { assert, Bug, unreachable } from './bug.ts'

test('a claim that does not hold is a Bug with the claim as its message', () => {
  expect(() => assert(1 + 1 === 2, 'sums are sums')).not.toThrow()
  expect(() => assert(false, 'weight above 100')).toThrow(new Bug('weight above 100'))
})

test('reaching the unreachable names the value', () => {
  // the cast stands for a value that broke its type at run time
  expect(() => unreachable('odd' as never)).toThrow('unreachable: "odd"')
})
