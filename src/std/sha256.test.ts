import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256 } from './sha256.ts'

const of = (text: string): string => sha256(new TextEncoder().encode(text))

// FIPS 180-4, examples of NIST.
test.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'],
  ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0']
])('the vector of NIST of %#', (text, digest) => {
  expect(of(text)).toBe(digest)
})

test('bytes have the digest that Node computes, at every length around a block', () => {
  const node = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
  for (let length = 0; length < 140; length++) {
    const bytes = new Uint8Array(length).fill(length)
    expect(sha256(bytes)).toBe(node(bytes))
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(sha256(bytes)).toBe(node(bytes))
    }),
    { seed: 5 }
  )
})
