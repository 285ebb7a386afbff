// What is to be done of an analysis that nothing is in the way of: wait, begin, look, or note that it has gone on already. Where the gate sets
// the pace, a look is due as soon as it has proven the next step safe, and leads on only when it has.

import type { HoldReason } from '../gate/verdict.ts'
import type { KubeObject } from '../api/object.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { gateRequestOf } from '../canary/gate-request.ts'
import { autoLadder, autoLadderAt, MOST_START } from '../canary/pace.ts'
import type { Plan } from '../canary/plan.ts'
import { routingMark } from '../objects/routing-mark.ts'
import { isStart, nextStage, routingAt } from './stages.ts'
import { type Progress, progressOf, type RolloutState, standingOf } from './state.ts'
import type { Known } from './trouble.ts'
import { type LiveRouting, liveRouting } from '../objects/virtual-service.ts'

/** What there is to do of it. */
export type Analysing =
  | { readonly kind: 'wait' }
  /** The gate wants the traffic off the canary, which it does not blame. */
  | { readonly kind: 'retreat'; readonly because: string }
  /** The routes are those of the next stage already: an advance was interrupted before the status was written. */
  | { readonly kind: 'advanced-before'; readonly progress: Progress }
  | { readonly kind: 'start' }
  /** gate: what it says of going on, where it sets the pace. */
  | { readonly kind: 'look'; readonly progress: Progress; readonly paused?: true; readonly gate?: Going }

/** What the gate says of going on. */
export interface Going {
  /** Whether the next step has been proven safe. */
  readonly proven: boolean
  /** Why, or why not; of what is proven as it is said of what is done. */
  readonly sentence: string
  /** Why not, where the gate says so. */
  readonly reason: HoldReason | undefined
}

/** The plan with the ladder as it is here: that of the traffic begins where the gate says, and has the present weight in it. */
export function withLadder(plan: Plan, state: RolloutState, cluster: ClusterView): Plan {
  const { strategy } = plan
  if (strategy.kind !== 'weighted' || strategy.auto !== true) return plan
  const { weight } = progressOf(state)
  const ladder = weight === 0 ? autoLadder(startBefore(plan, state, cluster) ?? cluster.evidence?.start) : autoLadderAt(weight)
  return { ...plan, strategy: { ...strategy, ladder } }
}

// Where it began already, when that was interrupted before the status was written: the traffic may ask for another weight by now.
function startBefore(plan: Plan, state: RolloutState, { virtualService }: ClusterView): number | undefined {
  const live = liveRouting(virtualService, plan.apex, plan.rules)
  if (live === undefined || live.mirrored || live.canary === 0 || live.canary > MOST_START) return undefined
  return live.mark === routingMark(standingOf(state).applied, { kind: 'weights', canary: live.canary }) ? live.canary : undefined
}

/** What there is to do of an analysis. */
export function analysis(known: Known): Analysing {
  const progress = progressOf(known.state)
  return advancedBefore(known, progress) ?? retreating(known, progress) ?? (isStart(progress) ? starting(known) : looking(known, progress))
}

function advancedBefore({ plan, state, cluster }: Known, progress: Progress): Analysing | undefined {
  const next = nextStage(plan, progress)
  const live = liveRouting(cluster.virtualService, plan.apex, plan.rules)
  if (next === undefined || live === undefined) return undefined
  const { applied } = standingOf(state)
  return wasReached(plan, { progress, next, live, applied }) ? { kind: 'advanced-before', progress: next } : undefined
}

function retreating({ state, cluster: { evidence } }: Known, progress: Progress): Analysing | undefined {
  if (evidence?.kind !== 'retreat' || evidence.revision !== standingOf(state).applied) return undefined
  return isStart(progress) ? { kind: 'wait' } : { kind: 'retreat', because: evidence.sentence }
}

function starting(known: Known): Analysing {
  const { plan, cluster, dueAt } = known
  const isAuto = plan.strategy.kind === 'weighted' && plan.strategy.auto === true
  const measures = isAuto && cluster.evidence?.start === undefined && isPaced(known)
  return cluster.now < dueAt || measures ? { kind: 'wait' } : { kind: 'start' }
}

function looking(known: Known, progress: Progress): Analysing {
  const { cluster, dueAt } = known
  const gate = progress.weight > 0 && isPaced(known) ? goingOn(known, progress.weight) : undefined
  // What has been proven is looked at at once, and but once: what its checks say then, they say at the next interval again.
  const isNews = gate?.proven === true && cluster.evidence?.news === true
  if (cluster.now < dueAt && !isNews) return { kind: 'wait' }
  return { kind: 'look', progress, ...(gate === undefined ? {} : { gate }) }
}

// Without a gate the interval counts: nobody would ever prove anything.
function isPaced({ canary, plan, cluster }: Known): boolean {
  return plan.pace === 'evidence' && gates(canary, cluster)
}

function gates(canary: KubeObject, { counters, gateConfig }: ClusterView): boolean {
  return counters !== 'none' && gateRequestOf(canary, gateConfig).request !== undefined
}

function goingOn({ state, cluster: { evidence } }: Known, weight: number): Going {
  const isAbout = evidence?.revision === standingOf(state).applied && evidence.weight === weight
  if (!isAbout) return { proven: false, sentence: `Holding at ${weight} %: the gate has not looked yet.`, reason: undefined }
  return { proven: evidence.kind === 'advance', sentence: evidence.done ?? evidence.sentence, reason: evidence.reason }
}

interface Advance {
  readonly progress: Progress
  readonly next: Progress
  readonly live: LiveRouting
  readonly applied: string
}

// Stages that are routed alike leave no trace: they are told apart by the status alone. Routes without our mark of the stage are somebody
// else's, who has not asked for what comes before it.
function wasReached(plan: Plan, { progress, next, live, applied }: Advance): boolean {
  const [now, then] = [routingAt(plan, progress), routingAt(plan, next)]
  if (live.mark !== routingMark(applied, then)) return false
  if (then.kind === 'mirror') return now.kind !== 'mirror' && live.mirrored
  return !live.mirrored && live.canary === then.canary && (now.kind === 'mirror' || now.canary !== then.canary)
}
