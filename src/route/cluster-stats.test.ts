import { expect, test } from 'vitest'
import { CLUSTER_COUNTERS, CLUSTER_STAT_NAMES, ClusterStats, STAT } from './cluster-stats.ts'
import { PLAIN_ENDPOINT, PLAIN_SETTINGS } from './plain.ts'
import { EMPTY_TABLE } from './route-table.ts'
import { applyChange, prepare } from './router.ts'
import type { Cluster } from './route-table.ts'

const ENDPOINT = { ...PLAIN_ENDPOINT, address: '10.0.0.1', port: 80 }

test('every name has a place of its own, counters first', () => {
  expect(new Set(Object.values(STAT)).size).toBe(CLUSTER_STAT_NAMES.length)
  expect(CLUSTER_STAT_NAMES.slice(0, CLUSTER_COUNTERS.length)).toEqual([...CLUSTER_COUNTERS])
})

test('what is added under a name is read under it', () => {
  const stats = new ClusterStats()
  stats.add(STAT.upstream_rq_total)
  stats.add(STAT.upstream_rq_total)
  stats.add(STAT.upstream_rq_active, 3)
  stats.add(STAT.upstream_rq_active, -1)
  stats.set(STAT['outlier_detection.ejections_active'], 4)
  const read = CLUSTER_STAT_NAMES.filter((name) => stats.read(name) !== 0).map((name) => [name, stats.read(name)])
  expect(read).toEqual([
    ['upstream_rq_total', 2],
    ['outlier_detection.ejections_active', 4],
    ['upstream_rq_active', 2]
  ])
})

test('an answer counts as completed, by its class and by its code', () => {
  const stats = new ClusterStats()
  for (const status of [200, 200, 201, 304, 404, 503, 599, 99, 600]) stats.answered(status)
  expect(stats.read('upstream_rq_completed')).toBe(9)
  expect(([1, 2, 3, 4, 5] as const).map((digit) => stats.read(`upstream_rq_${digit}xx`))).toEqual([0, 3, 1, 1, 2])
  expect(stats.codes()).toEqual([
    [200, 2],
    [201, 1],
    [304, 1],
    [404, 1],
    [503, 1],
    [599, 1]
  ])
})

test('counts of workers add up; each judges endpoints for itself, and what is now ends with it', () => {
  const [one, other, sum] = [new ClusterStats(), new ClusterStats(), new ClusterStats()]
  for (const stats of [one, other]) {
    stats.answered(200)
    stats.add(STAT.upstream_rq_active, 2)
    stats.set(STAT['outlier_detection.ejections_active'], stats === one ? 1 : 3)
  }
  sum.absorb(one.counts())
  sum.absorb(other.counts())
  expect([sum.read('upstream_rq_2xx'), sum.read('upstream_rq_active'), sum.read('outlier_detection.ejections_active')]).toEqual([2, 4, 3])
  expect(sum.codes()).toEqual([[200, 2]])
  const over = new ClusterStats()
  over.absorb(one.counts(), 'counters')
  expect([over.read('upstream_rq_2xx'), over.read('upstream_rq_active'), over.read('outlier_detection.ejections_active')]).toEqual([
    1, 0, 0
  ])
})

test('a cluster whose endpoints came and went is not used until somebody calls it', () => {
  const stats = new ClusterStats()
  stats.add(STAT.membership_change)
  expect(stats.isUsed).toBe(false)
  stats.add(STAT.upstream_rq_total)
  expect(stats.isUsed).toBe(true)
})

test('a cluster keeps its counts when it changes and begins anew when it was removed', () => {
  const cluster: Cluster = {
    id: 'outbound|80||a.shop.svc.cluster.local',
    host: 'a.shop.svc.cluster.local',
    namespace: 'shop',
    serviceName: 'a',
    port: 80,
    subset: undefined,
    endpoints: [],
    ...PLAIN_SETTINGS
  }
  const router = prepare({ ...EMPTY_TABLE, clusters: { [cluster.id]: cluster } })
  router.clusters.get(cluster.id)?.stats.add(STAT.upstream_rq_total)
  applyChange(router, { kind: 'put-cluster', version: 2, cluster: { ...cluster, endpoints: [ENDPOINT] } })
  expect(router.clusters.get(cluster.id)?.stats.read('upstream_rq_total')).toBe(1)
  expect(router.clusters.get(cluster.id)?.stats.read('membership_change')).toBe(1)
  applyChange(router, { kind: 'remove-cluster', version: 3, cluster: cluster.id })
  applyChange(router, { kind: 'put-cluster', version: 4, cluster })
  expect(router.clusters.get(cluster.id)?.stats.read('upstream_rq_total')).toBe(0)
})
