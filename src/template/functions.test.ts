import { expect, test } from 'vitest'
import { FUNCTIONS } from './functions.ts'
import type { Value } from './value.ts'

const call = (name: string, ...args: readonly Value[]): Value =>
  FUNCTIONS[name]?.(args, (because) => {
    throw new Error(because)
  })

test.each<readonly [string, readonly Value[], Value]>([
  ['print', [1n, 2n, 'a', 3n], '1 2a3'],
  ['len', ['ä'], 2n],
  ['index', [new Map([['a', 'x']]), 'a'], 'x'],
  ['index', [new Map([['a', 'x']]), 'b'], ''],
  ['slice', ['hello', 1n, 3n], 'el'],
  ['eq', [1n, 2n, 1n], true],
  ['ne', ['a', 'b'], true],
  ['le', [2n, 2n], true],
  ['not', [''], true]
])('%s of %o is %o', (name, args, value) => {
  expect(call(name, ...args)).toBe(value)
})

test.each<readonly [string, readonly Value[]]>([
  ['eq', [1n, 1]],
  ['lt', [true, false]],
  ['len', [1n]],
  ['index', ['abc', 3n]],
  ['slice', ['abc', 2n, 1n]],
  ['not', []]
])('%s refuses %o', (name, args) => {
  expect(() => call(name, ...args)).toThrow(/./)
})
