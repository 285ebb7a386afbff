// A Prometheus as the gate's source of counters: Istio's series as callers' proxies report them, raw samples with the times of their scrapes,
// never rate() or increase() (they invent counts at the edges of windows and miss the first failure of a new version).

import {
  type CounterQuery,
  type CountersRead,
  isFailure,
  type RequestCounter,
  type Served,
  type ServiceName,
  type VersionPair
} from '../gate/served.ts'
import { DURATION_EDGES } from '../metrics/buckets.ts'
import { DURATION_BUCKET as BUCKET, REQUESTS_TOTAL as COUNT } from '../metrics/istio-series.ts'
import type { Millis } from '../std/clock.ts'
import { apart, edgeMatcher, edgeOf, type Histogram, histogramsOf } from './prometheus-histograms.ts'
import { askMinutes, askRange } from './prometheus-matrix.ts'
import { countedOnce, type ProxyCounter, type Scraped } from './prometheus-proxies.ts'
import type { RangeSeries } from './prometheus-ranges.ts'
import type { ProviderQuery, ProviderWorld } from './provider-call.ts'

/** Which Prometheus, and how often it scrapes. */
export interface PrometheusSettings {
  readonly address: string
  readonly interval: Millis
}

type Labels = RangeSeries['labels']
type Sample = Pick<RangeSeries, 'labels'> & RangeSeries['points'][number]
type Down = { readonly kind: 'down'; readonly because: string }
type Answer = { readonly kind: 'series'; readonly series: readonly RangeSeries[] } | Down

