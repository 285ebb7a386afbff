// Wealth: what a bettor who starts with little and stakes all at each look has made by now, in logarithms. Bettors may start at any look
// (Shin, Ramdas, Rinaldo, "E-detectors", arXiv 2203.03532); with start masses that sum to at most 1 their total stays an e-process.

import type { Bet } from './half-plane.ts'

/** What makes a bet robust. */
export interface Robustness {
  /** Failures come in groups of up to so many requests: gains are divided by it (Jensen's inequality for each group). At least 1. */
  readonly dispersion: number
  /** No look gains more than so many nats, whatever it shows. */
  readonly cap: number
}

/** The share of looks that may be arbitrary garbage (Huber 1965; Saha and Ramdas, arXiv 2408.14015). */
const GARBAGE = 0.001

/**
 * What a bet is worth when failures come in bursts and a few looks are garbage. The cap grows with what the alternative would have to gain:
 * a constant one would cost slow evidence more than it brings.
 */
export function robustGain({ gain, growth, most }: Bet, { dispersion, cap }: Robustness): number {
  if (most === 0 && gain === 0) return 0
  const limit = Math.min(cap, 1 + (4 * growth) / dispersion, most / dispersion)
  return Math.min(gain / dispersion, limit) - Math.log1p(GARBAGE * Math.expm1(limit))
}

/** The logarithm of wealth after a look: a bettor with `mass` joins, then all stake everything. */
export function staked(wealth: number, mass: number, gain: number): number {
  return (mass === 0 ? wealth : logSum(wealth, Math.log(mass))) + gain
}

/** log(e^a + e^b), exact for -Infinity. */
export function logSum(a: number, b: number): number {
  if (a === -Infinity) return b
  if (b === -Infinity) return a
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)))
}

/** The mean of wealths given and returned as logarithms. */
export function logMean(wealths: readonly number[]): number {
  let most = -Infinity
  for (const wealth of wealths) if (wealth > most) most = wealth
  if (most === -Infinity) return most
  let sum = 0
  for (const wealth of wealths) sum += Math.exp(wealth - most)
  return most + Math.log(sum / wealths.length)
}
