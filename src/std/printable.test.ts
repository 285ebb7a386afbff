import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printable } from './printable.ts'

test.each([
  ['plain words, ä and 漢字 😀 \\n', 'plain words, ä and 漢字 😀 \\n'],
  ['two\r\nlines\tand more', 'two lines and more'],
  ['\u001b[31mred\u0007\u0000', '\\x1b[31mred\\x07\\x00'],
  ['\u009b1m \u007f', '\\x9b1m \\x7f'],
  ['evil\u202egnp.exe\u2066', 'evil\\u202egnp.exe\\u2066'],
  ['a\u2028b\ufeffc\ud800d', 'a\\u2028b\\ufeffc\\ud800d']
])('%j is told as %j', (text, told) => {
  expect(printable(text)).toBe(told)
})

test('a long text is cut, which shows, and never in the middle of a character', () => {
  expect(printable('x'.repeat(2000))).toBe(`${'x'.repeat(1023)}…`)
  expect(printable('a😀b', 3)).toBe('a…')
})

test('law: the result holds nothing unfit, is bounded, and is its own result', () => {
  const unfit = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/u
  const texts = fc
    .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0x1b, 0x202e, 0x0a, 0x85)))
    .map((codes) => String.fromCharCode(...codes))
  fc.assert(
    fc.property(texts, fc.integer({ min: 2, max: 40 }), (text, max) => {
      const told = printable(text, max)
      expect(told).not.toMatch(unfit)
      expect(told.length).toBeLessThanOrEqual(max)
      expect(printable(told, max)).toBe(told)
    })
  )
})
