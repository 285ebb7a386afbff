// A state as it was read, with what only the routes say: Flagger's habits, and stages for which a status has no word. What a status of our
// own leaves open counts only where the mark beside the routes says that they are ours: others write routes too.

import type { Plan } from '../canary/plan.ts'
import { isOwnRevision } from '../objects/revision.ts'
import { routingMark } from '../objects/routing-mark.ts'
import type { Progress, RolloutState } from './state.ts'
import type { LiveRouting, Routing } from '../objects/virtual-service.ts'

/** `state` of a Canary whose routes say `live`. */
export function adopt(plan: Plan, state: RolloutState, live: LiveRouting | undefined): RolloutState {
  if (state.phase !== 'waiting-promotion' && state.phase !== 'progressing') return state
  const routed = routedBy(state.applied, live)
  if (state.phase === 'waiting-promotion') return { ...state, ...waiting(plan, state, routed) }
  return { ...state, ...progressing(plan, state, routed) }
}

/** What the routes say that may be believed. */
interface Routed {
  readonly canary: number
  readonly says: (routing: Routing) => boolean
}

// Flagger leaves no mark: of its status the routes themselves are believed.
function routedBy(applied: string, live: LiveRouting | undefined): Routed {
  const marked = (routing: Routing): boolean => live?.mark !== undefined && live.mark === routingMark(applied, routing)
  const routed = (routing: Routing): boolean =>
    routing.kind === 'mirror' ? live?.mirrored === true : live?.canary === routing.canary && !live.mirrored
  return { canary: live?.canary ?? 0, says: isOwnRevision(applied) ? marked : routed }
}

const COPIES: Routing = { kind: 'mirror', percent: undefined }
const ALL: Routing = { kind: 'weights', canary: 100 }

// Flagger writes weight 0 and one iteration less while it waits (flagger-observed.md, fact 15); the routes then say more.
function waiting({ strategy }: Plan, { weight }: Progress, routed: Routed): Progress {
  if (strategy.kind === 'weighted') return { weight: weight === 0 ? routed.canary : weight, iterations: 0 }
  const { iterations } = strategy
  return { weight: 0, iterations: strategy.kind === 'blue-green' && routed.says(ALL) ? iterations + 1 : iterations }
}

// Copies ahead of the first weight are seen beside the status alone; so is that weight, when it was written and its status was not.
function progressing({ strategy }: Plan, progress: Progress, routed: Routed): Progress {
  if (strategy.kind === 'weighted') {
    if (strategy.mirror === undefined || progress.weight > 0) return progress
    // The first weight that the traffic asks for is known by the routes alone.
    const first = strategy.auto === true ? routed.canary : (strategy.ladder[0] ?? 100)
    const begun = routed.says(COPIES) || (first > 0 && routed.says({ kind: 'weights', canary: first }))
    return begun ? { ...progress, mirrored: true } : progress
  }
  // More were begun than are wanted by now: that does not mean that the canary has all traffic.
  const { iterations } = strategy
  return progress.iterations > iterations && !routed.says(ALL) ? { ...progress, iterations } : progress
}
