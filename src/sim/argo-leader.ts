// Argo Rollouts' way: the steps of a Rollout one after the other, with an analysis beside them and analyses as steps. A metric beyond its
// limits aborts the rollout; an inconclusive one leaves it to a person, who does not come.

import type { ArgoMetric, ArgoPlan, ArgoStep } from '../convert/argo-plan.ts'
import type { RequestQuery } from '../convert/request-query.ts'
import type { Millis } from '../std/clock.ts'
import { MetricRun } from './argo-metric.ts'
import { commonPart, type Leader, type Move } from './lead.ts'
import { LOOK_SECONDS } from './past.ts'
import type { SimulatedTraffic } from './traffic.ts'

const SHARE: RequestQuery = {
  kind: 'arithmetic',
  operator: '/',
  left: { kind: 'count', of: 'succeeded', window: 300, each: 'second' },
  right: { kind: 'count', of: 'all', window: 300, each: 'second' }
}

/** The sample of Argo's documentation: 20 % every ten minutes, 95 % of successes in five minutes, aborted at the fourth failure. */
export const ARGO_SAMPLE: ArgoPlan = {
  steps: [20, 40, 60, 80].flatMap((weight): readonly ArgoStep[] => [
    { kind: 'weigh', weight },
    { kind: 'pause', seconds: 600 }
  ]),
  background: [
    {
      name: 'success-rate',
      query: SHARE,
      success: (result) => (result === undefined ? 'error' : result >= 0.95),
      failure: undefined,
      initialDelay: 0,
      interval: 300,
      count: undefined,
      failureLimit: 3,
      inconclusiveLimit: 0,
      consecutiveErrorLimit: 4
    }
  ],
  startingStep: 0
}

/** How long all pauses of a plan take, seconds. */
export function pausesOf({ steps }: ArgoPlan): number {
  return steps.reduce((sum, step) => sum + (step.kind === 'pause' ? step.seconds : 0), 0)
}

/** Argo Rollouts on this plan. */
export class ArgoLeader implements Leader {
  readonly grain: number
  next = 0
  readonly #plan: ArgoPlan
  readonly #edges: readonly Millis[]
  /** The step that is next, and until when the one before takes. */
  #step = 0
  #until = 0
  #inline: readonly MetricRun[] = []
  #background: readonly MetricRun[] | undefined

  constructor(plan: ArgoPlan, edges: readonly Millis[]) {
    this.#plan = plan
    this.#edges = edges
    this.grain = grainOf(plan)
  }

  look(traffic: SimulatedTraffic, at: number): Move {
    const runs = [...(this.#background ?? []), ...this.#inline]
    for (const run of runs) run.look(traffic, at, this.#edges)
    const ended = runs.find(({ phase }) => phase === 'failed' || phase === 'error')
    if (ended !== undefined) return { kind: 'roll-back', by: 'checks', because: `metric ${ended.metric.name} completed ${ended.phase}` }
    if (runs.some(({ phase }) => phase === 'inconclusive')) {
      this.next = Infinity
      return { kind: 'stay' }
    }
    const move = this.#isBusy(at) ? ({ kind: 'stay' } as const) : this.#begin(at)
    this.next = this.#nextAfter(at, move)
    return move
  }

  #isBusy(at: number): boolean {
    return at < this.#until || this.#inline.some(({ phase }) => phase === 'running')
  }

  #begin(at: number): Move {
    const { steps, background, startingStep } = this.#plan
    const step = steps[this.#step]
    if (this.#step >= startingStep) this.#background ??= background.map((metric) => new MetricRun(metric, at))
    this.#step += 1
    this.#inline = []
    switch (step?.kind) {
      case undefined:
        return { kind: 'promote', after: 0 }
      case 'weigh':
        return { kind: 'weigh', weight: step.weight }
      case 'pause':
        this.#until = at + step.seconds
        return { kind: 'stay' }
      case 'analyse':
        this.#inline = step.metrics.map((metric) => new MetricRun(metric, at))
        return { kind: 'stay' }
    }
  }

  // What takes no time is over at once.
  #nextAfter(at: number, move: Move): number {
    if (move.kind === 'weigh' || !this.#isBusy(at)) return at
    const measuring = [...(this.#background ?? []), ...this.#inline].map(({ next }) => next)
    return Math.min(at < this.#until ? this.#until : Infinity, ...measuring)
  }
}

// So that counters are read wherever a window can begin; finer than Prometheus scrapes nobody sees.
function grainOf({ steps, background }: ArgoPlan): number {
  const metrics = [...background, ...steps.flatMap((step) => (step.kind === 'analyse' ? step.metrics : []))]
  const times = [
    ...steps.flatMap((step) => (step.kind === 'pause' ? [step.seconds] : [])),
    ...metrics.flatMap(({ query, interval = 0, initialDelay }: ArgoMetric) => [...windowsOf(query), interval, initialDelay])
  ]
  return Math.max(LOOK_SECONDS, times.reduce(commonPart, 0))
}

function windowsOf(query: RequestQuery): readonly number[] {
  switch (query.kind) {
    case 'number':
      return []
    case 'count':
    case 'quantile':
      return [query.window]
    case 'arithmetic':
    case 'or':
      return [...windowsOf(query.left), ...windowsOf(query.right)]
  }
}
