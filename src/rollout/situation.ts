// What a tick finds: one union that ask and step both switch on, so that the questions put and the conclusion drawn never disagree.
// Repairs of Flagger live here (flagger.md 2.18, 10): the status holds the weight, an interrupted write is recognised and finished.

import type { KubeObject } from '../api/object.ts'
import type { Millis } from '../std/clock.ts'
import { adopt } from './adopt.ts'
import type { ClusterView } from './cluster-view.ts'
import { missingConfigs } from './configs.ts'
import { DEFAULT_LABELS } from './label-rules.ts'
import { refusalsOf } from './notices.ts'
import { type Plan, planOf } from './plan.ts'
import { isBegun } from './promotion.ts'
import type { Readiness } from './readiness.ts'
import { recognise } from './recognise.ts'
import { heed, type Heeded, type Met, NO_REQUESTS, requestsOf } from './requests.ts'
import { isHeld } from './scaler.ts'
import { isStart, nextStage, routingAt, shareOf } from './stages.ts'
import { isRunning, type Progress, progressOf, type RolloutState, type Standing, standingOf } from './state.ts'
import { targetKindOf } from './targets.ts'
import { isAbandoned, isLeftBehind, type Known, podsOf, terms, trouble, type Trouble } from './trouble.ts'
import { foreignHosts, type LiveRouting, liveRouting } from './virtual-service.ts'

export const FINALIZER = 'finalizer.flagger.app'

/** What a tick finds, with the plan, the state (foreign hashes adopted) and the target's revision. `dueAt`: when to look next. */
export interface Finding {
  readonly plan: Plan
  readonly state: RolloutState
  /** The target's pod template and what its pods read; '' without a target. */
  readonly revision: string
  readonly dueAt: Millis
  readonly situation: Situation
  /** What becomes of what people asked for; the situation has it in already. */
  readonly heeded: Heeded
}

/** What there is to do. */
export type Situation =
  | { readonly kind: 'refused' }
  | { readonly kind: 'begin' }
  | { readonly kind: 'suspended' }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'revert'; readonly target: 'gone' | 'waiting' | 'ready' }
  | { readonly kind: 'no-target'; readonly because: string }
  | { readonly kind: 'no-config'; readonly because: string }
  | { readonly kind: 'no-primary' }
  | { readonly kind: 'bootstrap'; readonly primary: Readiness | undefined }
  | { readonly kind: 'idle' }
  | { readonly kind: 'withdrawn' }
  | { readonly kind: 'abort' }
  /** As many checks as the threshold have failed; counted in the status before anything is undone, so that a crash changes nothing. */
  | { readonly kind: 'failed-checks'; readonly count: number; readonly because: string }
  /** The canary has no pods because somebody scaled it to zero, or a rollback was interrupted after it did. */
  | { readonly kind: 'scaled-to-zero' }
  /** A failed revision is to be taken up again. */
  | { readonly kind: 'retry' }
  /** What is left of the analysis is to be skipped. */
  | { readonly kind: 'promote' }
  /** There is something to do that a pause forbids. */
  | { readonly kind: 'paused' }
  /** Others' destinations stand beside the rollout's own: traffic is not led there, nor taken away from them. */
  | { readonly kind: 'foreign'; readonly hosts: readonly string[] }
  | { readonly kind: 'new-revision'; readonly approved?: true }
  | { readonly kind: 'restart'; readonly asked?: true }
  | Trouble
  | { readonly kind: 'skip' }
  | { readonly kind: 'wait' }
  /** The routes are those of the next stage already: an advance was interrupted before the status was written. */
  | { readonly kind: 'advanced-before'; readonly progress: Progress }
  | { readonly kind: 'start' }
  | { readonly kind: 'look'; readonly progress: Progress; readonly paused?: true }
  | { readonly kind: 'resume-promotion' }
  /** The canary, which has all traffic since a promotion failed, has lost its pods; the primary has some. */
  | { readonly kind: 'hand-back' }
  | { readonly kind: 'mend-promotion' }
  /** forced: the canary has no pods to answer. */
  | { readonly kind: 'shift'; readonly weight: number; readonly forced?: true }
  | { readonly kind: 'drain' }

