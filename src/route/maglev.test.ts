import { expect, test } from 'vitest'
import { xxHash64 } from '../std/xxhash.ts'
import { buildMaglev, MAGLEV_SIZE, maglevOwner, maglevSize } from './maglev.ts'
import type { HashTarget } from './ring-hash.ts'

function ports(prefix: string, ...weights: number[]): HashTarget[] {
  return weights.map((weight, at) => ({ key: `${prefix}${90 + at}`, weight }))
}

function countsOf(table: Uint32Array, hosts: number): number[] {
  const counts = Array.from({ length: hosts }, () => 0)
  for (const owner of table) counts[owner] = (counts[owner] ?? 0) + 1
  return counts
}

test("small tables are Envoy's, slot for slot", () => {
  expect([...buildMaglev(ports('127.0.0.1:', 1, 1, 1, 1, 1, 1), 7)]).toEqual([2, 4, 0, 1, 5, 0, 3])
  expect([...buildMaglev(ports('', 1, 1, 1, 1, 1, 1), 7)]).toEqual([2, 5, 0, 3, 4, 1, 0])
  expect([...buildMaglev(ports('127.0.0.1:', 1, 1), 17)]).toEqual([1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1])
})

test('weights decide how many slots a host claims', () => {
  expect([...buildMaglev(ports('127.0.0.1:', 0.8, 0.2), 17)]).toEqual([1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0])
})

test('one huge host beside 1023 tiny ones: each tiny one keeps exactly one slot', () => {
  const tiny = Array.from({ length: 1023 }, (_, at): HashTarget => ({ key: `127.0.0.1:${1000 + at}`, weight: 1 / 128 / 1023 }))
  const counts = countsOf(buildMaglev([{ key: '127.0.0.1:999', weight: 127 / 128 }, ...tiny], MAGLEV_SIZE), 1024)
  expect(counts[0]).toBe(64_514)
  expect(counts.slice(1).every((count) => count === 1)).toBe(true)
})

test('ten equal hosts differ by at most one slot in a hundred, and one that leaves moves few slots of the others', () => {
  const ten = ports('127.0.0.1:', 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
  const before = buildMaglev(ten, MAGLEV_SIZE)
  for (const count of countsOf(before, 10)) expect(Math.abs(count - MAGLEV_SIZE / 10)).toBeLessThan(66)
  const after = buildMaglev(ten.slice(0, 9), MAGLEV_SIZE)
  let moved = 0
  for (const [slot, owner] of before.entries()) if (owner !== 9 && after[slot] !== owner) moved += 1
  expect(moved / MAGLEV_SIZE).toBeLessThan(0.01)
})

test('attempt n of one request looks up the hash with n mixed in', () => {
  const table = buildMaglev(ports('127.0.0.1:', 1, 1, 1, 1, 1, 1), 7)
  expect(maglevOwner(table, 10n)).toBe(table[3])
  // 10 ^ (2^64 - 1) = 18446744073709551605
  expect(maglevOwner(table, 10n, 1)).toBe(table[Number(18446744073709551605n % 7n)])
  expect(maglevOwner(buildMaglev([], MAGLEV_SIZE), xxHash64('x'))).toBeUndefined()
})

test('a table that could not be filled, or is larger than Envoy takes, has the usual size', () => {
  expect([3, 7, 17, 65_537, 5_000_011].map(maglevSize)).toEqual([3, 7, 17, 65_537, 5_000_011])
  for (const size of [0, 1, 2, 9, 15, 4096, 65_535, 5_000_077, -7, 2.5]) expect(maglevSize(size)).toBe(MAGLEV_SIZE)
})
