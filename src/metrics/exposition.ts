// Prometheus' text format (version 0.0.4) of Istio's standard metrics.

import { DURATION_EDGES } from './buckets.ts'
import { REQUEST_DURATION, REQUESTS_TOTAL } from './istio-series.ts'
import type { CellData, CellLabels, CountData, Spread, StreamData } from './recorder.ts'

/** Content-Type of the text. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** A counter or gauge that is not a request metric: a sample per set of labels. */
export interface PlainMetric {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly samples: readonly {
    /** What of a histogram it is: _bucket, _sum or _count. */
    readonly suffix?: string
    readonly labels: Readonly<Record<string, string>>
    readonly value: number
  }[]
}

/** Istio's request metrics of `cells`, then `others`; ends with a line feed. */
export function exposition(cells: readonly CellData[], others: readonly PlainMetric[]): string {
  return [...expositionParts(cells, others)].join('')
}

/** The same in parts of about PART_LENGTH characters, each made when it is asked for: thousands of series do not hold up what else is to do. */
export function* expositionParts(cells: readonly CellData[], others: readonly PlainMetric[]): Generator<string> {
  let part = ''
  for (const lines of blocks(cells, others)) {
    part += lines
    if (part.length < PART_LENGTH) continue
    yield part
    part = ''
  }
  if (part !== '') yield part
}

const PART_LENGTH = 65_536

function* blocks(cells: readonly CellData[], others: readonly PlainMetric[]): Generator<string> {
  yield head(REQUESTS_TOTAL, 'counter', 'Requests, by caller, destination and response.')
  for (const { count, labels } of seriesOf(cells)) yield `${REQUESTS_TOTAL}{${labels}} ${count.count}\n`
  yield head(REQUEST_DURATION, 'histogram', 'Time from the start of a request to the end of its response.')
  for (const { count, labels } of seriesOf(cells)) yield histogram(REQUEST_DURATION, labels, count)
  for (const [side, what] of SIZES) {
    const name = `istio_${side}_bytes`
    yield head(name, 'histogram', what)
    for (const { count, labels } of seriesOf(cells)) if (count.sizes !== undefined) yield histogram(name, labels, count.sizes[side])
  }
  yield* streamBlocks(cells)
  for (const metric of others) {
    yield head(metric.name, metric.type, metric.help)
    for (const sample of metric.samples) yield plainSample(`${metric.name}${sample.suffix ?? ''}`, sample)
  }
}

const STREAMS = [
  ['opened', 'istio_tcp_connections_opened_total', 'Connections opened.'],
  ['closed', 'istio_tcp_connections_closed_total', 'Connections closed.'],
  ['sent', 'istio_tcp_sent_bytes_total', 'Bytes sent to callers on connections.'],
  ['received', 'istio_tcp_received_bytes_total', 'Bytes received from callers on connections.']
] as const

// Nothing where no port carries bytes, as in Envoy.
function* streamBlocks(cells: readonly CellData[]): Generator<string> {
  const some = cells.filter(({ streams }) => streams !== undefined)
  if (some.length === 0) return
  for (const [field, name, what] of STREAMS) {
    yield head(name, 'counter', what)
    for (const { labels, streams = [] } of some)
      for (const stream of streams) yield `${name}{${streamLabels(labels, stream)}} ${stream[field]}\n`
  }
}

function* seriesOf(cells: readonly CellData[]): Generator<{ readonly count: CountData; readonly labels: string }> {
  for (const cell of cells) for (const count of cell.counts) yield { count, labels: requestLabels(cell.labels, count) }
}

