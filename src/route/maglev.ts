// Maglev hashing (envoy.md 4.6): a table of prime size that every host fills along a permutation of its own. Looking up is one index;
// shares are closer to the weights than a ring's, and a change of hosts moves a few slots more.

import { xxHash64 } from '../std/xxhash.ts'
import type { HashTarget } from './ring-hash.ts'

/** Envoy's size where none is set. */
export const MAGLEV_SIZE = 65_537
/** The largest that Envoy takes. */
const SIZE_MAX = 5_000_011
const FREE = 0xffffffff
const MASK = 0xffffffffffffffffn

/** The size to use: the one asked for, or Envoy's where that could not be filled. Permutations reach every slot of a prime size only. */
export function maglevSize(asked: number): number {
  return asked <= SIZE_MAX && isPrime(asked) ? asked : MAGLEV_SIZE
}

function isPrime(value: number): boolean {
  if (!Number.isInteger(value) || value < 3 || value % 2 === 0) return false
  for (let divisor = 3; divisor * divisor <= value; divisor += 2) if (value % divisor === 0) return false
  return true
}

interface Filler {
  readonly owner: number
  readonly offset: number
  readonly skip: number
  readonly share: number
  /** Rounds it must wait for, in shares of the largest host. */
  due: number
  next: number
}

/** The table of some hosts: in each slot the index of its host in the list. `size` is a prime. Empty without hosts. */
export function buildMaglev(targets: readonly HashTarget[], size: number): Uint32Array {
  const table = new Uint32Array(targets.length === 0 ? 0 : size).fill(FREE)
  const total = targets.reduce((sum, { weight }) => sum + weight, 0)
  const largest = targets.reduce((max, { weight }) => Math.max(max, weight), 0) / total
  const fillers = targets
    .map(({ key, weight }, owner) => ({ key, filler: fillerOf(owner, { key, weight: weight / total }, size) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)))
    .map(({ filler }) => filler)
  let left = table.length
  for (let turn = 1; left > 0; turn += 1) {
    for (const filler of fillers) {
      if (left === 0) break
      if (turn * filler.share < filler.due) continue
      filler.due += largest
      claim(table, filler)
      left -= 1
    }
  }
  return table
}

function fillerOf(owner: number, { key, weight }: HashTarget, size: number): Filler {
  const offset = Number(xxHash64(key) % BigInt(size))
  const skip = Number(xxHash64(key, 1n) % BigInt(size - 1)) + 1
  return { owner, offset, skip, share: weight, due: 0, next: 0 }
}

/** Takes the filler's next slot that nobody has. */
function claim(table: Uint32Array, filler: Filler): void {
  for (;;) {
    const slot = (filler.offset + filler.skip * filler.next) % table.length
    filler.next += 1
    if (table[slot] !== FREE) continue
    table[slot] = filler.owner
    return
  }
}

/** The host of a hash, for attempt n of one request's re-picks that of the hash with n mixed in. Undefined for an empty table. */
export function maglevOwner(table: Uint32Array, hash: bigint, attempt = 0): number | undefined {
  if (table.length === 0) return undefined
  const mixed = attempt === 0 ? hash : hash ^ (-BigInt(attempt) & MASK)
  return table[Number(mixed % BigInt(table.length))]
}
