import { expect, test } from 'vitest'
import { clusterState } from './cluster-state.ts'
import { hostSets, warmupFactor, weightNow } from './host-sets.ts'
import { PLAIN_CLUSTER, PLAIN_ENDPOINT } from './plain.ts'
import type { Cluster, Endpoint } from './route-table.ts'
import type { ClusterState } from './router.ts'

function clusterOf(more: Partial<Cluster>, endpoints: readonly Partial<Endpoint>[]): ClusterState {
  const list = endpoints.map((each, at) => ({ ...PLAIN_ENDPOINT, address: '127.0.0.1', port: at, ...each }))
  return clusterState({ ...PLAIN_CLUSTER, ...more, endpoints: list }, 0)
}

test.each([
  [1, 0, 0.1],
  [1, 500, 0.1],
  [1, 1000, 0.1],
  [1, 5000, 0.5],
  [1, 9999, 0.9999],
  [1, 10_000, 1],
  [2, 2500, 0.5],
  [0.5, 5000, 0.25]
])('slow start: with aggression %d at %d ms of 10 s the weight counts %d', (aggression, age, factor) => {
  const warmup = { window: 10_000, minimum: 0.1, aggression }
  expect(warmupFactor(warmup, age)).toBeCloseTo(factor, 9)
  const state = clusterOf({ balance: 'round-robin', warmup }, [{ weight: 4 }])
  const [slot] = state.slots
  if (slot === undefined) throw new Error('one endpoint was put')
  expect(weightNow(state.cluster, slot, age)).toBeCloseTo(4 * factor, 9)
  slot.active = 1
  expect(weightNow({ ...state.cluster, balance: 'least-request' }, slot, age)).toBeCloseTo(2 * factor, 9)
})

test('equal weights need no schedule; unequal ones and endpoints that warm up do', () => {
  const turnsOf = (more: Partial<Cluster>, weights: readonly number[], now: number): boolean => {
    const sets = hostSets(
      clusterOf(
        more,
        weights.map((weight) => ({ weight }))
      ),
      now,
      () => 0
    )
    return sets.sets[0]?.source.turns !== undefined
  }
  const warmup = { window: 100, minimum: 0.1, aggression: 1 }
  expect(turnsOf({}, [1, 1], 0)).toBe(false)
  expect(turnsOf({}, [1, 2], 0)).toBe(true)
  expect(turnsOf({ balance: 'random' }, [1, 2], 0)).toBe(false)
  expect(turnsOf({ warmup }, [1, 1], 99)).toBe(true)
  expect(turnsOf({ warmup }, [1, 1], 100)).toBe(false)
})

test('a priority that nobody has is empty', () => {
  const { load, sets } = hostSets(clusterOf({}, [{ priority: 2 }]), 0, () => 0)
  expect(load).toEqual([0, 0, 100])
  expect(sets.map(({ source }) => source.slots.length)).toEqual([0, 0, 1])
})
