// What the controller exports about rollouts, under Flagger's names and labels (flagger.md 6.3), so that its dashboards and alerts go on
// working. Series of a deleted Canary go with it; Flagger keeps them for ever. Owns what was counted since the start.

import type { KubeObject } from '../api/object.ts'
import type { PlainMetric } from '../metrics/exposition.ts'
import type { Plan, Strategy } from '../canary/plan.ts'
import type { Phase } from '../rollout/state.ts'
import type { Step } from '../rollout/tick.ts'
import type { Measured, RolloutListener, Ticked } from './rollout-listener.ts'
import { keyOfObject } from '../kube/reflector.ts'

/** Seconds; the bounds of Prometheus' own clients. */
export const DURATION_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

interface Durations {
  /** One for each bound: values up to it and above the one before. */
  readonly counts: number[]
  count: number
  sum: number
}

interface Series {
  /** The Canary whose target it is. */
  readonly owner: string
  readonly namespace: string
  readonly target: string
  status: number
  weight: number
  readonly durations: Durations
  readonly measured: Map<string, number>
  /** By strategy and status. */
  readonly successes: Map<string, number>
  readonly failures: Map<string, number>
}

type Sample = PlainMetric['samples'][number]

const STRATEGIES: Readonly<Record<Strategy['kind'], string>> = { weighted: 'canary', 'blue-green': 'blue-green', 'a/b': 'ab-testing' }

/** Counts rollouts. */
export class ExportedMetrics implements RolloutListener {
  readonly #version: string
  readonly #series = new Map<string, Series>()
  /** Namespace of each Canary, and all namespaces there were. */
  readonly #canaries = new Map<string, string>()
  readonly #namespaces = new Set<string>()

  constructor(version: string) {
    this.#version = version
  }

  ticked({ tick, step, took }: Ticked): void {
    const { plan, situation, state } = tick.finding
    const owner = keyOfObject(tick.canary)
    this.#canaries.set(owner, plan.namespace)
    this.#namespaces.add(plan.namespace)
    // Another Canary may have its target.
    if (situation.kind === 'refused') return
    const series = this.#seriesOf(owner, plan)
    series.status = statusOf(step.state.phase)
    series.weight = weightOf(step)
    if (situation.kind === 'start' || situation.kind === 'look') observe(series.durations, took / 1000)
    if (state.phase === step.state.phase) return
    const labels = (status: string): string => JSON.stringify([STRATEGIES[plan.strategy.kind], status])
    if (step.state.phase === 'succeeded') increment(series.successes, labels(situation.kind === 'skip' ? 'skipped' : 'completed'))
    if (step.state.phase === 'failed') increment(series.failures, labels('completed'))
  }

  measured({ namespace, target, metric, value }: Measured): void {
    this.#series.get(`${namespace}/${target}`)?.measured.set(metric, metric === 'request-duration' ? value / 1000 : value)
  }

  gone(canary: KubeObject): void {
    const owner = keyOfObject(canary)
    this.#canaries.delete(owner)
    for (const [key, series] of this.#series) if (series.owner === owner) this.#series.delete(key)
  }

  /** All series as they are now. */
  metrics(): readonly PlainMetric[] {
    const all = [...this.#series.values()]
    return [
      gauge('flagger_info', 'Version and mesh of the controller.', [
        { labels: { version: this.#version, mesh_provider: 'istio' }, value: 1 }
      ]),
      gauge('flagger_canary_total', 'Canaries in a namespace.', this.#totals()),
      gauge(
        'flagger_canary_status',
        'How the last analysis stands: 0 running, 1 successful, 2 failed.',
        all.map((series) => ({ labels: identity(series), value: series.status }))
      ),
      gauge('flagger_canary_weight', 'Share of traffic in percent.', all.flatMap(weights)),
      {
        name: 'flagger_canary_duration_seconds',
        type: 'histogram',
        help: 'Time that one look at a canary took.',
        samples: all.flatMap(durations)
      },
      gauge('flagger_canary_metric_analysis', 'Last value of a check.', all.flatMap(checks)),
      counter(
        'flagger_canary_successes_total',
        'Revisions that were promoted.',
        all.flatMap((series) => ends(series, series.successes))
      ),
      counter(
        'flagger_canary_failures_total',
        'Revisions that were rolled back.',
        all.flatMap((series) => ends(series, series.failures))
      )
    ]
  }

  // A namespace that is empty again stands at 0, where Flagger keeps the last count.
  #totals(): readonly Sample[] {
    const counts = new Map([...this.#namespaces].map((namespace) => [namespace, 0]))
    for (const namespace of this.#canaries.values()) increment(counts, namespace)
    return [...counts].map(([namespace, value]) => ({ labels: { namespace }, value }))
  }

  #seriesOf(owner: string, { namespace, target }: Pick<Plan, 'namespace' | 'target'>): Series {
    const key = `${namespace}/${target}`
    const known = this.#series.get(key)
    if (known?.owner === owner) return known
    const made: Series = {
      owner,
      namespace,
      target,
      status: 1,
      weight: 0,
      durations: { counts: DURATION_BOUNDS.map(() => 0), count: 0, sum: 0 },
      measured: new Map(),
      successes: new Map(),
      failures: new Map()
    }
    this.#series.set(key, made)
    return made
  }
}

function statusOf(phase: Phase): number {
  if (phase === 'failed') return 2
  return phase === 'progressing' ? 0 : 1
}

function weightOf({ routing }: Step): number {
  return routing.kind === 'weights' ? routing.canary : 0
}

function observe(durations: Durations, seconds: number): void {
  const index = DURATION_BOUNDS.findIndex((bound) => seconds <= bound)
  if (index >= 0) durations.counts[index] = (durations.counts[index] ?? 0) + 1
  durations.count += 1
  durations.sum += seconds
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function gauge(name: string, help: string, samples: readonly Sample[]): PlainMetric {
  return { name, type: 'gauge', help, samples }
}

function counter(name: string, help: string, samples: readonly Sample[]): PlainMetric {
  return { name, type: 'counter', help, samples }
}

function identity({ target, namespace }: Series): Record<string, string> {
  return { name: target, namespace }
}

function weights({ target, namespace, weight }: Series): readonly Sample[] {
  return [
    { labels: { workload: `${target}-primary`, namespace }, value: 100 - weight },
    { labels: { workload: target, namespace }, value: weight }
  ]
}

function durations(series: Series): readonly Sample[] {
  const { counts, count, sum } = series.durations
  if (count === 0) return []
  const labels = identity(series)
  let total = 0
  const buckets = DURATION_BOUNDS.map((bound, index) => {
    total += counts[index] ?? 0
    return { suffix: '_bucket', labels: { ...labels, le: String(bound) }, value: total }
  })
  return [
    ...buckets,
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
    { suffix: '_sum', labels, value: sum },
    { suffix: '_count', labels, value: count }
  ]
}

function checks(series: Series): readonly Sample[] {
  return [...series.measured].map(([metric, value]) => ({ labels: { ...identity(series), metric }, value }))
}

function ends(series: Series, counts: ReadonlyMap<string, number>): readonly Sample[] {
  return [...counts].map(([key, value]) => {
    const [strategy = '', status = ''] = JSON.parse(key) as readonly string[] // written by ticked
    return { labels: { ...identity(series), deployment_strategy: strategy, analysis_status: status }, value }
  })
}
