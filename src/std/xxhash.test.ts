import { expect, test } from 'vitest'
import { xxHash64 } from './xxhash.ts'

test('xxHash64 gives the published values for every length class', () => {
  expect(xxHash64('')).toBe(0xef46db3751d8e999n)
  expect(xxHash64('a')).toBe(0xd24ec4f1a98c6e5bn)
  expect(xxHash64('abc')).toBe(0x44bc2cf5ad770999n)
  expect(xxHash64('foobar')).toBe(0xa2aa05ed9085aaf9n)
  expect(xxHash64('Nobody inspects the spammish repetition')).toBe(0xfbcea83c8a378bf1n)
  expect(xxHash64('xxhash', 20141025n)).toBe(0xb559b98d844e0635n)
})
