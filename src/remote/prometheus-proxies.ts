// Whose counters a Prometheus' series are. The same proxy is often scraped more than once: by two jobs, or by a pair of Prometheis whose
// answers nobody has merged. Its counters then come as several series that differ in what scraping put there; they are counted once here.

import { fnv1a64 } from '../std/fnv1a.ts'
import { type RangeSeries, seriesId } from './prometheus-ranges.ts'

type Labels = RangeSeries['labels']

/** A counter of a proxy as one source has it. */
export interface Scraped {
  readonly labels: Labels
  readonly value: number
}

/** The proxy that counts, and what tells the counter from its others, by whatever source both are known. */
export interface ProxyCounter {
  readonly process: string
  readonly id: string
}

/** Each counter once. */
export function countedOnce<T extends Scraped>(series: readonly T[]): readonly (T & ProxyCounter)[] {
  const proxies = Map.groupBy(withoutRetold(series), ({ labels }) => proxyKey(labels))
  return [...proxies.values()]
    .flatMap(oneSource)
    .map((each) => ({ ...each, process: processOf(each.labels), id: fnv1a64(seriesId(each.labels, ...leftOut(each.labels))) }))
}

// What scraping adds: of the target, of the pod that it is, and of the Prometheus that is asked together with others.
const TARGET = ['job', 'instance', 'endpoint', 'container', 'metrics_path']
const POD = ['pod', 'pod_name', 'kubernetes_pod_name', 'namespace', 'kubernetes_namespace', 'cluster']
const SERVER = ['prometheus', 'monitor', 'receive']
const NOT_TELLING = ['__name__', 'le']
const ISTIO =
  /^(source_|destination_|reporter$|request_protocol$|response_|grpc_response_status$|connection_security_policy$|le$|__name__$)/

function isOfServer(name: string): boolean {
  return SERVER.includes(name) || name.endsWith('replica')
}

function podOf(labels: Labels): string {
  return labels['pod'] ?? labels['pod_name'] ?? labels['kubernetes_pod_name'] ?? ''
}

// By the pod. Where no label names it, by the address: two ports of one proxy cannot be told from two proxies then.
function processOf(labels: Labels): string {
  const pod = podOf(labels)
  const { cluster = '', namespace = labels['kubernetes_namespace'] ?? '', instance = '' } = labels
  return pod === '' ? instance : `${cluster} ${namespace}/${pod}`
}

function leftOut(labels: Labels): readonly string[] {
  const ofTarget = podOf(labels) === '' ? TARGET.filter((name) => name !== 'instance') : [...TARGET, ...POD]
  return [...NOT_TELLING, ...ofTarget, ...Object.keys(labels).filter(isOfServer)]
}

// Pods of two clusters may have one name: what Istio says of the caller tells them apart, too.
function proxyKey(labels: Labels): string {
  return [processOf(labels), ...callerOf(labels)].join('\n')
}

function callerOf(labels: Labels): readonly string[] {
  return ['source_cluster', 'source_workload_namespace', 'source_workload'].map((name) => labels[name] ?? '')
}

// A waypoint counts for callers that have no proxy. One that counts by itself, as a gateway does, is not counted there again.
function withoutRetold<T extends Scraped>(series: readonly T[]): readonly T[] {
  const own = new Set(series.filter(({ labels }) => labels['reporter'] === 'source').map(({ labels }) => callerOf(labels).join('\n')))
  return series.filter(({ labels }) => labels['reporter'] !== 'waypoint' || !own.has(callerOf(labels).join('\n')))
}

// Of sources of the same series the one that has counted most: it has looked last, whatever clocks say, and no counter ever falls because
// another source is taken. What is labelled in another way has other series: of these always the same, as long as it is there.
function oneSource<T extends Scraped>(series: readonly T[]): readonly T[] {
  const sources = [...Map.groupBy(series, ({ labels }) => sourceOf(labels)).values()]
  const [first = [], ...others] = sources
  if (others.length === 0) return first
  const judged = sources.map((each) => ({ series: each, manner: mannerOf(each), counted: each.reduce((sum, { value }) => sum + value, 0) }))
  const manner = judged.reduce((least, one) => (one.manner < least ? one.manner : least), judged[0]?.manner ?? '')
  return judged.filter((one) => one.manner === manner).reduce((most, one) => (one.counted > most.counted ? one : most)).series
}

function sourceOf(labels: Labels): string {
  const names = Object.keys(labels).filter((name) => TARGET.includes(name) || isOfServer(name))
  return seriesId(Object.fromEntries(names.map((name) => [name, labels[name] ?? ''])))
}

// The labels beside Istio's that all of a source's series have in common.
function mannerOf(series: readonly Scraped[]): string {
  const [first, ...others] = series.map(({ labels }) => labels)
  const [left, names] = [leftOut(first ?? {}), Object.keys(first ?? {})]
  const common = names.filter((name) => others.every((other) => other[name] === first?.[name]))
  return seriesId(
    Object.fromEntries(common.filter((name) => !ISTIO.test(name) && !left.includes(name)).map((name) => [name, first?.[name] ?? '']))
  )
}
