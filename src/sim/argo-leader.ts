// Argo Rollouts' way: weights with pauses, and a measurement of an AnalysisTemplate beside them at its interval. One failed measurement more
// than failureLimit aborts the rollout.

import type { Millis } from '../std/clock.ts'
import { measured } from './checks.ts'
import type { Leader, Move } from './lead.ts'
import type { SimulatedTraffic } from './traffic.ts'

/** A Rollout with a background analysis of its success rate. */
export interface ArgoPlan {
  readonly weights: readonly number[]
  /** Seconds at each weight. */
  readonly pause: number
  /** Seconds between measurements, each of as long a time. */
  readonly interval: number
  /** The least share of successes, percent. */
  readonly least: number
  /** The most that the 99th percentile may be. */
  readonly most?: Millis
  readonly failureLimit: number
}

/** The sample of Argo's documentation: 20 % every ten minutes, 95 % of successes in five minutes, aborted at the fourth failure. */
export const ARGO_SAMPLE: ArgoPlan = { weights: [20, 40, 60, 80], pause: 600, interval: 300, least: 95, failureLimit: 3 }

/** Argo Rollouts on this plan. */
export class ArgoLeader implements Leader {
  readonly grain: number
  next = 0
  readonly #plan: ArgoPlan
  readonly #edges: readonly Millis[]
  #step = -1
  #failures = 0

  constructor(plan: ArgoPlan, edges: readonly Millis[]) {
    this.#plan = plan
    this.#edges = edges
    this.grain = plan.interval
  }

  look(traffic: SimulatedTraffic, at: number): Move {
    const { weights, pause, interval, failureLimit } = this.#plan
    if (at > 0 && at % interval === 0 && !this.#passes(traffic)) this.#failures += 1
    if (this.#failures > failureLimit) return { kind: 'roll-back', by: 'checks', because: `${this.#failures} failed measurements` }
    this.next = Math.min(after(at, interval), after(at, pause))
    if (at % pause !== 0) return { kind: 'stay' }
    this.#step += 1
    const weight = weights[this.#step]
    return weight === undefined ? { kind: 'promote', after: 0 } : { kind: 'weigh', weight }
  }

  // Of no requests the share of successes is not a number, which is not at least the least.
  #passes(traffic: SimulatedTraffic): boolean {
    const { interval, least, most = Infinity } = this.#plan
    const served = traffic.canaryOver(interval)
    const rate = measured('request-success-rate', served, this.#edges)
    const duration = measured('request-duration', served, this.#edges)
    return rate.kind === 'value' && rate.value >= least && duration.kind === 'value' && duration.value <= most
  }
}

// The first whole multiple of `every` after `at`.
function after(at: number, every: number): number {
  return (Math.floor(at / every) + 1) * every
}
