// What a tick finds: one union that ask and step both switch on, so that the questions put and the conclusion drawn never disagree.
// Repairs of Flagger live here (flagger.md 2.18, 10): the status holds the weight, an interrupted write is recognised and finished.

import type { KubeObject } from '../api/object.ts'
import type { Millis } from '../std/clock.ts'
import { adopt } from './adopt.ts'
import { analysis, type Analysing, withLadder } from './analysing.ts'
import { baselineTrouble } from './baseline.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { missingConfigs } from '../objects/configs.ts'
import { DEFAULT_LABELS } from '../canary/label-rules.ts'
import { refusalsOf } from '../canary/notices.ts'
import { type Plan, planOf } from '../canary/plan.ts'
import { isBegun } from './promotion.ts'
import type { Readiness } from '../objects/readiness.ts'
import { recognise } from './recognise.ts'
import { isRefreshing } from '../objects/refresh-mark.ts'
import { heedNow, type Heeded, type Met, NO_REQUESTS } from './requests.ts'
import { isHeld } from '../canary/scaler.ts'
import { isOverwritten, isRestored, snapshotOf } from './snapshot.ts'
import { isStart, shareOf } from './stages.ts'
import { isRunning, progressOf, type RolloutState, type Standing, standingOf } from './state.ts'
import { targetKindOf } from '../objects/targets.ts'
import { isAbandoned, isLeftBehind, type Known, podsOf, refreshing, terms, trouble, type Trouble } from './trouble.ts'
import { foreignHosts, liveRouting } from '../objects/virtual-service.ts'

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
  /** The same when the primary has been overwritten: it becomes again what it was. */
  | { readonly kind: 'take-back' }
  /** As many checks as the threshold have failed; counted in the status before anything is undone, so that a crash changes nothing. */
  | { readonly kind: 'failed-checks'; readonly count: number; readonly because: string }
  /** The gate has enough evidence that the canary is worse than stable. */
  | { readonly kind: 'worse'; readonly because: string }
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
  /** Somebody puts the routes back whenever they are put right: nothing is concluded from what they did. */
  | { readonly kind: 'contested'; readonly because: string }
  | { readonly kind: 'new-revision'; readonly approved?: true }
  | { readonly kind: 'restart'; readonly asked?: true }
  | Trouble
  | { readonly kind: 'skip' }
  | Analysing
  | { readonly kind: 'resume-promotion' }
  /** The canary, which has all traffic since a promotion failed, has lost its pods and the primary has some; or the primary is restored. */
  | { readonly kind: 'hand-back'; readonly restored?: true }
  | { readonly kind: 'mend-promotion' }
  /** forced: the canary has no pods to answer. */
  | { readonly kind: 'shift'; readonly weight: number; readonly forced?: true }
  | { readonly kind: 'drain' }

/** What a tick of `canary` in `state` finds in `cluster`. */
export function findingOf(canary: KubeObject, state: RolloutState, cluster: ClusterView): Finding {
  const asked = planOf(canary, cluster.gateConfig)
  const { state: adopted, revision } = recognise(
    adopt(asked, state, liveRouting(cluster.virtualService, asked.apex, asked.rules)),
    asked,
    cluster
  )
  const plan = withLadder(asked, adopted, cluster)
  const dueAt = dueAtOf(plan, adopted, cluster)
  const known: Known = { canary, plan, state: adopted, revision, dueAt, cluster }
  const plain = situationOf(known)
  const open = cluster.primary !== undefined && !CLOSED.has(plain.kind)
  const heeded = open ? heedNow(canary, metBy(known, plain), cluster.now) : NO_REQUESTS
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
  return { phase: known.state.phase, situation: kind, failed: failureOf(known), primary, previous: previousOf(known) }
}

// After a restored primary there is nothing to go back to but where one is.
function previousOf(known: Known): Met['previous'] {
  const { state, plan, cluster } = known
  const { applied } = standingOf(state)
  if (!isOverwritten(state, plan, cluster)) return 'untouched'
  if (state.phase === 'failed' && isTakenBack(known)) return 'gone'
  return snapshotOf(cluster.previous, plan, applied) === undefined ? 'gone' : 'kept'
}

