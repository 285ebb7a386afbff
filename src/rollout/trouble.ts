// Whether pods are there to take traffic: of the canary, of the primary, and what is in the way.

import type { KubeObject } from '../api/object.ts'
import type { Millis } from '../std/clock.ts'
import type { ClusterView } from './cluster-view.ts'
import type { Plan } from './plan.ts'
import { carries } from './promotion.ts'
import type { Readiness, ReadinessTerms, ScaledTerms } from './readiness.ts'
import { leastOf } from './scaler.ts'
import { isStart } from './stages.ts'
import { type RolloutState, standingOf } from './state.ts'
import { targetKindOf } from './targets.ts'

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
  | { readonly kind: 'not-ready'; readonly who: Side; readonly readiness: Readiness }
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

/** How readiness is judged now. */
export function terms({ plan, state, cluster }: Known, who: Side): ReadinessTerms {
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
export function isLeftBehind({ plan, state, cluster }: Known, { pods }: Readiness): boolean {
  const promoting = state.phase === 'promoting' || state.phase === 'finalising'
  return !promoting && pods > 0 && !carries(cluster.primary, plan, standingOf(state).promoted)
}

/** The canary's traffic goes nowhere, and the primary could take it. */
export function isAbandoned(known: Known): boolean {
  return podsOf(known, 'canary') === 0 && podsOf(known, 'primary') > 0
}

/** Pods of one side that can take traffic. */
export function podsOf(known: Known, who: Side): number {
  const object = who === 'primary' ? known.cluster.primary : known.cluster.target
  return targetKindOf(known.plan).readinessOf(object, terms(known, who))?.pods ?? 0
}
