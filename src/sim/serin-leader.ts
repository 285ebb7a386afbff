// The controller's way with a rollout, by its own functions: `findingOf`, `questionsFor` and `stepOf` at each tick, the gate's `look` between
// them. What is left out is the cluster: pods are ready, writes succeed. The whole controller is in story.ts.

import type { Names } from '../gate/explain.ts'
import type { Served, ServedPair } from '../gate/served.ts'
import { USUAL_LOOK } from '../gate/settings.ts'
import { type Answer, nextQuestion, type Question, questionsFor } from '../rollout/ask.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { gateRequestOf } from '../canary/gate-request.ts'
import { judgeMetric } from '../rollout/judge-metric.ts'
import { isComparable } from '../canary/pace.ts'
import type { Plan } from '../canary/plan.ts'
import { revisionOf } from '../objects/revision.ts'
import { findingOf } from '../rollout/situation.ts'
import { shareOf } from '../rollout/stages.ts'
import type { RolloutState } from '../rollout/state.ts'
import { stepOf } from '../rollout/step.ts'
import { evidenceOf, newWatching, startOf, type Watching, withHistory, withServed, withWeight } from '../rollout/watching.ts'
import type { Millis } from '../std/clock.ts'
import { dig } from '../std/json.ts'
import { measured } from './checks.ts'
import { type Leader, type Move, stepsBack } from './lead.ts'
import { LOOK_SECONDS } from './past.ts'
import type { Rehearsed } from './rehearsed.ts'
import { BEGIN_SECOND, differenceOf, POD_SECONDS, type SimulatedTraffic, START } from './traffic.ts'
import type { Evidence } from '../gate/evidence.ts'

/** What all rollouts of one Canary begin with. */
export interface Prepared {
  readonly rehearsed: Rehearsed
  readonly cluster: ClusterView
  readonly revision: string
  readonly state: RolloutState
  readonly edges: readonly Millis[]
  /** undefined where thresholds decide alone. */
  readonly watching: Watching | undefined
}

/** Makes a Canary ready for rollouts of a service with this history, in slices of LOOK_SECONDS. */
export function prepared(rehearsed: Rehearsed, slices: readonly Served[], edges: readonly Millis[]): Prepared {
  const { canary, plan, target, next } = rehearsed
  const { request } = isComparable(canary, plan) ? gateRequestOf(canary, rehearsed.config) : { request: undefined }
  const watching = request === undefined ? undefined : withHistory(newWatching(plan, request, edges, START), slices, undefined)
  const revision = revisionOf(dig(next, 'spec', 'template'))
  const promoted = revisionOf(dig(target, 'spec', 'template'))
  const standing = { since: START, applied: revision, promoted, failedChecks: 0 }
  const state: RolloutState = { ...standing, phase: 'progressing', weight: 0, iterations: 0 }
  return { rehearsed, revision, state, edges, watching, cluster: clusterOf(rehearsed) }
}

/** The controller. */
export class SerinLeader implements Leader {
  grain: number
  /** As the gate's sentences call the versions, with the time between two of its looks. */
  readonly #names: Names
  readonly #prepared: Prepared
  #state: RolloutState
  #watching: Watching | undefined
  /** What the gate wants. */
  #said: Evidence['kind'] = 'hold'
  /** Whether a look has been taken since it wants this. */
  #heard = false
  #lookedAt: Millis | undefined
  #nextLook: number
  #nextTick = 0
  /** What was served until the last look. */
  #seen: ServedPair | undefined

  constructor(ready: Prepared) {
    this.#prepared = ready
    this.#state = ready.state
    this.#watching = ready.watching
    const look = ready.watching?.request.look ?? USUAL_LOOK
    this.#names = { canary: 'the canary', stable: 'the primary', look }
    this.grain = Math.min(LOOK_SECONDS, look / 1000)
    this.#nextLook = ready.watching === undefined ? Infinity : BEGIN_SECOND + look / 1000
  }

