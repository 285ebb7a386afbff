// Flagger's way with a rollout by weights: a tick each interval, built-in checks against their bounds, a failed check too many undone at the
// tick after it, promotion at the tick after the last weight passed (flagger.md 2.6 to 2.10). Webhooks and queries of one's own pass.

import type { Plan } from '../canary/plan.ts'
import type { MetricCheck } from '../canary/metric-checks.ts'
import type { Millis } from '../std/clock.ts'
import { measured } from './checks.ts'
import { commonPart, type Leader, type Move, stepsBack } from './lead.ts'
import type { SimulatedTraffic } from './traffic.ts'

/** Flagger on this plan, whose strategy is by weights. */
export class FlaggerLeader implements Leader {
  readonly grain: number
  next = 0
  readonly #plan: Plan
  readonly #edges: readonly Millis[]
  #weight = 0
  #failed = 0
  #passed = false

  constructor(plan: Plan, edges: readonly Millis[]) {
    this.#plan = plan
    this.#edges = edges
    this.grain = [plan.interval, ...plan.metrics.map(({ interval }) => interval)].reduce(commonPart) / 1000
  }

  look(traffic: SimulatedTraffic, at: number): Move {
    const { interval, threshold } = this.#plan
    this.next = at + interval / 1000
    if (this.#weight === 0) return this.#advance()
    if (this.#failed >= threshold) return { kind: 'roll-back', by: 'checks', because: `failed checks threshold reached ${this.#failed}` }
    if (this.#passed) return { kind: 'promote', after: Math.max(0, stepsBack(this.#plan, this.#weight) - 1) * (interval / 1000) }
    if (this.#plan.metrics.every((check) => this.#passes(check, traffic))) return this.#advance()
    this.#failed += 1
    return { kind: 'stay' }
  }

  #advance(): Move {
    const { strategy } = this.#plan
    const rung = strategy.kind === 'weighted' ? strategy.ladder.find((each) => each > this.#weight) : undefined
    if (rung === undefined) {
      this.#passed = true
      return { kind: 'stay' }
    }
    this.#weight = rung
    return { kind: 'weigh', weight: rung }
  }

  // No data is a failed check.
  #passes(check: MetricCheck, traffic: SimulatedTraffic): boolean {
    if (check.kind !== 'builtin') return true
    const found = measured(check.metric, traffic.canaryOver(check.interval / 1000), this.#edges)
    if (found.kind !== 'value') return false
    const value = check.metric === 'request-duration' ? Math.trunc(found.value) : found.value
    return value >= (check.min ?? -Infinity) && value <= (check.max ?? Infinity)
  }
}
