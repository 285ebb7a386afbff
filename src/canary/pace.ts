// Who says when a rollout by weights goes on: Flagger's interval, or the gate, which lets it go on as soon as the next weight is proven safe
// (option `pace: evidence`). With it may come a ladder that begins as low as the traffic allows: `evidence, ladder=auto`.

import type { KubeObject } from '../api/object.ts'
import type { Millis } from '../std/clock.ts'
import { dig, listAt } from '../std/json.ts'
import { type GateConfig, type Misread, misreadOf, optionOf } from './gate-options.ts'

/** The annotation. */
export const PACE = 'serin.dev/pace'

/** Who says when to go on. */
export type Pace = 'interval' | 'evidence'

/** What the annotation asks for. */
export interface PaceAsked {
  readonly pace: Pace
  /** own: the Canary's weights; auto: those of `autoLadder`. */
  readonly ladder: 'own' | 'auto'
}

/** The first weight where nobody knows how much traffic there is. */
export const DEFAULT_START = 5

/** The largest first weight, which the least traffic asks for. */
export const MOST_START = 20

const WANTED = 'evidence, interval, or evidence with ladder=auto or ladder=own as in "evidence, ladder=auto"'
const RUNGS: readonly number[] = [5, 10, 25, 50]
// Requests of the canary that a look should have, and the share that is given for them.
const START_REQUESTS = 5
const LEAST_START = 1

/** What the Canary asks, and what of it cannot be read. Without a word about the ladder its own weights count, where it has any. */
export function paceOf(canary: KubeObject, config?: GateConfig): { readonly asked: PaceAsked; readonly problems: readonly Misread[] } {
  const analysis = dig(canary['spec'], 'analysis')
  const weighs = Number(dig(analysis, 'stepWeight')) > 0 || listAt(analysis, 'stepWeights').length > 0
  const said = optionOf(canary, config, PACE)
  const own: PaceAsked = { pace: 'interval', ladder: 'own' }
  if (said === undefined) return { asked: own, problems: [] }
  const [pace, ladder, ...rest] = said.text.split(',').map((word) => word.trim().replace(/\s*=\s*/, '='))
  if (pace === 'interval' && ladder === undefined) return { asked: own, problems: [] }
  const isRead = pace === 'evidence' && rest.length === 0 && [undefined, 'ladder=auto', 'ladder=own'].includes(ladder)
  if (!isRead) return { asked: own, problems: [misreadOf(said, WANTED, 'the interval is used')] }
  const isAuto = ladder === 'ladder=auto' || (ladder === undefined && !weighs)
  return { asked: { pace, ladder: isAuto ? 'auto' : 'own' }, problems: [] }
}

/**
 * Whether both versions get requests of the same callers at the same time, so that they can be compared: by weight, not from those alone that
 * match, and requests that can be counted one by one.
 */
export function isComparable(
  canary: KubeObject,
  { strategy, provider, rules }: { readonly strategy: { readonly kind: string }; readonly provider: string; readonly rules: string }
): boolean {
  const isWeighted = strategy.kind === 'weighted' && provider === 'istio' && rules === 'http'
  return isWeighted && listAt(canary['spec'], 'analysis', 'match').length === 0
}

/** Weights from `first` on, that of the first step. */
export function autoLadder(first: number = DEFAULT_START): readonly number[] {
  return [first, ...RUNGS.filter((rung) => rung > first)]
}

/**
 * The weights of a rollout that is at `weight`, from its first step on. What is no rung is the first one itself; before a rung, the lower
 * rungs stand for those that were taken, which only its Release knows.
 */
export function autoLadderAt(weight: number): readonly number[] {
  return RUNGS.includes(weight) ? RUNGS : autoLadder(weight)
}

/**
 * The first weight at so many requests a second: a handful of requests in each look and until a decision is in force, no more. With little
 * traffic a larger share hurts nobody and speeds up both verdicts.
 */
export function startWeight(rate: number, look: Millis, pushDelay: Millis): number {
  const percent = (100 * START_REQUESTS) / (rate * ((look + pushDelay) / 1000))
  return Math.min(MOST_START, Math.max(LEAST_START, Math.ceil(percent)))
}