/** What a tick of `canary` in `state` finds in `cluster`. */
export function findingOf(canary: KubeObject, state: RolloutState, cluster: ClusterView): Finding {
  const plan = planOf(canary)
  const { state: adopted, revision } = recognise(adopt(plan, state, liveRouting(cluster.virtualService, plan.apex)), plan, cluster)
  const dueAt = dueAtOf(plan, adopted, cluster)
  const known: Known = { canary, plan, state: adopted, revision, dueAt, cluster }
  const plain = situationOf(known)
  const open = cluster.primary !== undefined && !CLOSED.has(plain.kind)
  const heeded = open ? heed(requestsOf(canary), metBy(known, plain)) : NO_REQUESTS
  return { plan, state: adopted, revision, dueAt, situation: requested(known, plain, heeded), heeded }
}

/** True once the next look may be taken. */
export function isDue(finding: Finding, cluster: ClusterView): boolean {
  return cluster.now >= finding.dueAt
}

/** True when waiting for pods has lasted an interval since the last status write and the last look: time to say so, and to ask again. */
export function isSlow({ plan, state }: Finding, cluster: ClusterView): boolean {
  return cluster.now >= Math.max(cluster.lookedAt ?? 0, standingOf(state).since) + plan.interval
}

function situationOf(known: Known): Situation {
  const { canary, plan, state, cluster } = known
  if (canary.metadata.deletionTimestamp !== undefined) return deletion(known)
  if (cluster.rival !== undefined || refusalsOf(canary['spec']).length > 0) return { kind: 'refused' }
  if (state.phase === 'new') return { kind: 'begin' }
  if (plan.suspended) return { kind: 'suspended' }
  const fault = targetFault(known)
  if (fault !== undefined)
    return { kind: 'no-target', because: `${plan.targetKind.toLowerCase()} ${plan.target}.${plan.namespace} ${fault}` }
  return state.phase === 'initializing' ? (configTrouble(known) ?? bootstrap(known)) : established(known)
}

function targetFault({ plan, cluster: { target, labels = DEFAULT_LABELS } }: Known): string | undefined {
  return target === undefined ? 'not found' : targetKindOf(plan).faultOf(target, labels)
}

function bootstrap(known: Known): Situation {
  const { plan, cluster } = known
  return { kind: 'bootstrap', primary: targetKindOf(plan).readinessOf(cluster.primary, terms(known, 'primary')) }
}

function established(known: Known): Situation {
  const { state, cluster } = known
  if (cluster.primary === undefined) return configTrouble(known) ?? { kind: 'no-primary' }
  return isRunning(state) ? running(known) : (configTrouble(known) ?? resting(known))
}

// Pods that read what is not there do not start, and a copy of it cannot be made.
function configTrouble({ plan, cluster }: Known): Extract<Situation, { kind: 'no-config' }> | undefined {
  const [missing] = missingConfigs(cluster.configs ?? [])
  if (missing === undefined) return undefined
  const { kind, name } = missing
  return {
    kind: 'no-config',
    because: `${kind} ${name}.${plan.namespace} not found, which the pods of ${plan.target} read: create it, or mark the reference optional`
  }
}

// Nothing is asked of a Canary that is not acted on, or not yet: its annotations stay.
const CLOSED: ReadonlySet<Situation['kind']> = new Set<Situation['kind']>([
  'refused',
  'begin',
  'suspended',
  'deleted',
  'revert',
  'no-target',
  'no-primary',
  'bootstrap'
])

function metBy(known: Known, { kind }: Situation): Met {
  const primary = podsOf(known, 'primary') > 0 ? 'available' : 'away'
  return { phase: known.state.phase, situation: kind, failed: failureOf(known), primary }
}

function failureOf(known: Known): Met['failed'] {
  const { state, revision } = known
  if (state.phase !== 'failed' || revision === state.promoted) return 'no'
  if (revision !== state.applied) return 'pending'
  if (state.weight === 0) return 'retryable'
  return mend(known).kind === 'mend-promotion' ? 'mendable' : 'unready'
}

