import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fnv1a64, lettersOf } from './fnv1a.ts'

// As the algorithm is written down.
function plain(text: string, seed: number): string {
  let hash = 0xcbf29ce484222325n ^ BigInt(seed)
  for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn
  return hash.toString(16).padStart(16, '0')
}

test.each([
  ['', 'cbf29ce484222325'],
  ['a', 'af63dc4c8601ec8c'],
  ['foobar', '85944171f73967e8']
])('the hash of %j is the published one', (text, hash) => {
  expect(fnv1a64(text)).toBe(hash)
})

test('it is FNV-1a of any text', () => {
  const property = fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 0, max: 255 }), (text, seed) => {
    expect(fnv1a64(text, seed)).toBe(plain(text, seed))
  })
  fc.assert(property, { seed: 5, numRuns: 500 })
})

test('letters are ten, follow from the text, and use the whole alphabet', () => {
  const all = Array.from({ length: 200 }, (_, index) => lettersOf(`run ${index}`))
  expect(all.every((letters) => /^[A-Za-z]{10}$/.test(letters))).toBe(true)
  expect(new Set(all).size).toBe(200)
  expect(new Set(all.join('')).size).toBe(52)
  expect(lettersOf('run 0')).toBe(all[0])
})
