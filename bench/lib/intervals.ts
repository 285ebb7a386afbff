// What a count of some runs, or a median, says of the truth: exact bounds of a share (Clopper and Pearson 1934), and bootstrap intervals of
// a ratio of two medians (Efron 1979), from a seed, so that the same runs give the same interval.

import { type Draw, seeded } from '../../src/std/draw.ts'
import { median } from './statistics.ts'

/** The largest share that still shows `seen` or fewer in `runs` with a chance of `chance`: a bound that holds in 1 - chance of all cases. */
export function upperBound(seen: number, runs: number, chance = 0.05): number {
  if (seen >= runs) return 1
  let [low, high] = [seen / runs, 1]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (chanceOfAtMost(seen, runs, middle) > chance) low = middle
    else high = middle
  }
  return high
}

/** The smallest share that still shows `seen` or more with a chance of `chance`. */
export function lowerBound(seen: number, runs: number, chance = 0.05): number {
  return 1 - upperBound(runs - seen, runs, chance)
}

/** A number with the interval in which the truth is, in 95 of 100 cases. */
export interface Estimate {
  readonly value: number
  readonly low: number
  readonly high: number
}

const RESAMPLES = 2_000

/** The ratio of the medians of two independent samples. */
export function ratioOfMedians(above: readonly number[], below: readonly number[], seed = 1): Estimate {
  const draw = seeded(seed)
  const ratios = new Float64Array(RESAMPLES)
  for (let index = 0; index < RESAMPLES; index++) ratios[index] = resampledMedian(above, draw) / resampledMedian(below, draw)
  ratios.sort()
  const at = (share: number): number => ratios[Math.floor(share * (RESAMPLES - 1))] ?? Number.NaN
  return { value: median(above) / median(below), low: at(0.025), high: at(0.975) }
}

// As `median`, of a typed array, which sorts numbers ten times as fast.
function resampledMedian(values: readonly number[], draw: Draw): number {
  const drawn = new Float64Array(values.length)
  for (let index = 0; index < drawn.length; index++) drawn[index] = values[Math.floor(draw() * values.length)] ?? Number.NaN
  drawn.sort()
  const above = drawn[Math.floor(drawn.length / 2)] ?? Number.NaN
  const below = drawn[Math.ceil(drawn.length / 2) - 1] ?? Number.NaN
  return (above + below) / 2
}

// Of the binomial distribution, its terms from the one before each.
function chanceOfAtMost(seen: number, runs: number, share: number): number {
  let term = runs * Math.log1p(-share)
  let sum = Math.exp(term)
  for (let count = 1; count <= seen; count++) {
    term += Math.log((runs - count + 1) / count) + Math.log(share) - Math.log1p(-share)
    sum += Math.exp(term)
  }
  return sum
}
