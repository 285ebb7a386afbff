import { expect, test } from 'vitest'
import { ClusterStats, STAT } from '../route/cluster-stats.ts'
import { MeshStats } from './mesh-stats.ts'
import type { WorkerStats } from './mesh-stats.ts'

const ID = 'outbound|80||a.shop.svc.cluster.local'

function snapshot(requests: number, active: number): WorkerStats {
  const stats = new ClusterStats()
  stats.add(STAT.upstream_rq_total, requests)
  stats.add(STAT.upstream_rq_active, active)
  return {
    clusters: [[ID, stats.counts()]],
    ejected: active > 1 ? { [ID]: ['10.0.0.1:80'] } : {},
    counters: { 'x.ok': requests, 'http.a.downstream_rq_active': active }
  }
}

function read(mesh: MeshStats): number[] {
  const cluster = mesh.clusters().get(ID)
  const counters = mesh.counters()
  return [
    cluster?.read('upstream_rq_total') ?? -1,
    cluster?.read('upstream_rq_active') ?? -1,
    counters.get('x.ok') ?? -1,
    counters.get('http.a.downstream_rq_active') ?? -1
  ]
}

test('workers add up, and a newer snapshot takes the place of an older one', () => {
  const mesh = new MeshStats()
  mesh.update('0.1', snapshot(1, 1))
  mesh.update('1.2', snapshot(10, 2))
  mesh.update('0.1', snapshot(3, 0))
  expect(read(mesh)).toEqual([13, 2, 13, 2])
})

test('clusters and counters that a report leaves out are those of the report before', () => {
  const mesh = new MeshStats()
  mesh.update('0.1', snapshot(3, 2))
  mesh.update('0.1', { clusters: [], ejected: {}, counters: { 'x.ok': 4 } })
  expect(read(mesh)).toEqual([3, 2, 4, 2])
  expect(mesh.isEjected(ID, '10.0.0.1:80')).toBe(false)
})

test('what a dead worker counted stays, what it was doing does not', () => {
  const mesh = new MeshStats()
  mesh.update('0.1', snapshot(5, 3))
  mesh.retire('0.1')
  mesh.retire('0.1')
  mesh.update('0.2', snapshot(1, 1))
  expect(read(mesh)).toEqual([6, 1, 6, 1])
})

test('a removed cluster begins at zero when it comes again', () => {
  const mesh = new MeshStats()
  mesh.update('0.1', snapshot(5, 0))
  mesh.retire('0.1')
  mesh.update('0.2', snapshot(5, 0))
  mesh.forget(ID)
  expect(mesh.clusters().get(ID)).toBeUndefined()
  mesh.update('0.2', snapshot(1, 0))
  expect(mesh.clusters().get(ID)?.read('upstream_rq_total')).toBe(1)
})

test('an endpoint is ejected while any living worker leaves it out', () => {
  const mesh = new MeshStats()
  mesh.update('0.1', snapshot(1, 0))
  expect(mesh.isEjected(ID, '10.0.0.1:80')).toBe(false)
  mesh.update('1.2', snapshot(1, 2))
  expect([mesh.isEjected(ID, '10.0.0.1:80'), mesh.isEjected(ID, '10.0.0.2:80'), mesh.isEjected('other', '10.0.0.1:80')]).toEqual([
    true,
    false,
    false
  ])
  mesh.retire('1.2')
  expect(mesh.isEjected(ID, '10.0.0.1:80')).toBe(false)
})
