import { expect, test } from 'vitest'
import { statsJson, statsMetrics, statsText } from './stats-text.ts'
import type { Stat } from './stats-text.ts'

const CLUSTER = 'outbound|8080|v1|a.shop.svc.cluster.local'
const STATS: readonly Stat[] = [
  { cluster: CLUSTER, name: 'upstream_rq_total', type: 'counter', value: 3 },
  { cluster: CLUSTER, name: 'upstream_rq_503', type: 'counter', value: 2 },
  { cluster: CLUSTER, name: 'upstream_rq_5xx', type: 'counter', value: 2 },
  { cluster: CLUSTER, name: 'outlier_detection.ejections_active', type: 'gauge', value: 1 },
  { cluster: undefined, name: 'http.outbound_0.0.0.0_80.downstream_rq_2xx', type: 'counter', value: 4 },
  { cluster: undefined, name: 'http_local_rate_limiter.http_local_rate_limit.ok', type: 'counter', value: 7 }
]

test('lines are sorted by their whole names', () => {
  expect(statsText(STATS).split('\n')).toEqual([
    `cluster.${CLUSTER}.outlier_detection.ejections_active: 1`,
    `cluster.${CLUSTER}.upstream_rq_503: 2`,
    `cluster.${CLUSTER}.upstream_rq_5xx: 2`,
    `cluster.${CLUSTER}.upstream_rq_total: 3`,
    'http.outbound_0.0.0.0_80.downstream_rq_2xx: 4',
    'http_local_rate_limiter.http_local_rate_limit.ok: 7',
    ''
  ])
})

test('a filter sees the whole name, a type leaves the others out', () => {
  expect(statsText(STATS, { has: (name) => name.includes('rate_limit') })).toBe('http_local_rate_limiter.http_local_rate_limit.ok: 7\n')
  expect(JSON.parse(statsJson(STATS, { type: 'gauge' }))).toEqual({
    stats: [{ name: `cluster.${CLUSTER}.outlier_detection.ejections_active`, value: 1 }]
  })
  expect(statsText([])).toBe('')
})

test('prefixes that users chose break neither lines nor series', () => {
  const limits = ['a.b', 'a_b', 'x: 1\ny'].map((prefix): Stat => {
    return { cluster: undefined, name: `${prefix}.http_local_rate_limit.ok`, type: 'counter', value: 2 }
  })
  expect(statsText(limits).split('\n')).toEqual([
    'a.b.http_local_rate_limit.ok: 2',
    'a_b.http_local_rate_limit.ok: 2',
    'x_ 1_y.http_local_rate_limit.ok: 2',
    ''
  ])
  expect(statsMetrics(limits).map(({ name, samples }) => [name, samples])).toEqual([
    ['envoy_a_b_http_local_rate_limit_ok', [{ labels: {}, value: 4 }]],
    ['envoy_x__1_y_http_local_rate_limit_ok', [{ labels: {}, value: 2 }]]
  ])
})

test('series have the cluster and the code as labels, as at an Istio proxy', () => {
  const series = statsMetrics(STATS).flatMap(({ name, type, samples }) => samples.map(({ labels, value }) => [name, type, labels, value]))
  expect(series).toEqual([
    ['envoy_cluster_outlier_detection_ejections_active', 'gauge', { cluster_name: CLUSTER }, 1],
    ['envoy_cluster_upstream_rq', 'counter', { response_code: '503', cluster_name: CLUSTER }, 2],
    ['envoy_cluster_upstream_rq', 'counter', { response_code_class: '5xx', cluster_name: CLUSTER }, 2],
    ['envoy_cluster_upstream_rq_total', 'counter', { cluster_name: CLUSTER }, 3],
    ['envoy_http_downstream_rq', 'counter', { response_code_class: '2xx', http_conn_manager_prefix: 'outbound_0.0.0.0_80' }, 4],
    ['envoy_http_local_rate_limiter_http_local_rate_limit_ok', 'counter', {}, 7]
  ])
})
