// The way of a revision through its analysis: what comes after a stage, where traffic goes in it, and what is told of reaching it
// (flagger.md 2.7, 3.4). The last stage is followed by the promotion.

import type { Plan } from '../canary/plan.ts'
import type { Routing } from '../objects/virtual-service.ts'
import { NO_PROGRESS, type Progress, progressOf, type RolloutState } from './state.ts'

/** The stage after `progress`; undefined where promotion begins. */
export function nextStage({ strategy, provider }: Plan, progress: Progress): Progress | undefined {
  const { weight, iterations } = progress
  switch (strategy.kind) {
    case 'weighted': {
      if (strategy.mirror !== undefined && weight === 0 && progress.mirrored !== true) return { ...NO_PROGRESS, mirrored: true }
      const next = strategy.ladder.find((rung) => rung > weight)
      return next === undefined ? undefined : { ...NO_PROGRESS, weight: next }
    }
    case 'blue-green': {
      // The one after the last is for the canary to have all traffic, where it can be given any.
      const last = provider === 'kubernetes' ? strategy.iterations : strategy.iterations + 1
      return iterations >= last ? undefined : { ...NO_PROGRESS, iterations: iterations + 1 }
    }
    case 'a/b':
      return iterations >= strategy.iterations ? undefined : { ...NO_PROGRESS, iterations: iterations + 1 }
  }
}

/** True where the next thing is the approval of the promotion: before it, or before blue/green gives the canary all traffic. */
export function awaitsPromotion({ strategy }: Plan, progress: Progress): boolean {
  switch (strategy.kind) {
    case 'weighted':
      return progress.weight >= (strategy.ladder.at(-1) ?? 100)
    case 'blue-green':
    case 'a/b':
      return progress.iterations === strategy.iterations
  }
}

/** True at the beginning of an analysis: nothing has been advanced yet. */
export function isStart({ weight, iterations, mirrored }: Progress): boolean {
  return weight === 0 && iterations === 0 && mirrored !== true
}

/** Where requests go at this point of the analysis. */
export function routingAt({ strategy }: Plan, progress: Progress): Routing {
  const { weight, iterations } = progress
  switch (strategy.kind) {
    case 'weighted':
      return progress.mirrored === true ? { kind: 'mirror', percent: strategy.mirror?.percent } : { kind: 'weights', canary: weight }
    case 'blue-green':
      if (iterations > strategy.iterations) return { kind: 'weights', canary: 100 }
      return iterations > 0 && strategy.mirror !== undefined
        ? { kind: 'mirror', percent: strategy.mirror.percent }
        : { kind: 'weights', canary: 0 }
    case 'a/b':
      return { kind: 'weights', canary: iterations > 0 ? 100 : 0 }
  }
}

/** Where requests go in this state. */
export function routingOf(plan: Plan, state: RolloutState): Routing {
  const analysing = state.phase === 'progressing' || state.phase === 'waiting-promotion'
  return analysing ? routingAt(plan, progressOf(state)) : { kind: 'weights', canary: shareOf(plan, state) }
}

/** The canary's share of the requests that are split, in percent. */
export function shareOf(plan: Plan, state: RolloutState): number {
  if (state.phase === 'failed') return state.weight
  const progress = progressOf(state)
  // A weight beside iterations: the primary is getting its traffic back.
  if (state.phase === 'promoting' && progress.weight > 0) return progress.weight
  const routing = routingAt(plan, progress)
  return routing.kind === 'weights' ? routing.canary : 0
}

/** What an Event says of reaching `next` from `before`, in Flagger's words. */
export function stageText({ strategy }: Plan, subject: string, next: Progress): string {
  if (strategy.kind === 'weighted') return `Advance ${subject} canary weight ${next.weight}`
  if (next.iterations <= strategy.iterations) return `Advance ${subject} canary iteration ${next.iterations}/${strategy.iterations}`
  const mirrors = strategy.kind === 'blue-green' && strategy.mirror !== undefined
  return mirrors ? 'Stop traffic mirroring and route all traffic to canary' : 'Routing all traffic to canary'
}
