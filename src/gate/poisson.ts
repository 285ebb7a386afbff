// Whether a count is one of those that history makes likely.

import { normalShare } from '../std/normal.ts'

const LIKELY = 0.95
// Beyond, a normal distribution is as good.
const LARGE = 400
const NORMAL_QUANTILE = 1.6449

/** The smallest count that a Poisson variable of this mean does not exceed with a chance of 95 %. */
export function likelyMost(mean: number): number {
  if (mean > LARGE) return Math.ceil(mean + NORMAL_QUANTILE * Math.sqrt(mean))
  let chance = Math.exp(-mean)
  let below = chance
  let count = 0
  while (below < LIKELY) {
    count += 1
    chance *= mean / count
    below += chance
  }
  return count
}

/** True when `bad` of `requests` is likely at a rate of `bound`, failures coming in groups of `dispersion`. */
export function isWithin(bad: number, requests: number, bound: number, dispersion: number): boolean {
  return bad <= dispersion * likelyMost((requests * bound) / dispersion)
}

/** The chance that a Poisson variable of this mean is above `most`. */
export function moreThan(most: number, mean: number): number {
  if (mean > LARGE) return normalShare((Math.floor(most) + 0.5 - mean) / Math.sqrt(mean))
  let chance = Math.exp(-mean)
  let below = chance
  for (let count = 1; count <= Math.floor(most); count++) {
    chance *= mean / count
    below += chance
  }
  return Math.max(0, 1 - below)
}
