import fc from 'fast-check'
import { expect, test } from 'vitest'
import { xxHash64 } from '../std/xxhash.ts'
import { buildRing, ringOwner, ringScale } from './ring-hash.ts'
import type { HashTarget, Ring } from './ring-hash.ts'

const SIX = [90, 91, 92, 93, 94, 95].map((port): HashTarget => ({ key: `127.0.0.1:${port}`, weight: 1 }))

function even(hosts: number): HashTarget[] {
  return Array.from({ length: hosts }, (_, at) => ({ key: `10.0.${at >> 8}.${at & 255}:8080`, weight: 1 }))
}

function shares({ owners }: Ring, hosts: number): number[] {
  const counts = Array.from({ length: hosts }, () => 0)
  for (const owner of owners) counts[owner] = (counts[owner] ?? 0) + 1
  return counts
}

test("the ring of six hosts stands where Envoy's does", () => {
  const ring = buildRing(SIX, 12)
  const ports = [...ring.owners].map((owner) => 90 + owner)
  expect(ports).toEqual([94, 92, 90, 95, 93, 91, 91, 93, 95, 92, 94, 90])
  expect([...ring.positions]).toEqual([
    833437586790550860n,
    928266305478181108n,
    1033482794131418490n,
    3551244743356806947n,
    3851675632748031481n,
    5583722120771150861n,
    6311230543546372928n,
    7700377290971790572n,
    13144177310400110813n,
    13444792449719432967n,
    15516499411664133160n,
    16117243373044804889n
  ])
})

test('a hash goes to the place at or after it, and round the end to the first', () => {
  const ring = buildRing(SIX, 12)
  const port = (hash: bigint, attempt = 0): number => 90 + (ringOwner(ring, hash, attempt) ?? Number.NaN)
  expect(port(0n)).toBe(94)
  expect(port(2n ** 64n - 1n)).toBe(94)
  expect(port(3551244743356806947n)).toBe(95)
  expect(port(3551244743356806948n)).toBe(93)
  expect([port(0n, 1), port(0n, 2), port(16117243373044804889n, 1)]).toEqual([92, 90, 94])
  expect(ringOwner(buildRing([], 1024), 1n)).toBeUndefined()
  expect(ringOwner(buildRing([{ key: 'a', weight: 1 }], 1), 1n)).toBe(0)
})

test('places are in proportion to the weights, and a share too small for the minimum enlarges the ring', () => {
  expect(
    shares(
      buildRing(
        [SIX[0], SIX[1]].map((host, at) => ({ key: host?.key ?? '', weight: at + 1 })),
        3
      ),
      2
    )
  ).toEqual([1, 2])
  const thin = buildRing(
    [
      { key: 'a', weight: 1 },
      { key: 'b', weight: 9999 }
    ],
    1024
  )
  expect(shares(thin, 2)).toEqual([1, 9999])
})

test('a ring has a bound, however small a share or large the minimum', () => {
  expect(ringScale([1, 1, 1], 1024)).toBe(1026)
  expect(ringScale([1, 9999], 1024)).toBe(10_000)
  expect(ringScale([1, 4e9], 1024)).toBe(1_048_576)
  expect(ringScale([1, 1], 8_388_608)).toBe(1_048_576)
})

test('law: every host holds its share of 1024 places per host within one place', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 }), (weights) => {
      const ring = buildRing(
        weights.map((weight, at) => ({ key: `h${at}`, weight })),
        1024
      )
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (const [at, count] of shares(ring, weights.length).entries())
        expect(Math.abs(count - (ring.owners.length * (weights[at] ?? 0)) / total)).toBeLessThanOrEqual(2)
    }),
    { numRuns: 30 }
  )
})

test('law: a host that leaves moves only its own requests; one that joins takes only what it gets', () => {
  const keys = Array.from({ length: 3000 }, (_, at) => xxHash64(`user-${at}`))
  for (const hosts of [2, 3, 10]) {
    const all = buildRing(even(hosts), 1024 * hosts)
    // The same places per host as before, so that only the leaving host's places are missing.
    const fewer = buildRing(even(hosts - 1), 1024 * (hosts - 1))
    const stay = keys.filter((key) => ringOwner(all, key) !== hosts - 1)
    expect(stay.map((key) => ringOwner(fewer, key))).toEqual(stay.map((key) => ringOwner(all, key)))
  }
})

test('hashes are spread evenly: no host of ten is off by more than half with 1024 places each', () => {
  const ring = buildRing(even(10), 10_240)
  const counts = Array.from({ length: 10 }, () => 0)
  for (let at = 0; at < 20_000; at += 1) {
    const owner = ringOwner(ring, xxHash64(`user-${at}`)) ?? 0
    counts[owner] = (counts[owner] ?? 0) + 1
  }
  for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(300)
})
