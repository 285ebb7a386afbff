// One tick as its conclusions see it, the Step they make, and the few builders they share. No decision is taken here.

import type { KubeObject } from '../api/object.ts'
import type { Millis } from '../std/clock.ts'
import { type Answer, callOf, type HookCall, type Question } from './ask.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { type Finding, FINALIZER } from './situation.ts'
import type { Phase, RolloutState } from './state.ts'
import type { Scale } from '../objects/target-kind.ts'
import type { Routing } from '../objects/virtual-service.ts'

/** Something to tell, in order: an Event (and the event webhooks), or a webhook whose answer becomes an Event. */
export type Announcement =
  | { readonly kind: 'event'; readonly type: 'Normal' | 'Warning'; readonly message: string; readonly phase: Phase }
  | { readonly kind: 'hook'; readonly call: HookCall; readonly phase: Phase; readonly passed: string; readonly failed: string }

/** What one tick concludes, with where requests go, which follows from the state. */
export interface Step extends Conclusion {
  readonly routing: Routing
}

/** What there is to do and to tell. */
export interface Conclusion {
  readonly state: RolloutState
  /** none: touch nothing; foundation: two Services and the primary; all: the whole set; restored: give back what was taken over. */
  readonly objects: 'none' | 'foundation' | 'all' | 'restored'
  readonly canaryReplicas: Scale
  readonly primarySpec: 'keep' | 'copy-canary' | 'restore'
  readonly announcements: readonly Announcement[]
  /** What happens to the Canary's own metadata, after the status. */
  readonly metadata: 'keep' | 'add-finalizer' | 'drop-finalizer' | { readonly drop: readonly string[] }
  /** taken: the next look is an interval away; reset: at once. */
  readonly look: 'taken' | 'none' | 'reset'
  /** Look again after this long, whatever happens. */
  readonly wake: Millis
}

/** All that a conclusion is drawn from. */
export interface Tick {
  readonly canary: KubeObject
  readonly cluster: ClusterView
  readonly finding: Finding
  readonly questions: readonly Question[]
  readonly answers: readonly Answer[]
}

/** An Event about the Canary, told with the phase the tick ends in. */
export function event(type: 'Normal' | 'Warning', message: string, phase: Phase): Announcement {
  return { kind: 'event', type, message, phase }
}

/** `<name>.<namespace>` of the target, as Flagger's events name it. */
export function subject({ finding: { plan } }: Tick): string {
  return `${plan.target}.${plan.namespace}`
}

/** What a Conclusion is unless a conclusion says otherwise: everything as it is. */
export function held(tick: Tick, announcements: readonly Announcement[], look: Step['look']): Conclusion {
  const { state, plan, dueAt } = tick.finding
  const { now } = tick.cluster
  return {
    state,
    objects: 'all',
    canaryReplicas: 'keep',
    primarySpec: 'keep',
    announcements,
    metadata: finalizerEdit(tick),
    look,
    wake: look === 'none' && dueAt > now ? Math.min(plan.interval, dueAt - now) : plan.interval
  }
}

/** The Event for a Deployment that is not ready, in Flagger's words. */
export function waitingEvent(tick: Tick, who: 'primary' | 'canary', because: string): Announcement {
  const { plan, state } = tick.finding
  const name = who === 'primary' ? `${plan.target}-primary.${plan.namespace}` : `canary ${plan.targetKind.toLowerCase()} ${subject(tick)}`
  return event('Warning', `${name} not ready: ${because}`, state.phase)
}

/** The post-rollout webhooks, told after success or failure. */
export function hooksAfter(tick: Tick, phase: 'succeeded' | 'failed'): readonly Announcement[] {
  return tick.finding.plan.hooks
    .filter((hook) => hook.type === 'post-rollout')
    .map((hook) => ({
      kind: 'hook',
      call: callOf(hook, tick.canary, phase),
      phase,
      passed: `Post-rollout check ${hook.name} passed`,
      failed: `Post-rollout hook ${hook.name} failed`
    }))
}

// revertOnDeletion is a finalizer; switching it off removes it (flagger.md 1.2).
function finalizerEdit({ canary, finding: { plan } }: Tick): Step['metadata'] {
  const present = (canary.metadata.finalizers ?? []).includes(FINALIZER)
  if (present === plan.revertOnDeletion || canary.metadata.deletionTimestamp !== undefined) return 'keep'
  return plan.revertOnDeletion ? 'add-finalizer' : 'drop-finalizer'
}
