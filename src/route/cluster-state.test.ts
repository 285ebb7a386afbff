import { expect, test } from 'vitest'
import { clusterState } from './cluster-state.ts'
import { PLAIN_CLUSTER, PLAIN_ENDPOINT } from './plain.ts'
import type { Endpoint } from './route-table.ts'
import type { ClusterState } from './router.ts'

const RULE = { errors: 5, enforced: true }
const OUTLIER = { interval: 1, baseEjection: 1, maxEjection: 1, maxPercent: 10, errors: RULE, gateway: RULE, localOrigin: undefined }

function put(endpoints: readonly Partial<Endpoint>[], now: number, before?: ClusterState): ClusterState {
  const list = endpoints.map((each) => ({ ...PLAIN_ENDPOINT, address: '127.0.0.1', port: 1, ...each }))
  return clusterState({ ...PLAIN_CLUSTER, outlier: OUTLIER, endpoints: list }, now, before)
}

test('who stays keeps its requests in flight, its age and its ejection; who is new starts now', () => {
  const before = put([{ port: 1 }, { port: 2 }], 10)
  const [, second] = before.slots
  if (second === undefined) throw new Error('two endpoints were put')
  second.active = 3
  second.health.ejectedAt = 15
  const after = put([{ port: 2, weight: 5 }, { port: 3 }], 20, before)
  expect(after.slots[0]).toBe(second)
  expect(after.slots[0]).toMatchObject({ active: 3, health: { ejectedAt: 15 }, since: 10, endpoint: { weight: 5 } })
  expect(after.slots[1]).toMatchObject({ active: 0, health: { ejectedAt: undefined }, since: 20 })
  expect(after.stats).toBe(before.stats)
  expect(after.sets).toBeUndefined()
})

test('an address that another pod took over is another endpoint', () => {
  const before = put([{ pod: 'a' }], 0)
  expect(put([{ pod: 'b' }], 5, before).slots[0]).not.toBe(before.slots[0])
})

test('changes of membership are counted, other changes are not', () => {
  const first = put([{ port: 1 }], 0)
  expect(first.stats.read('membership_change')).toBe(1)
  const second = put([{ port: 1, weight: 2 }], 0, first)
  expect(second.stats.read('membership_change')).toBe(1)
  expect(put([{ port: 1 }, { port: 2 }], 0, second).stats.read('membership_change')).toBe(2)
})
