// What a Canary asks for, with Flagger's defaults filled in (flagger.md 1.2-1.6). The rest of the part reads the plan; only notices.ts,
// which tells what is not done, reads the spec, and render copies from it.

import type { KubeObject } from '../api/object.ts'
import { dig, isObject, listAt, someText } from '../std/json.ts'
import type { Millis } from '../std/clock.ts'
import { type Affinity, affinityOf } from './affinity.ts'
import { DEFAULT_HOOK_TIMEOUT, DEFAULT_INTERVAL, durationOf, SHORTEST_INTERVAL } from './durations.ts'
import { type FailureResponse, type MetricCheck, metricChecksOf, ON_FAILURE, responsesOf } from './metric-checks.ts'
import { type Baseline, baselineOf } from './baseline-asked.ts'
import type { GateConfig } from './gate-options.ts'
import { autoLadder, isComparable, type Pace, paceOf } from './pace.ts'
import { type Autoscaler, autoscalerOf } from './scaler.ts'

export type HookType =
  | 'confirm-rollout'
  | 'pre-rollout'
  | 'rollout'
  | 'confirm-traffic-increase'
  | 'confirm-promotion'
  | 'post-rollout'
  | 'rollback'
  | 'event'

/** Which rules of a VirtualService a rollout writes: those for requests, or those for connections. */
export type Rules = 'http' | 'tcp'

/** A webhook of the analysis. */
export interface Hook {
  readonly name: string
  readonly type: HookType
  readonly url: string
  /** Of one attempt. */
  readonly timeout: Millis
  /** Attempts after the first. */
  readonly retries: number
  /** Certificates are not verified. */
  readonly disableTls: boolean
  /** Its refusal is told as an Event only. */
  readonly muteAlert: boolean
  readonly metadata: Readonly<Record<string, string>> | undefined
}

/** How a revision is led to all traffic (flagger.md 1.4, 2.7). */
export type Strategy =
  /** Weights to go through, ascending, each 1 to 100; promotion begins at the last one. auto: the first is as low as the traffic allows. */
  | { readonly kind: 'weighted'; readonly ladder: readonly number[]; readonly mirror: Mirroring | undefined; readonly auto?: true }
  /** So many looks at a canary that gets no traffic but copies and what is sent to it directly, then one with all traffic. */
  | { readonly kind: 'blue-green'; readonly iterations: number; readonly mirror: Mirroring | undefined }
  /** So many looks at a canary that gets all requests that match. */
  | { readonly kind: 'a/b'; readonly iterations: number }

/** Copies of requests go to the canary; percent undefined: of all, which Istio takes an absent percentage for. */
export interface Mirroring {
  readonly percent: number | undefined
}

/** The kinds of targets; other words are refused before anything is done. */
export type TargetKindName = 'Deployment' | 'DaemonSet' | 'Service'

export const TARGET_KINDS: readonly TargetKindName[] = ['Deployment', 'DaemonSet', 'Service']

/** A Canary with defaults filled in. */
export interface Plan {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly targetKind: TargetKindName
  /** The target; the primary is `<target>-primary`. */
  readonly target: string
  /** Name of the main Service, of the VirtualService, and the stem of `-primary` and `-canary`. */
  readonly apex: string
  /** kubernetes: nobody splits requests, they go to the primary until it is promoted (flagger.md 1.4). */
  readonly provider: 'istio' | 'kubernetes'
  /** `tcp` where the Service's protocol is: connections are split, not requests. */
  readonly rules: Rules
  /** What queries of metrics get for `ingress` and `route`. */
  readonly ingress: string
  readonly route: string
  /** The target's scaler; the primary gets one like it. */
  readonly autoscaler: Autoscaler | undefined
  readonly interval: Millis
  readonly threshold: number
  readonly strategy: Strategy
  /** Who says when a rollout by weights goes on. */
  readonly pace: Pace
  /** What the gate compares the canary with. */
  readonly baseline: Baseline
  /** Of rollouts by weight. */
  readonly affinity: Affinity | undefined
  /** Decrement of the canary's weight per look while promoting; 0: one jump. */
  readonly stepWeightPromotion: number
  readonly canaryReadyThreshold: number
  readonly primaryReadyThreshold: number
  readonly progressDeadline: Millis
  readonly skipAnalysis: boolean
  readonly suspended: boolean
  readonly revertOnDeletion: boolean
  /** A check without data counts as failed (annotation `serin.dev/no-data: fail`); else it holds the step. */
  readonly noData: 'hold' | 'fail'
  /** The Prometheus that built-in metrics and queries of the Canary itself are put to; undefined: the controller's. */
  readonly metricsServer: string | undefined
  readonly metrics: readonly MetricCheck[]
  /** What failures of checks do, by their names; the others count. */
  readonly onFailure: Readonly<Record<string, FailureResponse>>
  readonly hooks: readonly Hook[]
}

