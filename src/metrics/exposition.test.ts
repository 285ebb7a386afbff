import { expect, test } from 'vitest'
import { cellLabels } from '../../test/cell-labels.ts'
import { exposition, limitMetric } from './exposition.ts'
import { Recorder } from './recorder.ts'

const LABELS = cellLabels()

test('a series has all of the labels of Istio, cumulative buckets, sum and count', () => {
  const recorder = new Recorder()
  const cell = recorder.cell(LABELS)
  cell.record(200, '-', 1)
  cell.record(200, '-', 7)
  const text = exposition(recorder.snapshot(), [])
  expect(text).toContain(
    'istio_requests_total{reporter="destination",source_workload="istio-ingressgateway",source_workload_namespace="istio-system",' +
      'source_principal="unknown",source_app="istio-ingressgateway",source_version="unknown",source_cluster="Kubernetes",' +
      'source_canonical_service="istio-ingressgateway",source_canonical_revision="latest",destination_workload="reviews-v1",' +
      'destination_workload_namespace="default",destination_principal="unknown",destination_app="reviews",destination_version="v1",' +
      'destination_cluster="Kubernetes",destination_canonical_service="reviews",destination_canonical_revision="v1",' +
      'destination_service="reviews.default.svc.cluster.local",destination_service_name="reviews",destination_service_namespace="default",' +
      'request_protocol="http",response_code="200",grpc_response_status="",response_flags="-",connection_security_policy="none"} 2\n'
  )
  const bucket = (edge: string): string | undefined => new RegExp(`_bucket\\{[^}]*le="${edge}"\\} (\\d+)`).exec(text)?.[1]
  expect(['0.5', '1', '5', '10', '\\+Inf'].map(bucket)).toEqual(['0', '1', '1', '2', '2'])
  expect(text).toMatch(/_sum\{[^}]*\} 8\n/)
  expect(text).toMatch(/_count\{[^}]*\} 2\n/)
  expect(text.endsWith('\n')).toBe(true)
})

test('sizes are histograms of their own, of what was measured', () => {
  const recorder = new Recorder()
  const cell = recorder.cell(LABELS)
  cell.record(200, '-', 1, { grpc: undefined, requestBytes: 700, responseBytes: 7 })
  cell.record(404, '-', 1)
  const text = exposition(recorder.snapshot(), [])
  const told = (name: string): string[] =>
    [...text.matchAll(new RegExp(`^${name}\\{.*response_code="(\\d+)".*\\} (.*)$`, 'gm'))].map((found) => `${found[1]} ${found[2]}`)
  expect([told('istio_request_bytes_sum'), told('istio_request_bytes_count')]).toEqual([['200 700'], ['200 1']])
  expect([told('istio_response_bytes_sum'), told('istio_response_bytes_count')]).toEqual([['200 7'], ['200 1']])
  expect(text.match(/^# TYPE istio_(request|response)_bytes histogram$/gm)).toHaveLength(2)
  expect(/^istio_request_bytes_bucket\{.*le="1000"\} (\d+)$/m.exec(text)?.[1]).toBe('1')
})

test('canonical names come from labels of their own, and an unknown peer is of no cluster', () => {
  const recorder = new Recorder()
  const unknown = { sourceWorkload: 'unknown', sourceApp: 'unknown', sourceVersion: 'unknown', sourceNamespace: 'unknown' }
  recorder.cell({ ...LABELS, ...unknown, destinationCanonicalService: 'shop', destinationCanonicalRevision: 'blue' }).record(200, '-', 1)
  const text = exposition(recorder.snapshot(), [])
  expect(text).toContain('source_cluster="unknown",source_canonical_service="unknown",source_canonical_revision="latest"')
  expect(text).toContain('destination_cluster="Kubernetes",destination_canonical_service="shop",destination_canonical_revision="blue"')
})

test('a gRPC request says so, with its status', () => {
  const recorder = new Recorder()
  recorder.cell(LABELS).record(200, '-', 1, { grpc: '14', requestBytes: 0, responseBytes: 0 })
  expect(exposition(recorder.snapshot(), [])).toContain('request_protocol="grpc",response_code="200",grpc_response_status="14"')
})

test('connections that carry bytes are counters with the labels of Istio, and are not there where nobody carries any', () => {
  const recorder = new Recorder()
  const cell = recorder.cell(LABELS)
  expect(exposition(recorder.snapshot(), [])).not.toContain('istio_tcp')
  cell.addStream('-', { opened: 1 })
  cell.addStream('-', { sent: 5, received: 7 })
  cell.addStream('UF,URX', { opened: 1, closed: 1 })
  const text = exposition(recorder.snapshot(), [])
  const told = [
    ...text.matchAll(/^(istio_tcp\w+)\{(.*),request_protocol="tcp",response_flags="(.*?)",connection_security_policy="none"\} (\d+)$/gm)
  ]
  expect(told.map(([, name, , flags, value]) => [name, flags, value].join(' '))).toEqual([
    'istio_tcp_connections_opened_total - 1',
    'istio_tcp_connections_opened_total UF,URX 1',
    'istio_tcp_connections_closed_total - 0',
    'istio_tcp_connections_closed_total UF,URX 1',
    'istio_tcp_sent_bytes_total - 5',
    'istio_tcp_sent_bytes_total UF,URX 0',
    'istio_tcp_received_bytes_total - 7',
    'istio_tcp_received_bytes_total UF,URX 0'
  ])
  expect(told[0]?.[2]).toMatch(/^reporter="destination",source_workload=.*,destination_service_namespace="default"$/)
  expect(text).not.toMatch(/^istio_requests_total\{/m)
})

test('label values are escaped: backslash, quote and line feed', () => {
  const recorder = new Recorder()
  recorder.cell({ ...LABELS, destinationService: 'a"b\\c\nd' }).record(404, 'NR', 1)
  expect(exposition(recorder.snapshot(), [])).toContain('destination_service="a\\"b\\\\c\\nd"')
})

test('other metrics follow with their type, with or without labels', () => {
  const text = exposition(
    [],
    [
      {
        name: 'serin_workers',
        type: 'gauge',
        help: 'Mesh workers.',
        samples: [
          { labels: {}, value: 2 },
          { labels: { up: 'no' }, value: 0 }
        ]
      }
    ]
  )
  expect(text).toContain('# TYPE serin_workers gauge\nserin_workers 2\nserin_workers{up="no"} 0\n')
})

test('bounds that were never reached stand at 0', () => {
  const text = exposition([], [limitMetric(['headerTimeout', 'idleTimeout'], { idleTimeout: 3 })])
  expect(text).toContain('serin_mesh_limit_reached_total{limit="headerTimeout"} 0\nserin_mesh_limit_reached_total{limit="idleTimeout"} 3\n')
})
