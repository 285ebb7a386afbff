import { expect, test } from 'vitest'
import { shellWord } from './shell-word.ts'

test.each([
  ['/tmp/a-b/c.d', '/tmp/a-b/c.d'],
  ['/home/a b', "'/home/a b'"],
  ["it's", "'it'\\''s'"],
  ['', "''"]
])('%s is written %s', (text, word) => {
  expect(shellWord(text)).toBe(word)
})
