// Counts by chance: exact draws from the binomial and the Poisson distribution at any mean. Hörmann, "The generation of binomial random
// variates" (1993) and "The transformed rejection method for generating Poisson random variables" (1993).

import type { Draw } from '../std/draw.ts'

// Below, adding up the chances of 0, 1, 2, ... is quicker than rejection.
const SMALL_MEAN = 10

/** How many of `trials` (whole, >= 0) come true when each does with chance `share` (0..1). */
export function binomial(draw: Draw, trials: number, share: number): number {
  if (trials <= 0 || share <= 0) return 0
  if (share >= 1) return trials
  if (share > 0.5) return trials - binomial(draw, trials, 1 - share)
  return trials * share < SMALL_MEAN ? addedUpBinomial(draw, trials, share) : rejectedBinomial(draw, trials, share)
}

/** How many events happen where `mean` (>= 0) are expected. */
export function poisson(draw: Draw, mean: number): number {
  if (mean <= 0) return 0
  return mean < SMALL_MEAN ? addedUpPoisson(draw, mean) : rejectedPoisson(draw, mean)
}

/** A number of the standard normal distribution (Box and Muller 1958). */
export function normal(draw: Draw): number {
  return Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw())
}

/** A number of the exponential distribution of mean 1. */
export function exponential(draw: Draw): number {
  return -Math.log(1 - draw())
}

function addedUpBinomial(draw: Draw, trials: number, share: number): number {
  const odds = share / (1 - share)
  let chance = (1 - share) ** trials
  let left = draw() - chance
  let count = 0
  while (left >= 0 && count < trials) {
    chance *= (odds * (trials - count)) / (count + 1)
    left -= chance
    count += 1
  }
  return count
}

function addedUpPoisson(draw: Draw, mean: number): number {
  let chance = Math.exp(-mean)
  let left = draw() - chance
  let count = 0
  while (left >= 0 && chance > 0) {
    count += 1
    chance *= mean / count
    left -= chance
  }
  return count
}

// The constants are the paper's.
function rejectedBinomial(draw: Draw, trials: number, share: number): number {
  const deviation = Math.sqrt(trials * share * (1 - share))
  const b = 1.15 + 2.53 * deviation
  const a = -0.0873 + 0.0248 * b + 0.01 * share
  const alpha = (2.83 + 5.1 / b) * deviation
  const squeeze = 0.92 - 4.2 / b
  const odds = share / (1 - share)
  const mode = Math.floor((trials + 1) * share)
  const atMode = logFactorial(mode) + logFactorial(trials - mode)
  for (;;) {
    const u = draw() - 0.5
    const v = draw()
    const edge = 0.5 - Math.abs(u)
    const count = Math.floor((2 * (a / edge) + b) * u + trials * share + 0.5)
    if (count < 0 || count > trials) continue
    if (edge >= 0.07 && v <= squeeze) return count
    const height = atMode - logFactorial(count) - logFactorial(trials - count) + (count - mode) * Math.log(odds)
    if (Math.log((v * alpha) / (a / (edge * edge) + b)) <= height) return count
  }
}

function rejectedPoisson(draw: Draw, mean: number): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean)
  const a = -0.059 + 0.02483 * b
  const inverse = Math.log(1.1239 + 1.1328 / (b - 3.4))
  const squeeze = 0.9277 - 3.6224 / (b - 2)
  for (;;) {
    const u = draw() - 0.5
    const v = draw()
    const edge = 0.5 - Math.abs(u)
    const count = Math.floor((2 * (a / edge) + b) * u + mean + 0.43)
    if (edge >= 0.07 && v <= squeeze) return count
    if (count < 0 || (edge < 0.013 && v > edge)) continue
    if (Math.log(v) + inverse - Math.log(a / (edge * edge) + b) <= count * Math.log(mean) - mean - logFactorial(count)) return count
  }
}

const FACTORIALS = Array.from({ length: 32 }, (_, n) =>
  Array.from({ length: n }, (__, k) => Math.log(k + 1)).reduce((sum, each) => sum + each, 0)
)

// Stirling's series; its error is below 1e-12 where it is used.
function logFactorial(n: number): number {
  const known = FACTORIALS[n]
  if (known !== undefined) return known
  const x = n + 1
  const rest = (1 / 12 - (1 / 360 - 1 / 1260 / (x * x)) / (x * x)) / x
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + rest
}
