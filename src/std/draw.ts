// Chance as a value one is handed: a Draw gives uniform numbers. The real one is in host; the seeded one here makes runs repeatable.

/** A uniform number in [0, 1), a new one at each call. */
export type Draw = () => number

/** A repeatable Draw for `seed` (any 32-bit integer): mulberry32, 2^32 distinct values, good enough for choice, not for secrets. */
export function seeded(seed: number): Draw {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