function requested(known: Known, plain: Situation, { act, paused }: Heeded): Situation {
  switch (act) {
    case 'abort':
    case 'retry':
    case 'promote':
      return { kind: act }
    case 'restart':
      return { kind: 'restart', asked: true }
    case 'approve':
      return { kind: 'new-revision', approved: true }
    case 'mend':
      return paused ? { kind: 'paused' } : mend(known)
    case undefined:
      return paused ? heldBack(plain) : plain
  }
}

// A pause forbids what leads on. What was begun and interrupted is finished, and the way back is open.
function heldBack(plain: Situation): Situation {
  switch (plain.kind) {
    case 'new-revision':
    case 'start':
    case 'skip':
    case 'mend-promotion':
    case 'drain':
      return { kind: 'paused' }
    case 'shift':
      return plain.forced === true ? plain : { kind: 'paused' }
    case 'look':
      return { ...plain, paused: true }
    default:
      return plain
  }
}

function deletion({ canary, plan, state, cluster, dueAt }: Known): Situation {
  if (!(canary.metadata.finalizers ?? []).includes(FINALIZER)) return { kind: 'deleted' }
  if (cluster.target === undefined) return { kind: 'revert', target: 'gone' }
  if (state.phase !== 'terminating') return { kind: 'revert', target: 'waiting' }
  const since = state.since
  const terms = { threshold: plan.canaryReadyThreshold, deadline: plan.progressDeadline, since, now: cluster.now }
  const readiness = targetKindOf(plan).readinessOf(cluster.target, terms)
  return { kind: 'revert', target: readiness?.kind === 'ready' || cluster.now >= dueAt + plan.progressDeadline ? 'ready' : 'waiting' }
}

function resting(known: Known): Situation {
  const { state, revision } = known
  const standing = standingOf(state)
  if (state.phase === 'failed' && state.weight === 100) {
    if (isAbandoned(known)) return { kind: 'hand-back' }
    return revision === standing.applied ? { kind: 'idle' } : mend(known)
  }
  if (revision === standing.promoted) return standing.applied === revision ? { kind: 'idle' } : { kind: 'withdrawn' }
  if (revision === standing.applied) return { kind: 'idle' }
  return primaryTrouble(known) ?? foreign(known) ?? { kind: 'new-revision' }
}

// After a failed promotion the target has all traffic: what it runs next goes to the primary as soon as the target is ready.
function mend(known: Known): Situation {
  return canaryTrouble(known) ?? { kind: 'mend-promotion' }
}

function running(known: Known): Situation {
  const { state } = known
  switch (state.phase) {
    case 'waiting':
      return pending(known, state)
    case 'promoting':
      if (isAbandoned(known)) return { kind: 'shift', weight: 0, forced: true }
      return primaryTrouble(known) ?? shiftOrWait(known, shareOf(known.plan, state))
    case 'finalising':
      return primaryTrouble(known) ?? (known.cluster.now >= known.dueAt ? { kind: 'drain' } : { kind: 'wait' })
    default:
      return progressing(known)
  }
}

function pending(known: Known, { applied, promoted }: Standing): Situation {
  const { revision } = known
  const trouble = configTrouble(known)
  if (trouble !== undefined) return trouble
  return revision === applied || revision === promoted
    ? { kind: 'withdrawn' }
    : (primaryTrouble(known) ?? foreign(known) ?? { kind: 'new-revision' })
}

function progressing(known: Known): Situation {
  const { state, revision, plan, cluster } = known
  const { applied, promoted, since } = standingOf(state)
  const missing = configTrouble(known)
  if (applied !== revision) return missing ?? { kind: revision === promoted ? 'withdrawn' : 'restart' }
  if (isBegun(cluster, plan, revision, since)) return missing ?? { kind: plan.skipAnalysis ? 'skip' : 'resume-promotion' }
  return plan.skipAnalysis ? (canaryTrouble(known) ?? missing ?? { kind: 'skip' }) : analysed(known)
}

function analysed(known: Known): Situation {
  const missing = configTrouble(known)
  return lost(known) ?? primaryTrouble(known) ?? canaryTrouble(known) ?? missing ?? foreign(known) ?? analysis(known)
}