// A sample that is older is not of a process that still runs.
const SCRAPES_MISSED = 4
// An answer is read whole, while nothing else happens: half a second for one of this length, of some 11,000 series (docs/decisions/105).
const BODY_MAX = 16_000_000
const TIMEOUT: Millis = 10_000
const TOO_LONG = 'have it keep fewer series of callers (metric_relabel_configs), or have the gate read the mesh, without --metrics-server'

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

  /** The latest samples of both versions' counters; `at` is that of the newest. Of durations no more than the edges that are asked for. */
  async read(query: CounterQuery, signal: AbortSignal): Promise<CountersRead | Down> {
    const [counts, durations] = await Promise.all([this.#latest(COUNT, query, signal), this.#durations(query, signal)])
    if (counts.kind === 'down') return counts
    if (durations.kind === 'down') return durations
    const counted = countedOnce(
      counts.series.flatMap(({ labels, points }) => points.slice(-1).map(({ at, value }) => ({ labels, at, value })))
    )
    const buckets = new Map(countedOnce(durations.histograms).map((one) => [keyOf(one), one.buckets]))
    const isCanary = ({ labels }: Scraped): boolean => labels['destination_service_name'] === query.canaryService
    const counters = (whose: 'canary' | 'stable'): readonly RequestCounter[] =>
      counted.filter((one) => isCanary(one) === (whose === 'canary')).map((one) => counterOf(one, buckets.get(keyOf(one)) ?? []))
    return {
      kind: 'read',
      at: counted.reduce((latest, { at }) => Math.max(latest, at), -Infinity),
      canary: counters('canary'),
      stable: counters('stable')
    }
  }

  /** What a Service served in each minute of the last six hours; nothing where it cannot be asked. */
  async history({ namespace, service }: ServiceName, signal: AbortSignal): Promise<readonly Served[]> {
    const its = `${CALLERS},destination_service_namespace="${namespace}",destination_service_name="${service}",${WAITED_FOR}`
    const [counts, buckets] = await Promise.all([
      this.#slices(`sum by (response_code,grpc_response_status) (increase(${COUNT}{${its}}[1m]))`, namespace, signal),
      this.#slices(`sum by (le) (increase(${BUCKET}{${its}}[1m]))`, namespace, signal)
    ])
    const times = [...new Set(counts.map(({ at }) => at))].toSorted((one, other) => one - other)
    return times.map((at) => sliceOf(at, counts, buckets))
  }

  // One question for each edge: the answers stay short, and what is of one scrape is found by the time of its samples.
  async #durations(
    query: CounterQuery,
    signal: AbortSignal
  ): Promise<{ readonly kind: 'histograms'; readonly histograms: readonly Histogram[] } | Down> {
    const { edges } = query
    if (edges?.length === 0) return { kind: 'histograms', histograms: [] }
    const all = await this.#latest(BUCKET, query, signal, edges === undefined ? '' : edgeMatcher(Infinity))
    if (all.kind === 'down') return all
    const asked = all.series.length === 0 ? [] : (edges ?? [])
    const answers = await Promise.all(asked.map((edge) => this.#upTo(edge, query, signal)))
    const series: RangeSeries[] = [...all.series]
    const found = new Set<Millis>()
    for (const answer of answers) {
      if (answer.kind === 'down') return answer
      // Not even a lower edge: what is above it cannot be told.
      if (answer.series.length === 0) return { kind: 'histograms', histograms: [] }
      series.push(...answer.series)
      found.add(edgeOf(answer.series[0]?.labels ?? {}))
    }
    return { kind: 'histograms', histograms: histogramsOf(series, [...found]) }
  }

  // A mesh may have buckets of its own: the nearest edge below stands for one that it has not, for both versions alike.
  async #upTo(edge: Millis, query: CounterQuery, signal: AbortSignal): Promise<Answer> {
    for (const each of DURATION_EDGES.filter((one) => one <= edge).toReversed()) {
      const answer = await this.#latest(BUCKET, query, signal, edgeMatcher(each))
      if (answer.kind === 'down' || answer.series.length > 0) return answer
    }
    return { kind: 'series', series: [] }
  }

  // Requests that nobody waited for are not looked at.
  async #latest(name: string, query: CounterQuery, signal: AbortSignal, edge = ''): Promise<Answer> {
    const window = `${Math.round((SCRAPES_MISSED * this.interval) / 1000)}s`
    const tooLong = `${name} of the callers of ${query.canaryService} and ${query.stable.name}; ${TOO_LONG}`
    const asked = { provider: this.#provider(query.namespace), timeout: TIMEOUT, bodyMax: BODY_MAX, tooLong }
    const answers = selectorsOf(query).map((versions) => {
      const matchers = [CALLERS, versions, WAITED_FOR, ...(edge === '' ? [] : [edge])].join(',')
      return askRange(asked, `${name}{${matchers}}[${window}]`, this.#world, signal)
    })
    const series: RangeSeries[] = []
    for (const answer of await Promise.all(answers)) {
      if (answer.kind !== 'matrix') return { kind: 'down', because: answer.because }
      series.push(...answer.series)
    }
    return { kind: 'series', series }
  }

  async #slices(query: string, namespace: string, signal: AbortSignal): Promise<readonly Sample[]> {
    const answer = await askMinutes({ provider: this.#provider(namespace), timeout: TIMEOUT }, query, this.#world, signal)
    return answer.kind === 'matrix' ? answer.series.flatMap(({ labels, points }) => points.map((point) => ({ labels, ...point }))) : []
  }

  #provider(namespace: string): ProviderQuery['provider'] {
    return { spec: { type: 'prometheus', address: this.#settings.address }, namespace, credentials: {} }
  }
}

// Waypoints report for callers in ambient meshes. Names of Services, workloads and namespaces are DNS names: nothing in them needs to be quoted.
const CALLERS = 'reporter=~"source|waypoint"'
const WAITED_FOR = 'response_flags!~".*DC.*"'

// One query where one can have both versions: it is of one instant.
function selectorsOf({ namespace, canaryService, stable: { kind, name } }: VersionPair): readonly string[] {
  const to = `destination_service_namespace="${namespace}",destination_service_name`
  if (kind === 'service') return [`${to}=~"${canaryService}|${name}"`]
  const taken = `destination_workload_namespace="${namespace}",destination_workload="${name}"`
  return [`${to}="${canaryService}"`, `${taken},destination_service_name!="${canaryService}"`]
}

function keyOf({ process, id }: ProxyCounter): string {
  return `${process} ${id}`
}

function counterOf({ labels, process, id, value }: Scraped & ProxyCounter, buckets: readonly number[]): RequestCounter {
  return { process, id, ...outcomeOf(labels), flags: labels['response_flags'] ?? '-', count: value, buckets }
}

function outcomeOf({ response_code: code, grpc_response_status: grpc = '' }: Labels): Pick<RequestCounter, 'code' | 'grpc'> {
  return { code: Number(code) || 0, grpc }
}

function sliceOf(at: Millis, counts: readonly Sample[], buckets: readonly Sample[]): Served {
  const now = counts.filter((sample) => sample.at === at)
  const upTo = new Map(buckets.filter((sample) => sample.at === at).map(({ labels, value }) => [edgeOf(labels), value]))
  const failed = now.filter(({ labels }) => isFailure(outcomeOf(labels)))
  return {
    requests: Math.round(sum(now)),
    failures: Math.round(sum(failed)),
    buckets: apart(upTo).map(Math.round)
  }
}

function sum(samples: readonly Sample[]): number {
  return samples.reduce((total, { value }) => total + value, 0)
}
