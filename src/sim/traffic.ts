// The traffic of one simulated rollout: what a service of two versions has served so far, with the canary's share as it is in force. Whoever
// leads the rollout reads it as counters are read.

import type { Served, ServedPair } from '../gate/served.ts'
import type { Millis } from '../std/clock.ts'
import { type SimulatedService, sumOf } from './service.ts'

/** The instant when simulated time begins: any, 2026. */
export const START: Millis = 1_767_225_600_000

/** Between a decision for a weight and its being in force everywhere. */
export const PUSH_SECONDS = 2

/** How long pods take to be ready. */
export const POD_SECONDS = 5

/** When a release begins: its pods are ready, and can have traffic, at second 0. */
export const BEGIN_SECOND: number = -POD_SECONDS

interface Mark {
  readonly at: number
  readonly canary: Served
}

/** Traffic since BEGIN_SECOND. Owns what was served. */
export class SimulatedTraffic {
  readonly #service: SimulatedService
  #total: ServedPair
  #at = BEGIN_SECOND
  #weight = 0
  #next: { readonly weight: number; readonly from: number } | undefined
  /** What the canary had served at each reading. */
  readonly #marks: Mark[]

  constructor(service: SimulatedService) {
    this.#service = service
    this.#total = service.span(BEGIN_SECOND, BEGIN_SECOND, 0)
    this.#marks = [{ at: BEGIN_SECOND, canary: this.#total.canary }]
  }

  /** The canary's share in percent from the second `from` on; a later word replaces one that is not in force yet. */
  weigh(weight: number, from: number): void {
    this.#next = { weight, from }
    this.#turn(this.#at)
  }

  /** Serves until `to`, which does not go back: all that was served so far. */
  until(to: number): ServedPair {
    while (this.#next !== undefined && this.#next.from < to) {
      this.#serve(this.#next.from)
      this.#turn(this.#at)
    }
    this.#serve(to)
    this.#turn(to)
    return this.#total
  }

  /** What the canary served in the latest `seconds`, from the last reading before them on. */
  canaryOver(seconds: number): Served {
    const from = this.#at - seconds
    const before = this.#marks.findLast(({ at }) => at <= from)
    return before === undefined ? this.#total.canary : differenceOf(this.#total.canary, before.canary)
  }

  #serve(to: number): void {
    if (to <= this.#at) return
    const { canary, stable } = this.#service.span(this.#at, to, this.#weight)
    this.#total = { canary: sumOf(this.#total.canary, canary), stable: sumOf(this.#total.stable, stable) }
    this.#at = to
    this.#marks.push({ at: to, canary: this.#total.canary })
  }

  #turn(at: number): void {
    if (this.#next === undefined || this.#next.from > at) return
    this.#weight = this.#next.weight
    this.#next = undefined
  }
}

/** What was served between two readings of all that was. */
export function differenceOf(later: Served, earlier: Served): Served {
  return {
    requests: later.requests - earlier.requests,
    failures: later.failures - earlier.failures,
    buckets: later.buckets.map((count, index) => count - (earlier.buckets[index] ?? 0))
  }
}
