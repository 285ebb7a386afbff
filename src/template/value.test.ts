import { expect, test } from 'vitest'
import { compare, floatText, isTrue, printed, type Value } from './value.ts'

test.each<readonly [Value, string]>([
  [undefined, '<no value>'],
  ['a', 'a'],
  [3n, '3'],
  [1.5, '1.5'],
  [true, 'true'],
  [
    new Map([
      ['b', '2'],
      ['a', '1']
    ]),
    'map[a:1 b:2]'
  ]
])('%s prints as %j', (value, text) => {
  expect(printed(value)).toBe(text)
})

test.each([
  [0, '0'],
  [-0, '-0'],
  [123_456, '123456'],
  [1e6, '1e+06'],
  [0.0001, '0.0001'],
  [0.000_01, '1e-05'],
  [Infinity, '+Inf'],
  [NaN, 'NaN']
])('the float %d is %s', (value, text) => {
  expect(floatText(value)).toBe(text)
})

test('empty and zero values are not true', () => {
  expect([undefined, '', 0n, 0, false, new Map()].map(isTrue)).toEqual([false, false, false, false, false, false])
  expect(['a', 1n, 0.5, true, new Map([['a', '']])].map(isTrue)).toEqual([true, true, true, true, true])
})

test('an int and a float do not compare', () => {
  expect(compare(1n, 1)).toBeUndefined()
  expect(compare(1n, 2n)).toBe(-1)
})
