import { expect, test } from 'vitest'
import { xxHash64 } from './xxhash.ts'

test('xxHash64 gives the published values for texts', () => {
  expect(xxHash64('')).toBe(0xef46db3751d8e999n)
  expect(xxHash64('a')).toBe(0xd24ec4f1a98c6e5bn)
  expect(xxHash64('abc')).toBe(0x44bc2cf5ad770999n)
  expect(xxHash64('foobar')).toBe(0xa2aa05ed9085aaf9n)
  expect(xxHash64('Nobody inspects the spammish repetition')).toBe(0xfbcea83c8a378bf1n)
  expect(xxHash64('I want an unsigned 64-bit seed!')).toBe(0xd4cb0a70a2b8c7c1n)
  expect(xxHash64('I want an unsigned 64-bit seed!', 1n)).toBe(0xce5087f12470d961n)
  expect(xxHash64('xxhash', 20141025n)).toBe(0xb559b98d844e0635n)
})

const PRIME32 = 2654435761n
const PRIME64 = 11400714785074694797n

/** The bytes of xxHash's own sanity check. */
function sanity(length: number): string {
  let state = PRIME32
  let text = ''
  for (let at = 0; at < length; at += 1) {
    text += String.fromCharCode(Number(state >> 56n))
    state = (state * PRIME64) & 0xffffffffffffffffn
  }
  return text
}

test.each([
  [0, 0n, 0xef46db3751d8e999n],
  [0, PRIME32, 0xac75fda2929b17efn],
  [1, 0n, 0xe934a84adb052768n],
  [1, PRIME32, 0x5014607643a9b4c3n],
  [4, 0n, 0x9136a0dca57457een],
  [14, 0n, 0x8282dcc4994e35c8n],
  [14, PRIME32, 0xc3bd6bf63deb6df0n],
  [222, 0n, 0xb641ae8cb691c174n],
  [222, PRIME32, 0x20cb8ab7ae10c14an]
])("xxHash's sanity check: %d bytes, seed %d", (length, seed, hash) => {
  expect(xxHash64(sanity(length), seed)).toBe(hash)
})