const DEFAULT_DEADLINE_SECONDS = 600
/** Of provider kubernetes, whose Canaries are always blue/green. */
const DEFAULT_ITERATIONS = 10

/**
 * Reads a decoded Canary; fields with values no decoder would pass fall back to their defaults. `config` is the ConfigMap of its gate, which may
 * say the pace and the baseline: who asks for nothing but names needs none.
 */
export function planOf(canary: KubeObject, config?: GateConfig): Plan {
  const beside = config?.kind === 'found' ? config.object : canary
  const of = plans.get(canary) ?? new WeakMap<KubeObject, Plan>()
  const plan = of.get(beside) ?? readPlan(canary, config)
  plans.set(canary, of.set(beside, plan))
  return plan
}

// A tick asks several times; objects are never changed in place. By Canary and ConfigMap.
const plans = new WeakMap<KubeObject, WeakMap<KubeObject, Plan>>()

function readPlan(canary: KubeObject, config: GateConfig | undefined): Plan {
  const spec = canary['spec']
  const [names, splitting] = [namesOf(spec), splittingOf(spec)]
  const analysis = dig(spec, 'analysis')
  return {
    ...identityOf(canary),
    ...names,
    autoscaler: autoscalerOf(canary),
    interval: Math.max(SHORTEST_INTERVAL, durationOf(dig(analysis, 'interval')) ?? DEFAULT_INTERVAL),
    threshold: positive(dig(analysis, 'threshold')) ?? 1,
    ...pacedSplitting(canary, splitting, config),
    baseline: baselineOf(canary, { ...names, ...splitting }, config).baseline,
    stepWeightPromotion: positive(dig(analysis, 'stepWeightPromotion')) ?? 0,
    canaryReadyThreshold: positive(dig(analysis, 'canaryReadyThreshold')) ?? 100,
    primaryReadyThreshold: positive(dig(analysis, 'primaryReadyThreshold')) ?? 100,
    progressDeadline: 1000 * (positive(dig(spec, 'progressDeadlineSeconds')) ?? DEFAULT_DEADLINE_SECONDS),
    skipAnalysis: dig(spec, 'skipAnalysis') === true,
    suspended: dig(spec, 'suspend') === true,
    revertOnDeletion: dig(spec, 'revertOnDeletion') === true,
    metricsServer: someText(dig(spec, 'metricsServer')),
    metrics: metricChecksOf(dig(analysis, 'metrics'), canary.metadata.namespace ?? ''),
    hooks: listAt(analysis, 'webhooks').map(hookOf)
  }
}

function namesOf(spec: unknown): Pick<Plan, 'targetKind' | 'target' | 'apex' | 'ingress' | 'route'> {
  const target = someText(dig(spec, 'targetRef', 'name')) ?? ''
  return {
    targetKind: TARGET_KINDS.find((kind) => kind === dig(spec, 'targetRef', 'kind')) ?? 'Deployment',
    target,
    apex: someText(dig(spec, 'service', 'name')) ?? target,
    ingress: someText(dig(spec, 'ingressRef', 'name')) ?? target,
    route: someText(dig(spec, 'routeRef', 'name')) ?? target
  }
}

/** Whether a Canary's Service carries bytes (flagger.md 1.3). */
export function isTcp(spec: unknown): boolean {
  return String(dig(spec, 'service', 'appProtocol')).toLowerCase() === 'tcp'
}

// The gate sets the pace only where it can compare.
function pacedSplitting<S extends Pick<Plan, 'provider' | 'rules' | 'strategy'>>(
  canary: KubeObject,
  splitting: S,
  config: GateConfig | undefined
): S & Pick<Plan, 'pace'> {
  const { asked } = paceOf(canary, config)
  const { strategy } = splitting
  if (asked.pace === 'interval' || strategy.kind !== 'weighted' || !isComparable(canary, splitting))
    return { ...splitting, pace: 'interval' }
  const paced = { ...splitting, pace: asked.pace }
  return asked.ladder === 'own' ? paced : { ...paced, strategy: { ...strategy, ladder: autoLadder(), auto: true } }
}