// A canary that must go, as long as the primary has pods to take over.
function lost(known: Known): Situation | undefined {
  const { state, plan, cluster } = known
  const kind = targetKindOf(plan)
  if (podsOf(known, 'primary') === 0) return undefined
  const count = standingOf(state).failedChecks
  if (count >= plan.threshold) {
    return { kind: 'failed-checks', count, because: ('because' in state ? state.because : undefined) ?? '' }
  }
  // KEDA may take an idle canary's pods away: unless it was told to, that is waited out.
  const idle = plan.autoscaler?.kind === 'ScaledObject' && cluster.scalers?.target !== undefined && !isHeld(cluster.scalers.target)
  return kind.isAtZero(cluster.target) && !idle ? { kind: 'scaled-to-zero' } : undefined
}

function foreign({ cluster, plan }: Known): Situation | undefined {
  const hosts = foreignHosts(cluster.virtualService, plan.apex)
  return hosts.length === 0 ? undefined : { kind: 'foreign', hosts }
}

function shiftOrWait({ plan, cluster, dueAt }: Known, weight: number): Situation {
  const step = plan.stepWeightPromotion
  if (step === 0 || weight === 0) return { kind: 'shift', weight: 0 }
  // A shift that was written before a crash shows in the VirtualService: it counts as done.
  const live = liveRouting(cluster.virtualService, plan.apex)
  if (live !== undefined && live.canary < weight) return { kind: 'shift', weight: live.canary }
  return cluster.now >= dueAt ? { kind: 'shift', weight: Math.max(0, weight - step) } : { kind: 'wait' }
}

function analysis({ plan, state, cluster, dueAt }: Known): Situation {
  const progress = progressOf(state)
  const next = nextStage(plan, progress)
  const live = liveRouting(cluster.virtualService, plan.apex)
  if (next !== undefined && live !== undefined && wasReached(plan, { progress, next, live }))
    return { kind: 'advanced-before', progress: next }
  if (cluster.now < dueAt) return { kind: 'wait' }
  return isStart(progress) ? { kind: 'start' } : { kind: 'look', progress }
}

// Stages that are routed alike leave no trace: they are told apart by the status alone.
function wasReached(
  plan: Plan,
  { progress, next, live }: { readonly progress: Progress; readonly next: Progress; readonly live: LiveRouting }
): boolean {
  const [now, then] = [routingAt(plan, progress), routingAt(plan, next)]
  if (then.kind === 'mirror') return now.kind !== 'mirror' && live.mirrored
  return !live.mirrored && live.canary === then.canary && (now.kind === 'mirror' || now.canary !== then.canary)
}

function primaryTrouble(known: Known): Situation | undefined {
  const found = trouble(known.cluster.primary, 'primary', known)
  return found?.kind === 'stuck' && isLeftBehind(known, found.readiness) ? undefined : found
}

function canaryTrouble(known: Known): Situation | undefined {
  const found = trouble(known.cluster.target, 'canary', known)
  const missing = configTrouble(known)
  if (found === undefined || missing === undefined) return found
  return { ...found, readiness: { ...found.readiness, because: `${found.readiness.because} (${missing.because})` } }
}

// The first step comes as soon as the pods are ready, everything after it an interval later. After a restart of this process the time of
// the last look is not known; that of the last status write stands in for it.
function dueAtOf(plan: Plan, state: RolloutState, cluster: ClusterView): Millis {
  const { since, failedChecks } = standingOf(state)
  const last = cluster.lookedAt ?? since
  switch (state.phase) {
    case 'new':
    case 'initializing':
    case 'initialized':
    case 'succeeded':
    case 'failed':
      return cluster.lookedAt === undefined ? cluster.now : cluster.lookedAt + plan.interval
    case 'progressing':
      return cluster.lookedAt === undefined && isStart(state) && failedChecks === 0 ? cluster.now : last + plan.interval
    case 'promoting':
    case 'waiting':
    case 'waiting-promotion':
    case 'finalising':
      return last + plan.interval
    case 'terminating':
      return since
  }
}
