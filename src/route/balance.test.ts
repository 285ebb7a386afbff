import { expect, test } from 'vitest'
import { seeded } from '../std/draw.ts'
import { chooseEndpoint } from './balance.ts'
import type { Cluster } from './route-table.ts'
import { EMPTY_TABLE } from './route-table.ts'
import { applyChange, prepare } from './router.ts'
import type { ClusterState } from './router.ts'
import { PLAIN_ENDPOINT, PLAIN_SETTINGS } from './plain.ts'

function clusterOf(balance: Cluster['balance'], weights: readonly number[]): ClusterState {
  const cluster: Cluster = {
    id: 'c',
    host: 'c',
    namespace: 'default',
    serviceName: 'c',
    port: 80,
    subset: undefined,
    endpoints: weights.map((weight, at) => ({
      ...PLAIN_ENDPOINT,
      address: `127.0.0.${at}`,
      port: 1,
      weight,
      pod: `p${at}`
    })),
    ...PLAIN_SETTINGS,
    balance
  }
  const router = prepare(EMPTY_TABLE)
  applyChange(router, { kind: 'put-cluster', version: 1, cluster })
  const state = router.clusters.get('c')
  if (state === undefined) throw new Error('the cluster was just put')
  return state
}

function picks(state: ClusterState, n: number, draw = seeded(3)): number[] {
  return Array.from({ length: n }, () => {
    const chosen = chooseEndpoint(state, draw)
    return state.slots.findIndex((slot) => slot === chosen)
  })
}

function countsOf(numbers: readonly number[], size: number): number[] {
  return Array.from({ length: size }, (_, at) => numbers.filter((number) => number === at).length)
}

test('no endpoint: nothing to choose', () => {
  expect(chooseEndpoint(clusterOf('round-robin', []), () => 0)).toBeUndefined()
})

test('round robin turns from a random start', () => {
  expect(picks(clusterOf('round-robin', [1, 1, 1]), 6, () => 0.5)).toEqual([1, 2, 0, 1, 2, 0])
})

test('weighted round robin gives 1,0,1,1,0,1 for weights 1 and 2, and 100/200/300 of 600', () => {
  expect(picks(clusterOf('round-robin', [1, 2]), 6)).toEqual([1, 0, 1, 1, 0, 1])
  expect(countsOf(picks(clusterOf('round-robin', [1, 2, 3]), 600), 3)).toEqual([100, 200, 300])
})

test('least request: of two draws the strictly less busy; the busier of two still gets a quarter', () => {
  const state = clusterOf('least-request', [1, 1])
  if (state.slots[0] !== undefined) state.slots[0].active = 5
  const [busy = 0] = countsOf(picks(state, 100_000), 2)
  expect(Math.abs(busy - 25_000)).toBeLessThan(4 * Math.sqrt(100_000 * 0.25 * 0.75))
})

test('least request with unequal weights counts requests in flight against the weight', () => {
  const state = clusterOf('least-request', [1, 2])
  expect(picks(state, 6)).toEqual([1, 0, 1, 1, 0, 1])
  const loaded = clusterOf('least-request', [2, 1])
  if (loaded.slots[0] !== undefined) loaded.slots[0].active = 9
  const [heavy = 0, light = 0] = countsOf(picks(loaded, 60), 2)
  expect(light).toBeGreaterThan(heavy)
})

test('random uses every endpoint alike', () => {
  for (const count of countsOf(picks(clusterOf('random', [1, 1, 1, 1]), 40_000), 4)) expect(Math.abs(count - 10_000)).toBeLessThan(400)
})

test('a retry avoids endpoints already tried, up to five re-picks', () => {
  const state = clusterOf('round-robin', [1, 1, 1])
  const first = chooseEndpoint(state, () => 0)
  const second = chooseEndpoint(state, () => 0, first === undefined ? [] : [first])
  expect(second).not.toBe(first)
  expect(chooseEndpoint(state, () => 0, state.slots)).toBeDefined()
})