// Of a connection there is no copy, and nothing to know its caller by.
function splittingOf(spec: unknown): Pick<Plan, 'provider' | 'rules' | 'strategy' | 'affinity'> {
  const analysis = dig(spec, 'analysis')
  if (dig(spec, 'provider') === 'kubernetes') {
    const iterations = positive(dig(analysis, 'iterations')) ?? DEFAULT_ITERATIONS
    return { provider: 'kubernetes', rules: 'http', strategy: { kind: 'blue-green', iterations, mirror: undefined }, affinity: undefined }
  }
  const [strategy, provider] = [strategyOf(analysis), 'istio' as const]
  if (isTcp(spec))
    return {
      provider,
      rules: 'tcp',
      strategy: strategy.kind === 'a/b' ? strategy : { ...strategy, mirror: undefined },
      affinity: undefined
    }
  return { provider, rules: 'http', strategy, affinity: isSplit(analysis) ? affinityOf(dig(analysis, 'sessionAffinity')) : undefined }
}

function identityOf({ metadata }: KubeObject): Pick<Plan, 'name' | 'namespace' | 'uid' | 'noData' | 'onFailure'> {
  return {
    name: metadata.name ?? '',
    namespace: metadata.namespace ?? '',
    uid: metadata.uid ?? '',
    noData: metadata.annotations?.['serin.dev/no-data'] === 'fail' ? 'fail' : 'hold',
    onFailure: responsesOf(metadata.annotations?.[ON_FAILURE]).responses
  }
}

// Exactly one of the schema's three shapes (flagger.md 1.4). A match without iterations splits what matches by weight.
function strategyOf(analysis: unknown): Strategy {
  const iterations = positive(dig(analysis, 'iterations'))
  const mirror = dig(analysis, 'mirror') === true ? { percent: positive(dig(analysis, 'mirrorWeight')) } : undefined
  if (iterations === undefined) return { kind: 'weighted', ladder: ladderOf(analysis), mirror }
  return listAt(analysis, 'match').length > 0 ? { kind: 'a/b', iterations } : { kind: 'blue-green', iterations, mirror }
}

// Callers that are told apart by a match, or not split at all, have nothing to stick to.
function isSplit(analysis: unknown): boolean {
  return positive(dig(analysis, 'iterations')) === undefined && listAt(analysis, 'match').length === 0
}

// Flagger's ladders (flagger.md 2.7): stepWeight until the weight is at or past maxWeight, or the list of stepWeights, whose last element
// is the maximum. Elements that do not rise would stall Flagger for ever; here they are passed over.
function ladderOf(analysis: unknown): readonly number[] {
  const step = positive(dig(analysis, 'stepWeight')) ?? 0
  if (step > 0) {
    const max = Math.min(100, positive(dig(analysis, 'maxWeight')) ?? 100)
    return Array.from({ length: Math.ceil(max / step) }, (_, index) => Math.min(100, step * (index + 1)))
  }
  const rungs: number[] = []
  for (const weight of listAt(analysis, 'stepWeights')) {
    const rung = Math.min(100, positive(weight) ?? 0)
    if (rung > (rungs.at(-1) ?? 0)) rungs.push(rung)
  }
  return rungs.length === 0 ? [100] : rungs
}

const HOOK_TYPES: readonly HookType[] = [
  'confirm-rollout',
  'pre-rollout',
  'rollout',
  'confirm-traffic-increase',
  'confirm-promotion',
  'post-rollout',
  'rollback',
  'event'
]

function hookOf(hook: unknown): Hook {
  const metadata = dig(hook, 'metadata')
  return {
    name: someText(dig(hook, 'name')) ?? '',
    type: HOOK_TYPES.find((type) => type === dig(hook, 'type')) ?? 'rollout',
    url: someText(dig(hook, 'url')) ?? '',
    timeout: durationOf(dig(hook, 'timeout')) ?? DEFAULT_HOOK_TIMEOUT,
    retries: positive(dig(hook, 'retries')) ?? 0,
    disableTls: dig(hook, 'disableTLS') === true,
    muteAlert: dig(hook, 'muteAlert') === true,
    metadata: isObject(metadata) ? Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, String(value)])) : undefined
  }
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined
}
