// The history of a workload's pods out of a Prometheus: Istio's counters as the pods' own proxies report them, pod by pod.

import { isAbandoned, isFailure } from '../gate/served.ts'
import { DURATION_BUCKET, REQUESTS_TOTAL } from '../metrics/istio-series.ts'
import { tellingEdges } from '../canary/gate-request.ts'
import { PodTraffic, type PodSeries } from '../sim/pod-traffic.ts'
import { PrometheusFailure, type PrometheusRanges, type RangeSeries, seriesId } from '../remote/prometheus-ranges.ts'
import type { Millis } from '../std/clock.ts'

/** Whose history, of what time, looked at how often. */
export interface HistoryAsk {
  readonly namespace: string
  readonly workload: string
  readonly from: Millis
  readonly to: Millis
  /** undefined: as often as the counters are scraped. */
  readonly look: Millis | undefined
  readonly objective: Millis | undefined
}

// As scrapers name the pod; the address they scrape where nothing else says it.
const POD_LABELS = ['pod', 'kubernetes_pod_name', 'pod_name', 'instance']
const NAMES_MOST = 10
const USUAL_LOOK: Millis = 15_000
const SHORTEST_LOOK: Millis = 5_000

/** Reads all of it. Rejects with `PrometheusFailure`, `TooMuchTraffic` or the signal's reason. */
export async function readPrometheus(source: PrometheusRanges, ask: HistoryAsk, signal: AbortSignal): Promise<PodTraffic> {
  const { namespace, workload, from, to } = ask
  const whose = `reporter="destination",destination_workload_namespace="${namespace}",destination_workload="${workload}"`
  const look = ask.look ?? (await scrapeInterval(source, whose, to, signal))
  const edges = await edgesOf(source, whose, ask, signal)
  const traffic = new PodTraffic({ start: from, look, edges: edges.map(({ edge }) => edge) })
  const range = { from, to, step: look }
  for await (const chunk of source.chunks({ ...range, query: `${REQUESTS_TOTAL}{${whose}}` }, signal)) traffic.add(chunk.flatMap(countsOf))
  if (traffic.pods.length === 0) throw await nothingFound(source, ask, signal)
  if (edges.length === 0) return traffic
  const les = [...edges.map(({ le }) => le), '\\+Inf'].join('|').replaceAll('.', '\\.')
  const buckets = new Map(edges.map(({ le }, index) => [le, index]))
  for await (const chunk of source.chunks({ ...range, query: `${DURATION_BUCKET}{${whose},le=~"${quoted(les)}"}` }, signal)) {
    traffic.add(chunk.flatMap((series) => bucketsOf(series, buckets)))
  }
  return traffic
}

// From how many samples the last hour has of a counter.
async function scrapeInterval(source: PrometheusRanges, whose: string, to: Millis, signal: AbortSignal): Promise<Millis> {
  const [counted] = await source.instant(`max(count_over_time(${REQUESTS_TOTAL}{${whose}}[1h]))`, to, signal)
  const samples = counted?.points.at(-1)?.value ?? 0
  return samples < 2 ? USUAL_LOOK : Math.max(SHORTEST_LOOK, 1000 * Math.round(3600 / samples))
}

interface Edge {
  /** As the label spells it. */
  readonly le: string
  readonly edge: Millis
}

// The edges that tell something, by all requests until the end.
async function edgesOf(
  source: PrometheusRanges,
  whose: string,
  { from, to, objective }: HistoryAsk,
  signal: AbortSignal
): Promise<readonly Edge[]> {
  const window = `${Math.max(1, Math.round((to - from) / 1000))}s`
  const counted = await source.instant(`sum by (le) (last_over_time(${DURATION_BUCKET}{${whose}}[${window}]))`, to, signal)
  const all = counted
    .flatMap(({ labels: { le = '' }, points }) =>
      points.slice(-1).map(({ value }) => ({ le, edge: le === '+Inf' ? Infinity : Number(le), value }))
    )
    .toSorted((one, other) => one.edge - other.edge)
  const total = all.at(-1)
  if (total?.edge !== Infinity) return []
  const finite = all.slice(0, -1)
  const telling = new Set(
    tellingEdges(
      finite.map(({ edge }) => edge),
      total.value,
      finite.map(({ value }) => total.value - value)
    )
  )
  return finite.filter(({ edge }) => telling.has(edge) || edge === objective)
}

async function nothingFound(
  source: PrometheusRanges,
  { namespace, workload, to }: HistoryAsk,
  signal: AbortSignal
): Promise<PrometheusFailure> {
  const inNamespace = `${REQUESTS_TOTAL}{reporter="destination",destination_workload_namespace="${namespace}"}`
  const others = await source.instant(`count by (destination_workload) (last_over_time(${inNamespace}[1d]))`, to, signal)
  const names = others.flatMap(({ labels }) => labels['destination_workload'] ?? []).toSorted()
  const known = names.slice(0, NAMES_MOST).join(', ')
  return new PrometheusFailure(
    `no ${REQUESTS_TOTAL} with reporter="destination" of workload ${workload} in namespace ${namespace} in this time; ${
      names.length === 0 ? 'none of any workload in this namespace in its last day' : `workloads with it in its last day: ${known}`
    }`
  )
}

function countsOf({ labels, points }: RangeSeries): readonly PodSeries[] {
  const { response_code: code = '', response_flags: flags = '-', grpc_response_status: grpc = '' } = labels
  if (isAbandoned({ flags })) return []
  const failed = isFailure({ code: Number(code) || 0, grpc })
  return [{ pod: podOf(labels), key: seriesId(labels), into: failed ? ['requests', 'failures'] : ['requests'], points }]
}

function bucketsOf({ labels, points }: RangeSeries, edges: ReadonlyMap<string, number>): readonly PodSeries[] {
  if (isAbandoned({ flags: labels['response_flags'] ?? '-' })) return []
  const { le = '' } = labels
  const column = le === '+Inf' ? ('timed' as const) : edges.get(le)
  return column === undefined ? [] : [{ pod: podOf(labels), key: seriesId(labels), into: [column], points }]
}

function podOf(labels: RangeSeries['labels']): string {
  return POD_LABELS.map((name) => labels[name]).find((name) => name !== undefined) ?? '?'
}

function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\')
}
