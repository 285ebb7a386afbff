// Istio's series of a mesh of some size, as one target's page: what sidecars of many pods counted of calls to both Services of a Canary, with
// the labels that Istio and the discovery of pods give them, some 1 KB a series.

import { DURATION_EDGES } from '../src/metrics/buckets.ts'
import { DURATION_BUCKET, REQUESTS_TOTAL } from '../src/metrics/istio-series.ts'

/** How large it is. */
export interface MeshSize {
  readonly namespace: string
  /** The numbers of its caller pods, from the first on. */
  readonly from: number
  readonly pods: number
  readonly codes: readonly string[]
  /** Of buckets, ms; default Istio's. */
  readonly edges?: readonly number[]
}

const SERVICES = ['shop-canary', 'shop-primary']

/** One of its series. */
export interface MeshSample {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
}

/** Each counter stands at `value`, a tenth of it above all edges. */
export function meshSamples({ namespace, from, pods, codes, edges = DURATION_EDGES }: MeshSize, value: number): readonly MeshSample[] {
  const counters = Array.from({ length: pods }, (_, index) => `frontend-${from + index}`).flatMap((pod) =>
    SERVICES.flatMap((service) => codes.map((code) => Object.entries(labelsOf({ namespace, pod, service, code }))))
  )
  const upTo = (labels: readonly (readonly [string, string])[], le: string, count: number): MeshSample => ({
    name: DURATION_BUCKET,
    labels: new Map([...labels, ['le', le]]),
    value: count
  })
  return [
    ...counters.map((labels) => ({ name: REQUESTS_TOTAL, labels: new Map(labels), value })),
    ...counters.flatMap((labels) => [...edges.map((edge) => upTo(labels, String(edge), 0.9 * value)), upTo(labels, '+Inf', value)])
  ]
}

/** The same as a target shows it. */
export function meshPage(size: MeshSize, value: number): string {
  const lines = meshSamples(size, value).map(
    (one) => `${one.name}{${[...one.labels].map(([name, text]) => `${name}="${text}"`).join(',')}} ${one.value}\n`
  )
  return lines.join('')
}

interface Counter {
  readonly namespace: string
  readonly pod: string
  readonly service: string
  readonly code: string
}

function labelsOf({ namespace, pod, service, code }: Counter): Readonly<Record<string, string>> {
  const caller = 'frontend-of-the-shop'
  return {
    namespace,
    pod,
    node_name: 'ip-10-0-117-23.eu-central-1.compute.internal',
    app: caller,
    pod_template_hash: '7c9f8d6b5d',
    service_istio_io_canonical_name: caller,
    service_istio_io_canonical_revision: 'v1',
    security_istio_io_tlsMode: 'istio',
    reporter: 'source',
    source_workload: caller,
    source_workload_namespace: namespace,
    source_principal: `spiffe://cluster.local/ns/${namespace}/sa/${caller}`,
    source_app: caller,
    source_version: 'v1',
    source_cluster: 'Kubernetes',
    source_canonical_service: caller,
    source_canonical_revision: 'v1',
    destination_workload: service,
    destination_workload_namespace: namespace,
    destination_principal: `spiffe://cluster.local/ns/${namespace}/sa/shop`,
    destination_app: 'shop',
    destination_version: service === 'shop-canary' ? '1.1.0' : '1.0.0',
    destination_cluster: 'Kubernetes',
    destination_canonical_service: 'shop',
    destination_canonical_revision: 'v1',
    destination_service: `${service}.${namespace}.svc.cluster.local`,
    destination_service_name: service,
    destination_service_namespace: namespace,
    request_protocol: 'http',
    response_code: code,
    grpc_response_status: '',
    response_flags: '-',
    connection_security_policy: 'unknown'
  }
}