  get next(): number {
    return Math.min(this.#nextLook, this.#nextTick)
  }

  look(traffic: SimulatedTraffic, at: number): Move {
    const due = at >= this.#nextTick
    const touched = at >= this.#nextLook && this.#watch(traffic.until(at), at)
    // Before its pods are ready a tick finds nothing to do.
    return due || (touched && at >= 0) ? this.#tick(traffic, at) : { kind: 'stay' }
  }

  // True when the gate wants something else than before.
  #watch(served: ServedPair, at: number): boolean {
    const every = this.#names.look / 1000
    this.#nextLook = at + every
    if (this.#watching === undefined) return false
    const since = this.#seen === undefined ? served : pairOf(served, this.#seen)
    const isFirst = this.#seen === undefined
    this.#seen = served
    const rate = (since.canary.requests + since.stable.requests) / every
    // Nobody looks at the course of it, which grows with every look.
    this.#watching = { ...withServed(this.#watching, since, instantOf(at)), traffic: rate, trace: undefined }
    const before = this.#said
    this.#said = this.#says()
    if (this.#said !== before) this.#heard = false
    return (this.#said !== 'hold' && this.#said !== before) || isFirst
  }

  // Sentences are made for ticks: most looks say nothing that anybody acts on.
  #says(): Evidence['kind'] {
    if (this.#watching?.gate === undefined) return 'hold'
    const hasBudget = Object.keys(this.#watching.request.budget).length > 0
    return hasBudget ? (evidenceOf(this.#watching, this.#names)?.kind ?? 'hold') : this.#watching.gate.verdict.kind
  }

  #evidence(): ClusterView['evidence'] {
    const said = this.#watching === undefined ? undefined : evidenceOf(this.#watching, this.#names)
    if (this.#watching === undefined || said === undefined) return undefined
    return { ...said, revision: this.#prepared.revision, news: !this.#heard, start: startOf(this.#watching, this.#names.look) }
  }

  #tick(traffic: SimulatedTraffic, at: number): Move {
    const { canary, plan } = this.#prepared.rehearsed
    const evidence = this.#evidence()
    const cluster: ClusterView = { ...this.#prepared.cluster, now: instantOf(at), lookedAt: this.#lookedAt, evidence }
    const finding = findingOf(canary, this.#state, cluster)
    const questions = questionsFor(finding, canary, cluster)
    const answers = this.#answers(questions, traffic)
    const step = stepOf({ canary, cluster, finding, questions, answers })
    const before = shareOf(plan, this.#state)
    this.#state = step.state
    if (step.look === 'taken') this.#heard = true
    if (step.look !== 'none') this.#lookedAt = step.look === 'taken' ? cluster.now : undefined
    this.#nextTick = at + step.wake / 1000
    return this.#moveFrom(before, at, finding.plan)
  }

  #moveFrom(before: number, at: number, plan: Plan): Move {
    const state = this.#state
    if (state.phase === 'failed') {
      const by = this.#said === 'rollback' ? 'evidence' : 'checks'
      return { kind: 'roll-back', by, because: state.because }
    }
    if (state.phase === 'promoting') {
      // The gate looks no more.
      this.grain = LOOK_SECONDS
      return { kind: 'promote', after: Math.max(POD_SECONDS, stepsBack(plan, before) * (plan.interval / 1000)) }
    }
    const weight = shareOf(plan, state)
    if (weight === before) return { kind: 'stay' }
    if (this.#watching !== undefined) this.#watching = withWeight(this.#watching, weight, instantOf(at), plan)
    return { kind: 'weigh', weight }
  }

  #answers(questions: readonly Question[], traffic: SimulatedTraffic): readonly Answer[] {
    const answers: Answer[] = []
    for (let question = nextQuestion(questions, answers); question !== undefined; question = nextQuestion(questions, answers)) {
      answers.push(this.#answer(question, traffic))
    }
    return answers
  }

  #answer({ about, put }: Question, traffic: SimulatedTraffic): Answer {
    if (about === 'rollback') return { kind: 'no', because: '403' }
    if (put.kind !== 'metric' || put.check.kind !== 'builtin') return { kind: 'yes' }
    const { rehearsed, edges } = this.#prepared
    const served = traffic.canaryOver(put.check.interval / 1000)
    return judgeMetric(put, measured(put.check.metric, served, edges), rehearsed.plan.noData)
  }
}

// A cluster whose pods are all there.
function clusterOf({ target, next, plan, config: gateConfig }: Rehearsed): ClusterView {
  const primary = { ...target, metadata: { ...target.metadata, name: `${plan.target}-primary` } }
  return {
    now: START,
    lookedAt: undefined,
    rival: undefined,
    gateConfig,
    target: available(next),
    primary: available(primary),
    apexService: undefined,
    canaryService: undefined,
    primaryService: undefined,
    canaryRule: undefined,
    primaryRule: undefined,
    virtualService: undefined
  }
}

function available(deployment: Rehearsed['target']): Rehearsed['target'] {
  const replicas = Number(dig(deployment, 'spec', 'replicas') ?? 1)
  const status = { observedGeneration: 1, replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas }
  return { ...deployment, status }
}

function pairOf(later: ServedPair, earlier: ServedPair): ServedPair {
  return { canary: differenceOf(later.canary, earlier.canary), stable: differenceOf(later.stable, earlier.stable) }
}

function instantOf(second: number): Millis {
  return START + 1000 * second
}
