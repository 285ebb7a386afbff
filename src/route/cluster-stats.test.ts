import { expect, test } from 'vitest'
import { CLUSTER_COUNTERS, CLUSTER_STAT_NAMES, ClusterStats, STAT } from './cluster-stats.ts'

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
