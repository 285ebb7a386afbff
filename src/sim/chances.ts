// From many simulated rollouts to what they say: shares with their intervals, medians and 95th percentiles.

/** A share of so many, with the bounds of its 95 % interval (Wilson 1927). */
export interface Share {
  readonly count: number
  readonly of: number
  readonly low: number
  readonly high: number
}

/** Of values, the middle one and the one that 5 % are above. */
export interface Spread {
  readonly median: number
  readonly p95: number
}

const Z = 1.959964

/** `count` of `of`. */
export function shareOf(count: number, of: number): Share {
  if (of === 0) return { count, of, low: 0, high: 1 }
  const share = count / of
  const middle = share + Z ** 2 / (2 * of)
  const half = Z * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2))
  const scale = 1 + Z ** 2 / of
  // Rounding must not leave the ends.
  return { count, of, low: count === 0 ? 0 : (middle - half) / scale, high: count === of ? 1 : (middle + half) / scale }
}

/** undefined without values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  const sorted = values.toSorted((one, other) => one - other)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  return { median: at(0.5), p95: at(0.95) }
}
