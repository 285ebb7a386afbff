// Ring hash (envoy.md 4.5): each host stands at many places of a ring, in proportion to its weight; a request goes to the first place at
// or after its hash. Adding or removing a host moves only what it gains or loses.

import { xxHash64 } from '../std/xxhash.ts'

/** A host as hashing sees it; `key` is `address:port`. Weights are relative, above 0. */
export interface HashTarget {
  readonly key: string
  readonly weight: number
}

/** Places in rising order, each with the index of its host in the list the ring was built from. */
export interface Ring {
  readonly positions: BigUint64Array
  readonly owners: Uint32Array
}

/** Of places: Envoy takes eight times as many, which here would hold up a worker for half a minute at each change. */
const SIZE_MAX = 1_048_576

/** How many places hosts of these weights get together, in fractions: at least one for the smallest share, within the bound. */
export function ringScale(weights: readonly number[], minimumSize: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const least = weights.reduce((min, weight) => Math.min(min, weight), Number.POSITIVE_INFINITY) / total
  return Math.min(Math.ceil(least * minimumSize) / least, SIZE_MAX)
}

/** The ring of some hosts: at least `minimumSize` places, more where the smallest share would get no whole number of them. */
export function buildRing(targets: readonly HashTarget[], minimumSize: number): Ring {
  const total = targets.reduce((sum, { weight }) => sum + weight, 0)
  const scale = ringScale(
    targets.map(({ weight }) => weight),
    minimumSize
  )
  const positions: bigint[] = []
  const owners: number[] = []
  let wanted = 0
  for (const [owner, { key, weight }] of targets.entries()) {
    wanted += scale * (weight / total)
    for (let copy = 0; positions.length < wanted; copy += 1) {
      positions.push(xxHash64(`${key}_${copy}`))
      owners.push(owner)
    }
  }
  return sorted(positions, owners)
}

function sorted(positions: readonly bigint[], owners: readonly number[]): Ring {
  const order = positions.map((position, place) => ({ position, owner: owners[place] ?? 0 }))
  order.sort((a, b) => (a.position < b.position ? -1 : Number(a.position > b.position)))
  return {
    positions: BigUint64Array.from(order, ({ position }) => position),
    owners: Uint32Array.from(order, ({ owner }) => owner)
  }
}

/**
 * The host of a hash: that of the first place at or after it, behind the last place the first. Attempt n of one request's re-picks goes
 * n places further. Undefined for a ring without hosts.
 */
export function ringOwner({ positions, owners }: Ring, hash: bigint, attempt = 0): number | undefined {
  if (owners.length === 0) return undefined
  let low = 0
  let high = positions.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((positions[middle] ?? 0n) < hash) low = middle + 1
    else high = middle
  }
  return owners[(low + attempt) % owners.length]
}
