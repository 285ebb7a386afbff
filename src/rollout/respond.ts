// What a failed check does (metric-checks.ts, FailureResponse): counts, and takes traffic back as far as the Canary wants. A check that only
// holds never comes here: hear.ts makes a hold of it.

import type { FailureResponse } from '../canary/metric-checks.ts'
import type { Plan } from '../canary/plan.ts'
import { NO_PROGRESS, type Progress, progressOf, type RolloutState, standingOf } from './state.ts'
import { type Announcement, type Conclusion, event, held, subject, type Tick } from './tick.ts'

/** A check that failed, with what an Event says of it. */
export interface Failure {
  readonly check: string
  readonly because: string
  readonly response: FailureResponse
}

/** A state with an analysis in it. */
export type Running = Extract<RolloutState, { readonly phase: 'progressing' | 'waiting-promotion' | 'promoting' }>

/** `state` as one with an analysis in it; the beginning of one where it has none. */
export function running(state: RolloutState): Running {
  if (state.phase === 'progressing' || state.phase === 'waiting-promotion' || state.phase === 'promoting') return state
  return { ...standingOf(state), ...NO_PROGRESS, phase: 'progressing' }
}

/** The conclusion of a failed check. At the threshold the next tick rolls back, at once. */
export function failedCheck(tick: Tick, state: RolloutState, failure: Failure, told: readonly Announcement[]): Conclusion {
  const { plan } = tick.finding
  const before = running(state)
  // All failures at once: counted before anything is undone, as at the threshold, so that a crash cannot lose the rollback.
  const failedChecks = failure.response === 'revert' ? Math.max(plan.threshold, before.failedChecks + 1) : before.failedChecks + 1
  const counted: Running = { ...before, failedChecks, because: failure.because }
  const back = backTo(plan, progressOf(before), failure.response)
  const { mirrored: _, asks: __, ...rest } = counted
  const next: Running = back === undefined ? counted : { ...rest, ...back, phase: 'progressing' }
  const events = back === undefined && failure.response !== 'revert' ? told : [...told, responseEvent(tick, failure, back)]
  return { ...held(tick, events, 'taken'), state: next, ...(failedChecks >= plan.threshold ? { wake: 0 } : {}) }
}

// Where the analysis goes on from; undefined: from where it is.
function backTo(plan: Plan, progress: Progress, response: FailureResponse): Progress | undefined {
  switch (response) {
    case 'count':
    case 'hold':
    case 'revert':
      return undefined
    case 'to-zero':
      return NO_PROGRESS
    case 'step-back':
      return previousStage(plan, progress)
  }
}

/** The stage before `progress`; the beginning before the first one. */
export function previousStage({ strategy }: Plan, { weight, iterations, mirrored }: Progress): Progress {
  if (strategy.kind !== 'weighted') return { ...NO_PROGRESS, iterations: Math.max(0, iterations - 1) }
  const rung = strategy.ladder.findLast((lower) => lower < weight)
  if (rung !== undefined) return { ...NO_PROGRESS, weight: rung }
  return strategy.mirror !== undefined && weight > 0 && mirrored !== true ? { ...NO_PROGRESS, mirrored: true } : NO_PROGRESS
}

function responseEvent(tick: Tick, { check, response }: Failure, back: Progress | undefined): Announcement {
  const what =
    back === undefined
      ? 'rolling back at once'
      : response === 'to-zero' || (back.weight === 0 && back.iterations === 0)
        ? 'routing all traffic to primary'
        : `stepping back to ${back.iterations > 0 ? `iteration ${back.iterations}` : `canary weight ${back.weight}`}`
  return event('Warning', `Check ${check} of ${subject(tick)} failed: ${what}`, 'progressing')
}
