// How a Canary stands, as facts for people and programs: read from the Canary and its target, with the same core as the controller.

import type { KubeObject } from '../api/object.ts'
import { type Drift, driftAdvice, driftOf, driftText } from '../rollout/drift.ts'
import type { GateConfig } from '../canary/gate-options.ts'
import { gateRequestOf, requestAsked } from '../canary/gate-request.ts'
import { autoLadderAt } from '../canary/pace.ts'
import { type Plan, planOf } from '../canary/plan.ts'
import { type Request, requestsOf } from '../rollout/requests.ts'
import { isOwnRevision, templateIn } from '../objects/revision.ts'
import { routingOf } from '../rollout/stages.ts'
import { phaseName, progressOf, readState, type RolloutState, standingOf } from '../rollout/state.ts'
import { hashOf } from '../objects/targets.ts'
import { type WeakCheck, weakChecksOf } from '../canary/weak-checks.ts'
import type { Millis } from '../std/clock.ts'
import { formatInstant, parseInstant } from '../std/instant.ts'
import { isObject, listAt, textAt } from '../std/json.ts'
import { latestOf, type ReleaseFacts, type Seen } from './release-facts.ts'

/** How a rollout stands with regard to its end. waiting: for a person. */
export type Outcome = 'succeeded' | 'failed' | 'waiting' | 'running' | 'suspended'

/** What is shown of a Canary; `-o json` prints it as it is. */
export interface RolloutFacts {
  readonly name: string
  readonly namespace: string
  /** Flagger's word; Pending before the first status. */
  readonly phase: string
  readonly outcome: Outcome
  /** In percent; `mirrored` where the canary gets copies. */
  readonly weight: { readonly primary: number; readonly canary: number; readonly mirrored: boolean }
  readonly step: number
  readonly steps: number
  readonly failedChecks: number
  readonly threshold: number
  /** Why it failed, or the last check that did. */
  readonly cause: string | null
  /** What it waits for, or what was asked of it and not done yet. */
  readonly waitingFor: string | null
  readonly strategy: Plan['strategy']['kind']
  readonly interval: string
  readonly target: string
  /** Of the target: deployment, daemonset or service. */
  readonly kind: string
  readonly createdAt: string | null
  readonly changedAt: string | null
  /** When the controller looks next, at the latest; null while nothing is on its way. */
  readonly nextLookAt: string | null
  /** Who changed the routes, what, and what to do instead; null where they are as the rollout has them, or were not read. */
  readonly routesChanged: string | null
  /** What is on its way, or was last; null where nothing is known of it. */
  readonly release: ReleaseFacts | null
  /** What its checks will not see at the traffic that there is; empty where nothing is known. */
  readonly weak: readonly WeakCheck[]
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[]
}

/** What is shown of a Canary beside itself, as far as it was read; Releases are the oldest first. */
export interface Around {
  readonly routes?: KubeObject | undefined
  readonly releases?: readonly ReleaseFacts[]
  /** What the gate of the latest of them saw. */
  readonly seen?: Seen | undefined
  /** The ConfigMap of the gate's options. */
  readonly gateConfig?: GateConfig | undefined
  /** Queries of MetricTemplates by `namespace/name`. */
  readonly templates?: ReadonlyMap<string, string>
}

/** The facts of a Canary; its target is undefined when it was not read or is not there. */
export function factsOf(canary: KubeObject, target: KubeObject | undefined, around: Around = {}): RolloutFacts {
  const plan = planOf(canary, around.gateConfig)
  const state = readState(canary['status'])
  const standing = standingOf(state)
  const routing = routingOf(plan, state)
  const share = routing.kind === 'weights' ? routing.canary : 0
  const outcome = outcomeOf(plan, state, { canary, target })
  const release = latestOf(around.releases ?? [])
  const { step, steps } = stepsOf(plan, state, release)
  return {
    name: plan.name,
    namespace: plan.namespace,
    phase: phaseName(state.phase) || 'Pending',
    outcome,
    weight: { primary: 100 - share, canary: share, mirrored: routing.kind === 'mirror' },
    step,
    steps,
    failedChecks: standing.failedChecks,
    threshold: plan.threshold,
    cause: ('because' in state ? state.because : undefined) || null,
    waitingFor: waitingFor(canary, plan, state),
    strategy: plan.strategy.kind,
    interval: textAt(canary, 'spec', 'analysis', 'interval') || '1m',
    target: plan.target,
    kind: plan.targetKind.toLowerCase(),
    createdAt: canary.metadata.creationTimestamp ?? null,
    changedAt: standing.since === 0 ? null : formatInstant(standing.since),
    nextLookAt: outcome === 'running' && standing.since > 0 ? formatInstant(standing.since + plan.interval) : null,
    routesChanged: changeOf(driftOf({ canary, plan, state, live: around.routes })),
    release,
    weak: weakOf(canary, plan, around),
    conditions: conditionsOf(canary)
  }
}

// Where its gate has seen traffic the Release says what was asked: options may have been changed since.
function weakOf(canary: KubeObject, plan: Plan, { seen, templates, gateConfig }: Around): readonly WeakCheck[] {
  const { request } = gateRequestOf(canary, gateConfig)
  const asked = request === undefined || seen?.asked === undefined ? request : requestAsked(seen.asked)
  return weakChecksOf({ canary, plan, request: asked, ...(templates !== undefined && { templates }) }, seen?.traffic)
}

