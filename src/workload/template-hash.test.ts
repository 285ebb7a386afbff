import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sameJson } from '../std/json.ts'
import { canonical, templateHash } from './template-hash.ts'

test('the order of keys does not count, everything else does', () => {
  expect(templateHash({ a: 1, b: { c: [1, 2] } })).toBe(templateHash({ b: { c: [1, 2] }, a: 1, d: undefined }))
  expect(templateHash({ a: [1, 2] })).not.toBe(templateHash({ a: [2, 1] }))
  expect(templateHash({ a: 1 })).not.toBe(templateHash({ a: 1 }, 1))
  expect(templateHash({})).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{10}$/)
})

test('two values have one canonical text exactly when they are equal', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (first, second) => {
      // JSON has no negative zero.
      const [a, b] = JSON.parse(JSON.stringify([first, second])) as [unknown, unknown]
      expect(canonical(a) === canonical(b)).toBe(sameJson(a, b))
      expect(sameJson(JSON.parse(canonical(a)), a)).toBe(true)
    })
  )
})