function failureOf(known: Known): Met['failed'] {
  const { state, revision } = known
  if (state.phase !== 'failed' || revision === state.promoted) return 'no'
  if (revision !== state.applied) return 'pending'
  if (state.weight === 0) return 'retryable'
  if (isTakenBack(known)) return 'no'
  return mend(known).kind === 'mend-promotion' ? 'mendable' : 'unready'
}

function requested(known: Known, plain: Situation, { act, paused }: Heeded): Situation {
  switch (act) {
    case 'abort':
    case 'take-back':
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
    if (isTakenBack(known)) return primaryTrouble(known) ?? { kind: 'hand-back', restored: true }
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
      if (isTakenBack(known)) return { kind: 'take-back' }
      if (isAbandoned(known)) return { kind: 'shift', weight: 0, forced: true }
      return primaryTrouble(known) ?? shiftOrWait(known, shareOf(known.plan, state))
    case 'finalising':
      if (isTakenBack(known)) return { kind: 'take-back' }
      return primaryTrouble(known) ?? (known.cluster.now >= known.dueAt ? { kind: 'drain' } : { kind: 'wait' })
    default:
      return progressing(known)
  }
}

// An abort was interrupted behind the primary.
function isTakenBack({ state, plan, cluster }: Known): boolean {
  return isRestored(cluster, plan, standingOf(state).applied)
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
  return plan.skipAnalysis ? (refreshing(known) ?? canaryTrouble(known) ?? missing ?? { kind: 'skip' }) : analysed(known)
}

function analysed(known: Known): Situation {
  const missing = configTrouble(known)
  const trouble = lost(known) ?? refreshing(known) ?? primaryTrouble(known) ?? canaryTrouble(known)
  return trouble ?? missing ?? withoutBaseline(known) ?? foreign(known) ?? analysis(known)
}

// Before the first traffic it is waited for; later on the canary goes without, until it is there again.
function withoutBaseline({ plan, state, cluster }: Known): Situation | undefined {
  const because = isStart(progressOf(state)) ? baselineTrouble(plan, state, cluster) : undefined
  return because === undefined ? undefined : { kind: 'not-ready', who: 'canary', readiness: { kind: 'waiting', because, pods: 0 } }
}

// A canary that must go, as long as the primary has pods to take over.
function lost(known: Known): Situation | undefined {
  return podsOf(known, 'primary') === 0 ? undefined : (guilty(known) ?? scaledToZero(known))
}

function guilty({ state, plan, cluster: { evidence }, revision }: Known): Situation | undefined {
  const count = standingOf(state).failedChecks
  if (count >= plan.threshold) {
    return { kind: 'failed-checks', count, because: ('because' in state ? state.because : undefined) ?? '' }
  }
  return evidence?.kind === 'rollback' && evidence.revision === revision ? { kind: 'worse', because: evidence.sentence } : undefined
}

// KEDA may take an idle canary's pods away: unless it was told to, that is waited out.
function scaledToZero({ plan, cluster: { target, scalers } }: Known): Situation | undefined {
  const idle = plan.autoscaler?.kind === 'ScaledObject' && scalers?.target !== undefined && !isHeld(scalers.target)
  return targetKindOf(plan).isAtZero(target) && !idle && !isRefreshing(target) ? { kind: 'scaled-to-zero' } : undefined
}

function foreign({ cluster, plan }: Known): Situation | undefined {
  const hosts = foreignHosts(cluster.virtualService, plan.apex, plan.rules)
  if (hosts.length > 0) return { kind: 'foreign', hosts }
  return cluster.contested === undefined ? undefined : { kind: 'contested', because: cluster.contested }
}

function shiftOrWait({ plan, cluster, dueAt }: Known, weight: number): Situation {
  const step = plan.stepWeightPromotion
  if (step === 0 || weight === 0) return { kind: 'shift', weight: 0 }
  // A shift that was written before a crash shows in the VirtualService: it counts as done.
  const live = liveRouting(cluster.virtualService, plan.apex, plan.rules)
  if (live !== undefined && live.canary < weight) return { kind: 'shift', weight: live.canary }
  return cluster.now >= dueAt ? { kind: 'shift', weight: Math.max(0, weight - step) } : { kind: 'wait' }
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
