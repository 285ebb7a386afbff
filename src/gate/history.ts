// What stable was like before: its rate, how far failures come in bursts, and a bound on the rate. Learned from counts of each pod and look.

import { sum } from '../std/sum.ts'

/** A stream's history. */
export interface History {
  readonly requests: number
  readonly bad: number
  /** Pearson's dispersion of counts by look within minutes, shrunk towards 1: 1 to 60. */
  readonly dispersion: number
}

/** Requests and bad ones of one pod in one look. */
export interface PodLook {
  readonly requests: number
  readonly bad: number
}

/** Nothing is known: a rate of 0.1 % is assumed until stable shows its own, and bursts of two. */
export const NO_HISTORY: History = { requests: 0, bad: 0, dispersion: 2 }

const ASSUMED_RATE = 0.001
const ASSUMED_REQUESTS = 100
// As many looks are held against their own common rate: two minutes where a look is five seconds. A rate that drifts over hours is no burst, and both versions have
// it alike; against one rate of all hours it would count as one, the more so the more traffic there is.
const BLOCK = 24
// As many looks as the assumption of no bursts weighs.
const SHRINKAGE = 20
const LEAST_DISPERSION = 1.25
const MOST_DISPERSION = 60
const ENOUGH_REQUESTS = 1_000

/** The history that these looks tell, in the order of time. Looks without requests say nothing. */
export function historyOf(looks: readonly PodLook[]): History {
  const [requests, bad] = [sum(looks.map((look) => look.requests)), sum(looks.map((look) => look.bad))]
  if (requests === 0) return NO_HISTORY
  const dispersion = dispersionOf(looks.filter((look) => look.requests > 0))
  return { requests, bad, dispersion: dispersion < LEAST_DISPERSION ? 1 : Math.min(dispersion, MOST_DISPERSION) }
}

function dispersionOf(looks: readonly PodLook[]): number {
  let [squares, freedom] = [0, 0]
  for (let from = 0; from < looks.length; from += BLOCK) {
    const block = looks.slice(from, from + BLOCK)
    const rate = sum(block.map(({ bad }) => bad)) / sum(block.map(({ requests }) => requests))
    // Where none or all are bad there is nothing that could come in bursts.
    if (rate === 0 || rate === 1) continue
    for (const { requests, bad } of block) squares += (bad - requests * rate) ** 2 / (requests * rate * (1 - rate))
    freedom += block.length - 1
  }
  return (squares + SHRINKAGE) / (freedom + SHRINKAGE)
}

/** The same with bursts taken to be `factor` times as large (1 or more). */
export function withBursts(history: History, factor: number): History {
  return { ...history, dispersion: Math.min(MOST_DISPERSION, history.dispersion * factor) }
}

/** Its rate, with an assumption of little weight where it is short. */
export function rateOf({ requests, bad }: History): number {
  return (bad + ASSUMED_RATE * ASSUMED_REQUESTS) / (requests + ASSUMED_REQUESTS)
}

/** An upper bound of stable's normal rate, bursts allowed for; undefined where history is too short to bound anything. */
export function boundOf({ requests, bad, dispersion }: History): number | undefined {
  if (requests < ENOUGH_REQUESTS) return undefined
  return Math.min(1, (bad + 1 + 3.1 * Math.sqrt(dispersion * (bad + 1))) / requests)
}
