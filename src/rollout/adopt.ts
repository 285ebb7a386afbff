// A state as it was read, with what only the routes say: Flagger's habits, and stages for which a status has no word.

import type { Plan } from './plan.ts'
import type { Progress, RolloutState } from './state.ts'
import type { LiveRouting } from './virtual-service.ts'

/** `state` of a Canary whose routes say `live`. */
export function adopt(plan: Plan, state: RolloutState, live: LiveRouting | undefined): RolloutState {
  if (state.phase === 'waiting-promotion') return { ...state, ...waiting(plan, state, live) }
  return state.phase === 'progressing' ? { ...state, ...progressing(plan, state, live) } : state
}

// Flagger writes weight 0 and one iteration less while it waits (flagger-observed.md, fact 15); the routes then say more.
function waiting({ strategy }: Plan, { weight }: Progress, live: LiveRouting | undefined): Progress {
  if (strategy.kind === 'weighted') return { weight: weight === 0 ? (live?.canary ?? 0) : weight, iterations: 0 }
  const { iterations } = strategy
  return { weight: 0, iterations: strategy.kind === 'blue-green' && live?.canary === 100 ? iterations + 1 : iterations }
}

// Copies ahead of the first weight are seen in the routes alone; so is that weight, when it was written and its status was not.
function progressing({ strategy }: Plan, progress: Progress, live: LiveRouting | undefined): Progress {
  if (strategy.kind === 'weighted') {
    const begun = live !== undefined && (live.mirrored || live.canary === strategy.ladder[0])
    const mirrored = strategy.mirror !== undefined && progress.weight === 0 && begun
    return mirrored ? { ...progress, mirrored } : progress
  }
  // More were begun than are wanted by now: that does not mean that the canary has all traffic.
  const { iterations } = strategy
  return progress.iterations > iterations && live?.canary !== 100 ? { ...progress, iterations } : progress
}
