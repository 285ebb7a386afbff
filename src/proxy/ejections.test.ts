import { expect, test } from 'vitest'
import { outlierOf } from '../../test/outlier.ts'
import { PLAIN_CLUSTER, PLAIN_ENDPOINT } from '../route/plain.ts'
import type { Cluster, Outlier } from '../route/route-table.ts'
import { EMPTY_TABLE } from '../route/route-table.ts'
import { applyChange, prepare } from '../route/router.ts'
import type { Router } from '../route/router.ts'
import { VirtualClock } from '../std/clock.ts'
import { Ejections } from './ejections.ts'

const AT_ONCE = { errors: 1, enforced: true }

interface Bench {
  readonly clock: VirtualClock
  readonly router: Router
  readonly ejections: Ejections
  readonly heard: string[]
  readonly put: (id: string, ports: readonly number[], more?: Partial<Outlier>) => void
  readonly fail: (id: string, at: number) => void
}

function bench(): Bench {
  const clock = new VirtualClock(0)
  const router = prepare(EMPTY_TABLE)
  const heard: string[] = []
  const ejections = new Ejections({
    clock,
    monotonic: () => clock.now(),
    router,
    onEjection: (cluster, endpoint, ejected) => heard.push(`${clock.now()} ${cluster} ${endpoint} ${ejected ? 'out' : 'back'}`)
  })
  return {
    clock,
    router,
    ejections,
    heard,
    put: (id, ports, more = {}) => {
      const endpoints = ports.map((port) => ({ ...PLAIN_ENDPOINT, address: '127.0.0.1', port }))
      const cluster: Cluster = { ...PLAIN_CLUSTER, id, endpoints, outlier: outlierOf({ errors: AT_ONCE, ...more }) }
      applyChange(router, { kind: 'put-cluster', version: 1, cluster }, clock.now())
    },
    fail: (id, at) => {
      const state = router.clusters.get(id)
      const slot = state?.slots[at]
      if (state === undefined || slot === undefined) throw new Error(`there is no endpoint ${at} of ${id}`)
      ejections.report(state, slot, 500)
    }
  }
}

test('one timer brings the endpoints of all clusters back at the ticks of each, and is gone when nothing is left to do', async () => {
  const { clock, heard, put, fail } = bench()
  put('slow', [1, 2])
  await clock.advance(1000)
  put('fast', [3], { interval: 700, baseEjection: 1000 })
  await clock.advance(1000)
  fail('slow', 0)
  fail('fast', 0)
  await clock.advance(60_000)
  expect(heard).toEqual([
    '2000 slow 127.0.0.1:1 out',
    '2000 fast 127.0.0.1:3 out',
    '3100 fast 127.0.0.1:3 back',
    '40000 slow 127.0.0.1:1 back'
  ])
  expect(clock.next()).toBeUndefined()
})

test('a result of an exchange that began before the endpoints changed counts for the cluster as it is', async () => {
  const { clock, router, ejections, heard, put } = bench()
  put('c', [1, 2])
  const old = router.clusters.get('c')
  const slot = old?.slots[1]
  put('c', [2, 3])
  if (old === undefined || slot === undefined) throw new Error('two endpoints were put')
  ejections.report(old, slot, 500)
  expect(router.clusters.get('c')?.slots[0]?.health.ejectedAt).toBe(0)
  await clock.advance(30_000)
  expect(heard).toEqual(['0 c 127.0.0.1:2 out', '30000 c 127.0.0.1:2 back'])
})

test('a cluster that is removed, and a plane that ends, leave no timer', async () => {
  const { clock, router, ejections, heard, put, fail } = bench()
  put('gone', [1])
  put('c', [2])
  fail('gone', 0)
  applyChange(router, { kind: 'remove-cluster', version: 2, cluster: 'gone' })
  await clock.advance(20_000)
  expect(clock.next()).toBeUndefined()
  fail('c', 0)
  ejections.close()
  expect(clock.next()).toBeUndefined()
  expect(heard).toHaveLength(2)
})
