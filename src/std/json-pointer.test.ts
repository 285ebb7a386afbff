import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyOfPart, pointerPart } from './json-pointer.ts'

// RFC 6901, section 5, and section 4: ~01 is ~1, not a slash.
test.each([
  ['a/b', 'a~1b'],
  ['m~n', 'm~0n'],
  ['~1', '~01'],
  ['', '']
])('the key %j is written %j', (key, part) => {
  expect([pointerPart(key), keyOfPart(part)]).toEqual([part, key])
})

test('every key is read as it was written, and a part has no slash', () => {
  const text = fc.string({ unit: fc.constantFrom('~', '/', '0', '1', 'a') })
  fc.assert(
    fc.property(text, (key) => {
      expect(keyOfPart(pointerPart(key))).toBe(key)
      expect(pointerPart(key)).not.toContain('/')
    })
  )
})
