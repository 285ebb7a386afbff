// Adding up.

/** The sum; 0 of nothing. */
export function sum(values: readonly number[]): number {
  let total = 0
  for (const value of values) total += value
  return total
}
