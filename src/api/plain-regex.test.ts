import fc from 'fast-check'
import { RE2JS } from 're2js'
import { expect, it } from 'vitest'
import { isPlainRegex } from './plain-regex.ts'

it.each([
  ['/items/[0-9]+/.*', true],
  ['^/v(1|2)/[a-z0-9._-]+\\.json$', true],
  ['(?:a|b){1,3}c?', true],
  ['.*', true],
  ['\\d{4}-\\d{2}', true],
  ['[z-a]', false],
  ['a**', false],
  ['(', false],
  [')', false],
  ['a)', false],
  ['*', false],
  ['(a{500}){500}', false],
  ['a{3}(b|c)*', true],
  ['(?i)a', false],
  ['\\p{Greek}', false],
  ['[[:alpha:]]', false],
  ['a{2,1}', false],
  ['ä', false]
])('%s is plain: %s', (expression, plain) => {
  expect(isPlainRegex(expression)).toBe(plain)
})

// Pieces from which sound and broken expressions come about in equal parts.
const PIECES = [
  ...String.raw`a b 0 9 / - _ . ^ $ | ( ) [ ] * + ? { } , : \ d w S z`.split(' '),
  '[a-z]',
  '[^/]',
  '{1,3}',
  '{1000}',
  '{2}',
  '(?:',
  '\\.',
  '.*',
  'a-z',
  '[0-9-]',
  '{999}',
  ' ',
  '"'
]

it('RE2 compiles every plain expression', () => {
  let plain = 0
  const expressions = fc.array(fc.constantFrom(...PIECES), { maxLength: 9 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(expressions, (expression) => {
      if (!isPlainRegex(expression)) return
      plain += 1
      RE2JS.compile(expression)
    }),
    { numRuns: 20_000 }
  )
  expect(plain).toBeGreaterThan(1000)
})