function head(name: string, type: string, help: string): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`
}

/** How often each bound of the data plane was reached, as a counter; those of `names` that never were stand at 0. */
export function limitMetric(names: readonly string[], reached: Readonly<Record<string, number>>): PlainMetric {
  return {
    name: 'serin_mesh_limit_reached_total',
    type: 'counter',
    help: 'Times that a bound of the mesh was reached, by its name.',
    samples: names.map((limit) => ({ labels: { limit }, value: reached[limit] ?? 0 }))
  }
}

const SIZES = [
  ['request', 'Bytes of requests, heads and bodies.'],
  ['response', 'Bytes of responses, heads and bodies.']
] as const

function histogram(name: string, labels: string, { buckets, sum }: Spread): string {
  let text = ''
  let below = 0
  for (let index = 0; index < DURATION_EDGES.length; index++) {
    below += buckets[index] ?? 0
    text += `${name}_bucket{${labels},le="${DURATION_EDGES[index]}"} ${below}\n`
  }
  below += buckets[DURATION_EDGES.length] ?? 0
  return `${text}${name}_bucket{${labels},le="+Inf"} ${below}
${name}_sum{${labels}} ${sum}
${name}_count{${labels}} ${below}
`
}

function plainSample(name: string, { labels, value }: PlainMetric['samples'][number]): string {
  const pairs = Object.entries(labels).map(([label, text]) => pair(label, text))
  return pairs.length === 0 ? `${name} ${value}\n` : `${name}{${pairs.join(',')}} ${value}\n`
}

function requestLabels(labels: CellLabels, count: CountData): string {
  return [
    ...peerLabels(labels),
    pair('request_protocol', count.grpc === undefined ? 'http' : 'grpc'),
    pair('response_code', String(count.code)),
    pair('grpc_response_status', count.grpc ?? ''),
    pair('response_flags', count.flags),
    security(labels)
  ].join(',')
}

function streamLabels(labels: CellLabels, { flags }: StreamData): string {
  return [...peerLabels(labels), pair('request_protocol', 'tcp'), pair('response_flags', flags), security(labels)].join(',')
}

// No peer speaks mutual TLS here: the called side knows that, the calling side does not ask.
function security({ reporter }: CellLabels): string {
  return pair('connection_security_policy', reporter === 'destination' ? 'none' : 'unknown')
}

function peerLabels(labels: CellLabels): string[] {
  return [
    pair('reporter', labels.reporter),
    ...peerPairs('source', {
      workload: labels.sourceWorkload,
      namespace: labels.sourceNamespace,
      app: labels.sourceApp,
      version: labels.sourceVersion,
      service: labels.sourceCanonicalService,
      revision: labels.sourceCanonicalRevision
    }),
    ...peerPairs('destination', {
      workload: labels.destinationWorkload,
      namespace: labels.destinationNamespace,
      app: labels.destinationApp,
      version: labels.destinationVersion,
      service: labels.destinationCanonicalService,
      revision: labels.destinationCanonicalRevision
    }),
    pair('destination_service', labels.destinationService),
    pair('destination_service_name', labels.destinationServiceName),
    pair('destination_service_namespace', labels.destinationServiceNamespace)
  ]
}

interface Peer {
  readonly workload: string
  readonly namespace: string
  readonly app: string
  readonly version: string
  readonly service: string | undefined
  readonly revision: string | undefined
}

function peerPairs(side: 'source' | 'destination', { workload, namespace, app, version, service, revision }: Peer): string[] {
  return [
    pair(`${side}_workload`, workload),
    pair(`${side}_workload_namespace`, namespace),
    pair(`${side}_principal`, UNKNOWN),
    pair(`${side}_app`, app),
    pair(`${side}_version`, version),
    pair(`${side}_cluster`, workload === UNKNOWN ? UNKNOWN : 'Kubernetes'),
    pair(`${side}_canonical_service`, service ?? (app === UNKNOWN ? workload : app)),
    pair(`${side}_canonical_revision`, revision ?? (version === UNKNOWN ? 'latest' : version))
  ]
}

const UNKNOWN = 'unknown'
const ESCAPED = /["\\\n]/

function pair(name: string, value: string): string {
  if (!ESCAPED.test(value)) return `${name}="${value}"`
  return `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}
