// The questions of a tick: which webhooks and metrics to ask, in what order, and when to stop (flagger.md 1.6, 2.6, 2.7). Asking is the
// controller's; here is only what to ask, what an answer means and which question comes next.

import type { KubeObject } from '../api/object.ts'
import { dig } from '../std/json.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { type MetricCheck, modelOf } from '../canary/metric-checks.ts'
import type { Hook, HookType, Plan } from '../canary/plan.ts'
import type { Readiness } from '../objects/readiness.ts'
import { checksumOf } from '../objects/revision.ts'
import { type Finding, findingOf, isDue, isSlow, type Situation } from './situation.ts'
import { awaitsPromotion } from './stages.ts'
import { type Phase, phaseName, type RolloutState } from './state.ts'
import type { TemplateModel } from '../template/template.ts'

/** The JSON body of a webhook call. */
export interface HookPayload {
  readonly name: string
  readonly namespace: string
  readonly phase: string
  readonly checksum: string
  readonly metadata?: Readonly<Record<string, string>>
}

/** A webhook to call, with what to send. */
export interface HookCall {
  readonly kind: 'hook'
  readonly hook: Hook
  readonly payload: HookPayload
}

/** A metric to read, of the workload that plays the canary. */
export interface MetricQuestion {
  readonly kind: 'metric'
  readonly check: MetricCheck
  readonly workload: string
  readonly namespace: string
  /** What its query may ask for. */
  readonly model: TemplateModel
  /** The Canary's own Prometheus. */
  readonly metricsServer: string | undefined
}

/** Whether the checks' sources can be asked at all. */
export interface ProviderQuestion {
  readonly kind: 'provider'
  readonly checks: readonly MetricQuestion[]
}

/** One thing to find out; asked in order, stopping at the first answer equal to stopAt. A check that only holds lets those after it speak. */
export interface Question {
  readonly about: 'provider' | 'rollback' | 'approval' | 'start' | 'load' | 'metric' | 'traffic' | 'promotion'
  readonly put: HookCall | MetricQuestion | ProviderQuestion
  readonly stopAt: 'yes' | 'no' | 'never'
}

/**
 * What was found out. `because` is the answer's substance in words; unknown neither passes nor fails, as there is not enough data or who
 * was asked is down. `value`: of a metric.
 */
export type Answer =
  | { readonly kind: 'yes'; readonly value?: number }
  | { readonly kind: 'no'; readonly because: string; readonly value?: number }
  | { readonly kind: 'unknown'; readonly cause: 'no-data' | 'down'; readonly because: string }

/** The questions of one tick, in order; none when there is nothing to ask. */
export function ask(canary: KubeObject, state: RolloutState, cluster: ClusterView): readonly Question[] {
  return questionsFor(findingOf(canary, state, cluster), canary, cluster)
}

/** The questions for a finding already made. */
export function questionsFor(finding: Finding, canary: KubeObject, cluster: ClusterView): readonly Question[] {
  const { plan, state, situation } = finding
  const hooks: Hooks = (about, type, phase) =>
    plan.hooks
      .filter((hook) => hook.type === type)
      .map((hook) => ({ about, put: callOf(hook, canary, phase), stopAt: about === 'rollback' ? 'yes' : stopOf(plan, about, hook.name) }))
  const rollback = hooks('rollback', 'rollback', state.phase)
  switch (situation.kind) {
    case 'bootstrap':
      return asksProvider(finding, situation.primary, cluster)
        ? [{ about: 'provider', put: { kind: 'provider', checks: checksOf(plan) }, stopAt: 'no' }]
        : []
    case 'new-revision':
      if (situation.approved === true) return []
      if (state.phase !== 'waiting') return hooks('approval', 'confirm-rollout', state.phase)
      return isDue(finding, cluster) ? [...rollback, ...hooks('approval', 'confirm-rollout', state.phase)] : []
    case 'not-ready':
      return isAnalysing(state) && isSlow(finding, cluster) ? rollback : []
    case 'start':
      return [...rollback, ...hooks('start', 'pre-rollout', 'progressing'), ...trafficGates(plan, hooks)]
    case 'look':
      return [...rollback, ...lookQuestions(finding, situation, hooks)]
    case 'paused':
      return isAnalysing(state) && isDue(finding, cluster) ? rollback : []
    default:
      return []
  }
}

