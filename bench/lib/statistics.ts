// What is made of the figures of several rounds. Proxies that are compared run one after the other in each round, so that a disturbance of
// the machine meets both: ratios are taken round by round, and their median counts.

/** The middle value, of an even number the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const above = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const below = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
  return (above + below) / 2
}

/** The median of the ratios of each round; rounds that only one of them has do not count. */
export function medianRatio(own: readonly number[], base: readonly number[]): number {
  return median(own.slice(0, base.length).map((value, round) => value / (base[round] ?? Number.NaN)))
}

/** The smallest value that at least `q` (0..1) of all do not exceed; NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN
}
