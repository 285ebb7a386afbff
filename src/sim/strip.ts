// Distributions on a terminal: one line of blocks for each, the higher the larger the share of values up to that column, over an axis whose
// columns grow by a factor.

/** An axis from `least` to `most`, with words at some of its values. */
export interface Axis {
  readonly least: number
  readonly most: number
  readonly ticks: readonly (readonly [value: number, word: string])[]
}

/** Seconds. */
export const TIME_AXIS: Axis = {
  least: 5,
  most: 7_200,
  ticks: [
    [5, '5 s'],
    [15, '15 s'],
    [60, '1 min'],
    [300, '5 min'],
    [1_800, '30 min'],
    [7_200, '2 h']
  ]
}

/** Requests. */
export const COUNT_AXIS: Axis = {
  least: 1,
  most: 100_000,
  ticks: [
    [1, '1'],
    [10, '10'],
    [100, '100'],
    [1_000, '1,000'],
    [10_000, '10k'],
    [100_000, '100k']
  ]
}

const BLOCKS = '▁▂▃▄▅▆▇█'

/** Where a value is, 0 to 1. */
export function placeOf({ least, most }: Axis, value: number): number {
  return Math.min(1, Math.max(0, Math.log(Math.max(value, least) / least) / Math.log(most / least)))
}

/** The share of `of` that rising `values` have reached, column by column; blank where there is none yet. */
export function strip(values: readonly number[], of: number, axis: Axis, columns: number): string {
  let text = ''
  let reached = 0
  for (let column = 0; column < columns; column++) {
    while (reached < values.length && placeOf(axis, values[reached] ?? 0) * columns < column + 1) reached += 1
    // The last column has all that is beyond it.
    if (column === columns - 1) reached = values.length
    text += reached === 0 ? ' ' : (BLOCKS[Math.ceil((reached / of) * BLOCKS.length) - 1] ?? '')
  }
  return text
}

/** The words of an axis below or above a strip: each begins at its value, the last one ends there. */
export function axisLine(axis: Axis, columns: number): string {
  let line = ''
  for (const [value, word] of axis.ticks) {
    const at = Math.min(Math.floor(placeOf(axis, value) * columns), columns - word.length)
    if (at > line.length || line === '') line = line.padEnd(at) + word
  }
  return line
}