function stopOf({ onFailure }: Plan, about: Question['about'], name: string): Question['stopAt'] {
  return ['start', 'load', 'metric'].includes(about) && onFailure[name] === 'hold' ? 'never' : 'no'
}

function isAnalysing({ phase }: RolloutState): boolean {
  return phase === 'progressing' || phase === 'waiting-promotion'
}

type Hooks = (about: Question['about'], type: HookType, phase: Phase) => readonly Question[]

// Only rollouts by weight increase traffic.
function trafficGates({ strategy }: Plan, hooks: Hooks): readonly Question[] {
  return strategy.kind === 'weighted' ? hooks('traffic', 'confirm-traffic-increase', 'progressing') : []
}

function lookQuestions({ plan, state }: Finding, { progress, paused, gate }: Look, hooks: Hooks): readonly Question[] {
  const waiting = state.phase === 'waiting-promotion'
  const metrics = checksOf(plan).map((put): Question => ({ about: 'metric', put, stopAt: stopOf(plan, 'metric', put.check.name) }))
  // Gates are for going on.
  if (paused === true || gate?.proven === false) return [...hooks('load', 'rollout', 'progressing'), ...metrics]
  // The way out of copies was approved with the way in (flagger.md 1.6).
  const traffic = waiting || progress.mirrored === true ? [] : trafficGates(plan, hooks)
  const promotion = waiting || awaitsPromotion(plan, progress) ? hooks('promotion', 'confirm-promotion', 'progressing') : []
  return [...hooks('load', 'rollout', 'progressing'), ...metrics, ...traffic, ...promotion]
}

type Look = Extract<Situation, { kind: 'look' }>

function checksOf(plan: Plan): readonly MetricQuestion[] {
  const { name, namespace, target, apex, ingress, route, metricsServer } = plan
  const names = { name, namespace, target, service: apex, ingress, route }
  return plan.metrics.map((check) => ({ kind: 'metric', check, workload: target, namespace, model: modelOf(check, names), metricsServer }))
}

function asksProvider(finding: Finding, primary: Readiness | undefined, cluster: ClusterView): boolean {
  return !finding.plan.skipAnalysis && (primary?.kind === 'ready' || isDue(finding, cluster))
}

/**
 * The question to put after these answers; undefined when all is asked. After an unknown answer, or the failure of a check that only holds,
 * further metrics alone are asked: one of them may still fail, and no gate is troubled for a step that is held anyway.
 */
export function nextQuestion(questions: readonly Question[], answers: readonly Answer[]): Question | undefined {
  const stopped = answers.some((answer, index) => answer.kind === questions[index]?.stopAt)
  const next = questions[answers.length]
  if (stopped || next === undefined) return undefined
  const holds = answers.some(({ kind }, index) => kind === 'unknown' || (kind === 'no' && questions[index]?.stopAt === 'never'))
  return next.about === 'metric' || !holds ? next : undefined
}

/** The name of the check that a question is, as `serin.dev/on-failure` names it. */
export function checkName({ put }: Question): string {
  switch (put.kind) {
    case 'hook':
      return put.hook.name
    case 'metric':
      return put.check.name
    case 'provider':
      return ''
  }
}

/** The call of `hook` in `phase`, with Flagger's payload (flagger.md 1.6); `extra` metadata goes before the hook's own. */
export function callOf(hook: Hook, canary: KubeObject, phase: Phase, extra?: Readonly<Record<string, string>>): HookCall {
  const status = canary['status']
  const applied = dig(status, 'lastAppliedSpec')
  const metadata = { ...hook.metadata, ...extra }
  return {
    kind: 'hook',
    hook,
    payload: {
      name: canary.metadata.name ?? '',
      namespace: canary.metadata.namespace ?? '',
      phase: phaseName(phase),
      checksum: checksumOf(typeof applied === 'string' ? applied : '', dig(status, 'trackedConfigs')),
      ...(Object.keys(metadata).length === 0 ? {} : { metadata })
    }
  }
}
