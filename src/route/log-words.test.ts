import { expect, test } from 'vitest'
import { logWordOf, readLogWords } from './log-words.ts'

test.each([
  [undefined, 'health', undefined],
  ['off', 'health', 'off'],
  ['off', undefined, 'off'],
  ['health=off', 'health', 'off'],
  ['health=off', 'checkout', undefined],
  ['off, checkout=on', 'checkout', 'on'],
  [' off ,checkout = on', 'other', 'off']
] as const)('%s says of rule %s: %s', (text, rule, word) => {
  expect(logWordOf(readLogWords(text), rule)).toBe(word)
})

test('what is no word is named', () => {
  expect(readLogWords('yes, health=maybe, off,').wrong).toEqual(['yes', 'health=maybe'])
})
