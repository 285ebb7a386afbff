import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dig, isObject, listAt, parsedJson, sameJson, someText, textAt } from './json.ts'

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
  expect([listAt(value, 'a', 'list'), listAt(value, 'a', 'text'), listAt(value, 'b'), listAt([2]), listAt('x')]).toEqual([
    [1],
    [],
    [],
    [2],
    []
  ])
})

// As ECMA-404 and JSON.parse have it: a byte order mark is no white space.
test.each([[''], ['{'], ['{"a":1,}'], ["{'a':1}"], ['[1] 2'], ['NaN'], ['undefined'], ['\uFEFF{}'], ['"\n"'], ['01']])(
  'a text that is no JSON says nothing: %j',
  (text) => {
    expect(parsedJson(text)).toBeUndefined()
  }
)

test('a text that is JSON says its value, at any depth that fits', () => {
  expect([parsedJson('null'), parsedJson(' [1, "a"] '), parsedJson('{"a":1,"a":2}')]).toEqual([null, [1, 'a'], { a: 2 }])
  const depth = 5_000
  let at = parsedJson('['.repeat(depth) + ']'.repeat(depth))
  let seen = 0
  for (; Array.isArray(at); at = at[0]) seen += 1
  expect(seen).toBe(depth)
  expect(parsedJson('['.repeat(1_000_000))).toBeUndefined()
})

test('a key __proto__ is a key like any other: it gives the object no other prototype, and no other object anything', () => {
  const value = parsedJson('{"__proto__":{"polluted":true},"constructor":1}')
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  expect([dig(value, '__proto__', 'polluted'), dig(value, 'polluted'), dig({}, 'polluted')]).toEqual([true, undefined, undefined])
  expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor']) // an object by what is asserted above
})

test('a text is read where there is one, and is empty or absent anywhere else', () => {
  const value = { a: { text: 'x', empty: '', number: 1 } }
  expect([textAt(value, 'a', 'text'), textAt(value, 'a', 'number'), textAt(value, 'b', 'text'), textAt('y')]).toEqual(['x', '', '', 'y'])
  expect([value.a.text, value.a.empty, value.a.number, undefined].map(someText)).toEqual(['x', undefined, undefined, undefined])
})
