// A Prometheus as the gate's source of counters: Istio's series as callers' proxies report them, raw samples with the times of their scrapes,
// never rate() or increase() (they invent counts at the edges of windows and miss the first failure of a new version).

import { type CountersRead, isFailure, type RequestCounter, type Served, type ServiceName, type VersionPair } from '../gate/served.ts'
import { DURATION_EDGES } from '../metrics/buckets.ts'
import { DURATION_BUCKET as BUCKET, REQUESTS_TOTAL as COUNT } from '../metrics/istio-series.ts'
import type { Millis } from '../std/clock.ts'
import { askMinutes, askRange } from './prometheus-matrix.ts'
import { seriesId } from './prometheus-ranges.ts'
import type { ProviderQuery, ProviderWorld } from './provider-call.ts'

/** Which Prometheus, and how often it scrapes. */
export interface PrometheusSettings {
  readonly address: string
  readonly interval: Millis
}

type Labels = Readonly<Record<string, string>>

interface Sample {
  readonly labels: Labels
  readonly at: Millis
  readonly value: number
}

type Down = { readonly kind: 'down'; readonly because: string }
type Samples = { readonly kind: 'samples'; readonly samples: readonly Sample[] } | Down

// A sample that is older is not of a process that still runs.
const SCRAPES_MISSED = 4

/** Reads counters from a Prometheus. Rejects only with the signal's reason. */
export class PrometheusCounters {
  readonly edges = DURATION_EDGES
  readonly interval: Millis
  readonly finest: Millis
  readonly #settings: PrometheusSettings
  readonly #world: ProviderWorld

  constructor(settings: PrometheusSettings, world: ProviderWorld) {
    this.interval = settings.interval
    this.finest = settings.interval
    this.#settings = settings
    this.#world = world
  }

  /** The latest samples of both versions' counters; `at` is that of the newest. */
  async read(pair: VersionPair, signal: AbortSignal): Promise<CountersRead | Down> {
    const { namespace, canaryService } = pair
    const window = `${Math.round((SCRAPES_MISSED * this.interval) / 1000)}s`
    const ask = async (name: string): Promise<Samples> => {
      const selected = selectorsOf(pair).map((each) => this.#latest(`${name}{${CALLERS},${each}}[${window}]`, namespace, signal))
      return together(await Promise.all(selected))
    }
    const [counts, buckets] = await Promise.all([ask(COUNT), ask(BUCKET)])
    if (counts.kind === 'down') return counts
    if (buckets.kind === 'down') return buckets
    const isCanary = ({ labels }: Sample): boolean => labels['destination_service_name'] === canaryService
    return {
      kind: 'read',
      at: counts.samples.reduce((latest, { at }) => Math.max(latest, at), -Infinity),
      canary: countersOf(counts.samples.filter(isCanary), buckets.samples),
      stable: countersOf(
        counts.samples.filter((sample) => !isCanary(sample)),
        buckets.samples
      )
    }
  }

  /** What a Service served in each minute of the last six hours; nothing where it cannot be asked. */
  async history({ namespace, service }: ServiceName, signal: AbortSignal): Promise<readonly Served[]> {
    const its = `${CALLERS},destination_service_namespace="${namespace}",destination_service_name="${service}",response_flags!~".*DC.*"`
    const [counts, buckets] = await Promise.all([
      this.#slices(`sum by (response_code,grpc_response_status) (increase(${COUNT}{${its}}[1m]))`, namespace, signal),
      this.#slices(`sum by (le) (increase(${BUCKET}{${its}}[1m]))`, namespace, signal)
    ])
    const times = [...new Set(counts.map(({ at }) => at))].toSorted((one, other) => one - other)
    return times.map((at) => sliceOf(at, counts, buckets))
  }

  async #latest(query: string, namespace: string, signal: AbortSignal): Promise<Samples> {
    const answer = await askRange(this.#provider(namespace), query, this.#world, signal)
    if (answer.kind !== 'matrix') return { kind: 'down', because: answer.because }
    return {
      kind: 'samples',
      samples: answer.series.flatMap(({ labels, points }) => points.slice(-1).map((point) => ({ labels, ...point })))
    }
  }

  async #slices(query: string, namespace: string, signal: AbortSignal): Promise<readonly Sample[]> {
    const answer = await askMinutes(this.#provider(namespace), query, this.#world, signal)
    return answer.kind === 'matrix' ? answer.series.flatMap(({ labels, points }) => points.map((point) => ({ labels, ...point }))) : []
  }

  #provider(namespace: string): ProviderQuery['provider'] {
    return { spec: { type: 'prometheus', address: this.#settings.address }, namespace, credentials: {} }
  }
}

// Waypoints report for callers in ambient meshes. Names of Services, workloads and namespaces are DNS names: nothing in them needs to be quoted.
const CALLERS = 'reporter=~"source|waypoint"'

// One query where one can have both versions: it is of one instant.
function selectorsOf({ namespace, canaryService, stable: { kind, name } }: VersionPair): readonly string[] {
  const to = `destination_service_namespace="${namespace}",destination_service_name`
  if (kind === 'service') return [`${to}=~"${canaryService}|${name}"`]
  const taken = `destination_workload_namespace="${namespace}",destination_workload="${name}"`
  return [`${to}="${canaryService}"`, `${taken},destination_service_name!="${canaryService}"`]
}

function together(all: readonly Samples[]): Samples {
  const down = all.find((each) => each.kind === 'down')
  return down ?? { kind: 'samples', samples: all.flatMap((each) => (each.kind === 'samples' ? each.samples : [])) }
}

// Which counter a series belongs to: all its labels but the bucket's edge and the name of the metric.
function idOf(labels: Labels): string {
  return seriesId(labels, '__name__', 'le')
}

function countersOf(counts: readonly Sample[], buckets: readonly Sample[]): readonly RequestCounter[] {
  const byId = Map.groupBy(buckets, (sample) => idOf(sample.labels))
  return counts.map(({ labels, value }) => {
    const id = idOf(labels)
    const { pod = '', instance = '' } = labels
    return {
      process: `${pod} ${instance}`,
      id,
      ...outcomeOf(labels),
      flags: labels['response_flags'] ?? '-',
      count: value,
      buckets: apart(byId.get(id) ?? [])
    }
  })
}

function outcomeOf({ response_code: code, grpc_response_status: grpc = '' }: Labels): Pick<RequestCounter, 'code' | 'grpc'> {
  return { code: Number(code) || 0, grpc }
}

// Cumulative by `le` -> each bucket by itself. An edge that the histogram has not counts as the one below it.
function apart(samples: readonly Sample[]): readonly number[] {
  const below = new Map(samples.map(({ labels, value }) => [Number(labels['le'] === '+Inf' ? Infinity : labels['le']), value]))
  let before = 0
  return [...DURATION_EDGES, Infinity].map((edge) => {
    const upTo = below.get(edge) ?? before
    const count = Math.max(0, upTo - before)
    before = Math.max(before, upTo)
    return count
  })
}

function sliceOf(at: Millis, counts: readonly Sample[], buckets: readonly Sample[]): Served {
  const now = counts.filter((sample) => sample.at === at)
  const failed = now.filter(({ labels }) => isFailure(outcomeOf(labels)))
  return {
    requests: Math.round(sum(now)),
    failures: Math.round(sum(failed)),
    buckets: apart(buckets.filter((sample) => sample.at === at)).map(Math.round)
  }
}

function sum(samples: readonly Sample[]): number {
  return samples.reduce((total, { value }) => total + value, 0)
}
