// Prometheus' text format (version 0.0.4) of Istio's standard metrics.

import { DURATION_EDGES } from './buckets.ts'
import type { CellData, CellLabels, CountData } from './recorder.ts'

/** Content-Type of the text. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** A counter or gauge that is not a request metric: a sample per set of labels. */
export interface PlainMetric {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]
}

/** istio_requests_total and istio_request_duration_milliseconds of `cells`, then `others`; ends with a line feed. */
export function exposition(cells: readonly CellData[], others: readonly PlainMetric[]): string {
  const lines: string[] = []
  const series = cells.flatMap((cell) => cell.counts.map((count) => ({ count, labels: requestLabels(cell.labels, count) })))
  lines.push('# HELP istio_requests_total Requests, by caller, destination and response.', '# TYPE istio_requests_total counter')
  for (const { count, labels } of series) lines.push(`istio_requests_total{${labels}} ${count.count}`)
  lines.push(
    '# HELP istio_request_duration_milliseconds Time from the start of a request to the end of its response.',
    '# TYPE istio_request_duration_milliseconds histogram'
  )
  for (const { count, labels } of series) pushHistogram(lines, labels, count)
  for (const metric of others) pushPlain(lines, metric)
  return `${lines.join('\n')}\n`
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

function pushHistogram(lines: string[], labels: string, count: CountData): void {
  const name = 'istio_request_duration_milliseconds'
  let below = 0
  for (let index = 0; index < DURATION_EDGES.length; index++) {
    below += count.buckets[index] ?? 0
    lines.push(`${name}_bucket{${labels},le="${DURATION_EDGES[index]}"} ${below}`)
  }
  lines.push(
    `${name}_bucket{${labels},le="+Inf"} ${count.count}`,
    `${name}_sum{${labels}} ${count.sum}`,
    `${name}_count{${labels}} ${count.count}`
  )
}

function pushPlain(lines: string[], metric: PlainMetric): void {
  lines.push(`# HELP ${metric.name} ${metric.help}`, `# TYPE ${metric.name} ${metric.type}`)
  for (const sample of metric.samples) {
    const labels = Object.entries(sample.labels).map(([name, value]) => pair(name, value))
    lines.push(labels.length === 0 ? `${metric.name} ${sample.value}` : `${metric.name}{${labels.join(',')}} ${sample.value}`)
  }
}

function requestLabels(labels: CellLabels, count: CountData): string {
  return [
    pair('reporter', labels.reporter),
    ...peerPairs('source', labels.sourceWorkload, labels.sourceNamespace, [labels.sourceApp, labels.sourceVersion]),
    ...peerPairs('destination', labels.destinationWorkload, labels.destinationNamespace, [
      labels.destinationApp,
      labels.destinationVersion
    ]),
    pair('destination_service', labels.destinationService),
    pair('destination_service_name', labels.destinationServiceName),
    pair('destination_service_namespace', labels.destinationServiceNamespace),
    pair('request_protocol', 'http'),
    pair('response_code', String(count.code)),
    pair('grpc_response_status', ''),
    pair('response_flags', count.flags),
    // No peer speaks mutual TLS here: the called side knows that, the calling side does not ask.
    pair('connection_security_policy', labels.reporter === 'destination' ? 'none' : 'unknown')
  ].join(',')
}

function peerPairs(
  side: 'source' | 'destination',
  workload: string,
  namespace: string,
  [app, version]: readonly [string, string]
): string[] {
  return [
    pair(`${side}_workload`, workload),
    pair(`${side}_workload_namespace`, namespace),
    pair(`${side}_principal`, 'unknown'),
    pair(`${side}_app`, app),
    pair(`${side}_version`, version),
    pair(`${side}_cluster`, 'Kubernetes'),
    pair(`${side}_canonical_service`, app === 'unknown' ? workload : app),
    pair(`${side}_canonical_revision`, version === 'unknown' ? 'latest' : version)
  ]
}

function pair(name: string, value: string): string {
  return `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}
