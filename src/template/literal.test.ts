import { expect, test } from 'vitest'
import { literalOf } from './literal.ts'

test.each([
  ['"a\\tb\\x41\\u00e9"', 'a\tbAé'],
  ['`a\\n`', 'a\\n'],
  ["'a'", 97n],
  ['1_000', 1000n],
  ['-0x1F', -31n],
  ['017', 15n],
  ['1.50', 1.5],
  ['1e3', 1000]
])('%s is %s', (text, value) => {
  expect(literalOf(text, 1)).toBe(value)
})

test.each(['12abc', '1.2.3', '1__0', '0x', '"\\q"', "'ab'", '9223372036854775808'])('%s is refused', (text) => {
  expect(() => literalOf(text, 3)).toThrow(/^line 3: /)
})