/** True once a watch for its end may stop; `approval` counts waiting for a person as an end. */
export function hasEnded({ outcome }: RolloutFacts, approval: 'ends' | 'goes on'): boolean {
  return outcome === 'succeeded' || outcome === 'failed' || (outcome === 'waiting' && approval === 'ends')
}

function changeOf(drift: Drift | undefined): string | null {
  return drift === undefined || drift.whose === 'ours' ? null : `${driftText(drift)}; ${driftAdvice(drift)}`
}

interface Objects {
  readonly canary: KubeObject
  readonly target: KubeObject | undefined
}

function outcomeOf(plan: Plan, state: RolloutState, objects: Objects): Outcome {
  if (plan.suspended) return 'suspended'
  switch (state.phase) {
    case 'initialized':
    case 'succeeded':
      return isComing(state, objects) ? 'running' : 'succeeded'
    case 'failed':
      return isComing(state, objects) ? 'running' : 'failed'
    case 'waiting':
    case 'waiting-promotion':
      return 'waiting'
    default:
      return requestsOf(objects.canary).includes('pause') || needsDecision(state) ? 'waiting' : 'running'
  }
}

// A status from before the last change of the target says nothing of what was just released: a pipeline that applies and asks at once would be
// told of the revision before. A hash that Flagger wrote cannot be compared.
function isComing(state: RolloutState, { canary, target }: Objects): boolean {
  const { applied, promoted } = standingOf(state)
  if (requestsOf(canary).includes('retry') && state.phase === 'failed') return true
  const revision = hashOf(planOf(canary), target)
  if (revision === undefined || !isOwnRevision(applied)) return false
  return revision !== templateIn(applied) && revision !== templateIn(promoted)
}

function stepsOf({ strategy }: Plan, state: RolloutState, release: ReleaseFacts | null): { readonly step: number; readonly steps: number } {
  const { weight, iterations } = progressOf(state)
  const past = ['promoting', 'finalising', 'succeeded'].includes(state.phase)
  const ladder = strategy.kind === 'weighted' ? ladderOf(strategy, weight, release) : []
  const steps = strategy.kind === 'weighted' ? ladder.length : strategy.iterations
  if (past) return { step: steps, steps }
  const reached = strategy.kind === 'weighted' ? ladder.filter((rung) => rung <= weight).length : Math.min(iterations, steps)
  return { step: reached, steps }
}

// That of the traffic is known by what the Release says of its stages, as in `12 %`; without one, by where it is.
function ladderOf({ ladder, auto }: Weighted, weight: number, release: ReleaseFacts | null): readonly number[] {
  if (auto !== true) return ladder
  const weights = (release?.stages ?? []).flatMap((stage) => (stage.endsWith(' %') ? [Number.parseInt(stage, 10)] : []))
  if (weights.includes(weight) || (weight === 0 && weights.length > 0)) return weights
  return weight === 0 ? ladder : autoLadderAt(weight)
}

type Weighted = Extract<Plan['strategy'], { readonly kind: 'weighted' }>

function waitingFor(canary: KubeObject, plan: Plan, state: RolloutState): string | null {
  const asked = requestsOf(canary).filter((request) => !isDone(request, state))
  if (plan.suspended) return 'spec.suspend to be taken back'
  if (asked.includes('pause')) return 'serin resume: it is paused'
  if (state.phase === 'waiting') return `approval to begin (${hooksNamed(plan, 'confirm-rollout')})`
  if (state.phase === 'waiting-promotion') return `approval to promote (${hooksNamed(plan, 'confirm-promotion')})`
  if (asked.length > 0) return `${asked.join(', ')}, as asked`
  return needsDecision(state) ? `a decision (serin promote, or serin abort): ${state.asks}` : null
}

// The gate cannot prove more at this weight.
function needsDecision(state: RolloutState): state is RolloutState & { readonly asks: string } {
  return 'asks' in state && state.asks !== undefined
}

// The annotation goes a moment after the status has come.
function isDone(request: Request, state: RolloutState): boolean {
  return (request === 'abort' && state.phase === 'failed' && state.weight === 0) || (request === 'promote' && state.phase === 'succeeded')
}

function hooksNamed({ hooks }: Plan, type: 'confirm-rollout' | 'confirm-promotion'): string {
  const names = hooks.filter((hook) => hook.type === type).map(({ name }) => name)
  return names.length === 0 ? 'serin promote' : `${names.join(', ')}, or serin promote`
}

function conditionsOf(canary: KubeObject): RolloutFacts['conditions'] {
  const conditions = listAt(canary['status'], 'conditions').filter(isObject)
  return conditions.map((condition) => ({
    type: textAt(condition, 'type'),
    status: textAt(condition, 'status'),
    reason: textAt(condition, 'reason'),
    message: textAt(condition, 'message')
  }))
}

/** How long ago an instant was; undefined where there is none. */
export function elapsed(instant: string | null, now: Millis): Millis | undefined {
  const at = parseInstant(instant ?? undefined)
  return at === undefined ? undefined : now - at
}
