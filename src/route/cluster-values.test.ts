import { expect, test } from 'vitest'
import { ClusterStats, STAT } from './cluster-stats.ts'
import { clusterValues, isClusterGauge } from './cluster-values.ts'
import type { Cluster } from './route-table.ts'

const LIMITS = { maxConnections: 4, maxPendingRequests: 1, maxRequests: 0xffffffff, maxRetries: 2 }

function valuesOf(stats: ClusterStats): Record<string, number> {
  // Only the limits and the number of endpoints are read.
  const cluster = { ...LIMITS, endpoints: [{}, {}, {}] } as unknown as Cluster
  return Object.fromEntries(clusterValues({ cluster, stats }))
}

test('counters stand at zero before anything was counted, but for codes and classes', () => {
  const values = valuesOf(new ClusterStats())
  expect(values).toMatchObject({ upstream_rq_total: 0, upstream_rq_pending_overflow: 0, 'outlier_detection.ejections_active': 0 })
  expect(Object.keys(values).filter((name) => /^upstream_rq_\d/.test(name))).toEqual([])
})

test('answers show by code and class', () => {
  const stats = new ClusterStats()
  for (const status of [200, 503, 503]) stats.answered(status)
  expect(valuesOf(stats)).toMatchObject({ upstream_rq_2xx: 1, upstream_rq_5xx: 2, upstream_rq_200: 1, upstream_rq_503: 2 })
})

test('endpoints count as healthy while they are not ejected', () => {
  const stats = new ClusterStats()
  stats.set(STAT['outlier_detection.ejections_active'], 1)
  expect(valuesOf(stats)).toMatchObject({ membership_total: 3, membership_healthy: 2 })
})

test('a breaker is open at its limit, and what remains of it is told', () => {
  const stats = new ClusterStats()
  stats.set(STAT.upstream_cx_active, 3)
  stats.set(STAT.upstream_rq_pending_active, 1)
  stats.set(STAT.upstream_rq_retry_active, 2)
  expect(valuesOf(stats)).toMatchObject({
    'circuit_breakers.default.cx_open': 0,
    'circuit_breakers.default.remaining_cx': 1,
    'circuit_breakers.default.rq_pending_open': 1,
    'circuit_breakers.default.remaining_pending': 0,
    'circuit_breakers.default.rq_open': 0,
    'circuit_breakers.default.remaining_rq': 0xffffffff,
    'circuit_breakers.default.rq_retry_open': 1
  })
})

test('every name is known as a counter or as a gauge', () => {
  const gauges = Object.keys(valuesOf(new ClusterStats())).filter(isClusterGauge)
  expect(gauges).toEqual(
    expect.arrayContaining([
      'membership_healthy',
      'upstream_rq_active',
      'circuit_breakers.default.rq_open',
      'outlier_detection.ejections_active'
    ])
  )
  expect(gauges.some((name) => /_total$|_overflow$|_change$/.test(name) && name !== 'membership_total')).toBe(false)
})
