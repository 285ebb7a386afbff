import { expect, test } from 'vitest'
import { breaksHead, headText, octetsOf } from './octets.ts'

test('a character beyond ASCII is the bytes of its UTF-8, none of which is another character than it', () => {
  expect(octetsOf('plain ~')).toBe('plain ~')
  expect(octetsOf('ü')).toBe('\xc3\xbc')
  // Cut to a byte, U+010A would be a line feed.
  expect(octetsOf('\u010a')).toBe('\xc4\x8a')
})

test.each(['a\r\nb: c', 'a\nb', 'a\0'])('%j would end its line in a head, and does not as text for one', (text) => {
  expect(breaksHead(text)).toBe(true)
  expect(breaksHead(headText(text))).toBe(false)
})
