import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dig, isObject, listAt, sameJson } from './json.ts'

test.each([
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
  [{ a: 1, b: undefined }, { a: 1 }, true],
  [{ a: 1 }, { a: 1, b: null }, false],
  [[1, 2], [2, 1], false],
  [[], {}, false],
  [null, undefined, false],
  [null, {}, false],
  ['1', 1, false]
])('sameJson(%j, %j) is %s', (a, b, same) => {
  expect(sameJson(a, b)).toBe(same)
  expect(sameJson(b, a)).toBe(same)
})

test('a JSON value equals its copy, and two values are equal exactly when their sorted texts are', () => {
  const sorted = (value: unknown): string =>
    JSON.stringify(value, (_, inner: unknown) =>
      isObject(inner) ? Object.fromEntries(Object.entries(inner).toSorted(([x], [y]) => (x < y ? -1 : 1))) : inner
    )
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (a, b) => {
      expect(sameJson(a, JSON.parse(JSON.stringify(a)))).toBe(true)
      expect(sameJson(a, b)).toBe(sorted(a) === sorted(b))
    })
  )
})

test('dig follows own keys only', () => {
  expect(dig({ a: { b: 1 } }, 'a', 'b')).toBe(1)
  expect(dig({ a: { b: 1 } }, 'a', 'c', 'd')).toBeUndefined()
  expect(dig({}, 'constructor')).toBeUndefined()
  expect(dig([1], 'length')).toBeUndefined()
})

test('a list is read where there is one, and is empty anywhere else', () => {
  const value = { a: { list: [1], text: 'x' } }
  expect([listAt(value, 'a', 'list'), listAt(value, 'a', 'text'), listAt(value, 'b'), listAt([2])]).toEqual([[1], [], [], [2]])
})
