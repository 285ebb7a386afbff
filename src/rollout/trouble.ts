// Whether pods are there to take traffic: of the canary, of the primary, and what is in the way.

import type { KubeObject } from '../api/object.ts'
import type { Millis } from '../std/clock.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { checksumsOf } from '../objects/configs.ts'
import type { Plan } from '../canary/plan.ts'
import { carries } from './promotion.ts'
import type { Readiness, ReadinessTerms, ScaledTerms } from '../objects/readiness.ts'
import { isEmptying } from './refresh.ts'
import { leastOf } from '../canary/scaler.ts'
import { templateIn, withConfigs } from '../objects/revision.ts'
import { isStart } from './stages.ts'
import { type RolloutState, standingOf } from './state.ts'
import { targetKindOf } from '../objects/targets.ts'

/** What a tick knows when it looks for its situation. */
export interface Known {
  readonly canary: KubeObject
  readonly plan: Plan
  readonly state: RolloutState
  readonly revision: string
  readonly dueAt: Millis
  readonly cluster: ClusterView
}

/** Whose pods. */
export type Side = 'primary' | 'canary'

/** Pods are not there yet, or will not be. */
export type Trouble =
  /** refreshes: the canary's pods have to end, so that others are made (refresh.ts). */
  | { readonly kind: 'not-ready'; readonly who: Side; readonly readiness: Readiness; readonly refreshes?: true }
  /** canaryPods: those that could take over. */
  | { readonly kind: 'stuck'; readonly who: Side; readonly readiness: Readiness; readonly canaryPods: number }

/** What is in the way of one side; undefined where traffic may go there. */
export function trouble(object: KubeObject | undefined, who: Side, known: Known): Trouble | undefined {
  const readiness = object === undefined ? undefined : targetKindOf(known.plan).readinessOf(object, terms(known, who))
  if (readiness === undefined) return undefined
  if (readiness.kind === 'stuck') return { kind: 'stuck', who, readiness, canaryPods: podsOf(known, 'canary') }
  if (readiness.kind === 'waiting') return { kind: 'not-ready', who, readiness }
  // Ready with nothing running: traffic must not go there (Flagger's own guard never fires, flagger.md 2.5).
  return readiness.pods > 0 ? undefined : { kind: 'not-ready', who, readiness: { ...readiness, because: 'it is scaled to zero' } }
}

/** What is in the way of a canary whose pods are made again. */
export function refreshing({ plan, cluster }: Known): Trouble | undefined {
  if (!isEmptying(plan, cluster)) return undefined
  const because = 'waiting for its pods to end: what they read has changed'
  return { kind: 'not-ready', who: 'canary', readiness: { kind: 'waiting', because, pods: 0 }, refreshes: true }
}

/** How readiness is judged now. */
export function terms({ plan, state, cluster }: Pick<Known, 'plan' | 'state' | 'cluster'>, who: Side): ReadinessTerms {
  return {
    threshold: who === 'primary' ? plan.primaryReadyThreshold : plan.canaryReadyThreshold,
    deadline: plan.progressDeadline,
    since: standingOf(state).since,
    now: cluster.now,
    scaled: scaledTerms({ plan, state, cluster }, who)
  }
}

function scaledTerms({ plan, state, cluster }: Pick<Known, 'plan' | 'state' | 'cluster'>, who: Side): ScaledTerms | undefined {
  if (plan.autoscaler === undefined) return undefined
  const analysed = state.phase === 'progressing' || state.phase === 'waiting-promotion'
  const scaler = who === 'primary' ? cluster.scalers?.primary : cluster.scalers?.target
  return { least: leastOf(scaler), settled: analysed && (who === 'primary' || !isStart(state)) }
}

/** A promotion that failed left this primary in the middle of its rollout: while its old pods serve, the next revision is not held up by it. */
export function isLeftBehind(known: Known, { pods }: Readiness): boolean {
  const { phase } = known.state
  return phase !== 'promoting' && phase !== 'finalising' && pods > 0 && !isPromoted(known)
}

// What the promoted revision's pods read is not in the status; the primary's copies have it, as long as no promotion has failed since.
function isPromoted({ plan, state, cluster: { primary, configs } }: Known): boolean {
  const { promoted, applied } = standingOf(state)
  if (carries(primary, plan, promoted)) return true
  if (configs === undefined || (state.phase === 'failed' && carries(primary, plan, applied))) return false
  const copies = configs.flatMap((view) => (view.copy === undefined ? [] : [{ ...view, object: view.copy }]))
  return carries(primary, plan, withConfigs(templateIn(promoted), checksumsOf(copies)))
}

/** The canary's traffic goes nowhere, and the primary could take it. */
export function isAbandoned(known: Known): boolean {
  return podsOf(known, 'canary') === 0 && podsOf(known, 'primary') > 0
}

/** Pods of one side that can take traffic. */
export function podsOf(known: Pick<Known, 'plan' | 'state' | 'cluster'>, who: Side): number {
  const object = who === 'primary' ? known.cluster.primary : known.cluster.target
  return targetKindOf(known.plan).readinessOf(object, terms(known, who))?.pods ?? 0
}
