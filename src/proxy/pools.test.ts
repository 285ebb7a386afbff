import fc from 'fast-check'
import { expect, test } from 'vitest'
import { STAT } from '../route/cluster-stats.ts'
import { clusterState } from '../route/cluster-state.ts'
import { PLAIN_CLUSTER } from '../route/plain.ts'
import type { Cluster } from '../route/route-table.ts'
import type { ClusterState } from '../route/router.ts'
import { beginRetry, endRetry, retriesMax } from './pools.ts'

function stateOf(more: Partial<Cluster>, requests: { readonly active?: number; readonly pending?: number } = {}): ClusterState {
  const state = clusterState({ ...PLAIN_CLUSTER, ...more }, 0)
  state.stats.add(STAT.upstream_rq_active, requests.active ?? 0)
  state.stats.add(STAT.upstream_rq_pending_active, requests.pending ?? 0)
  return state
}

test('a retry budget is a share of the requests in flight and waiting, and never less than its minimum', () => {
  const retryBudget = { percent: 20, minimum: 3 }
  expect(retriesMax(stateOf({ retryBudget, maxRetries: 1 }))).toBe(3)
  expect(retriesMax(stateOf({ retryBudget }, { active: 15, pending: 4 }))).toBe(3)
  expect(retriesMax(stateOf({ retryBudget }, { active: 15, pending: 5 }))).toBe(4)
  expect(retriesMax(stateOf({ retryBudget: { percent: 150, minimum: 0 } }, { active: 3 }))).toBe(4)
  expect(retriesMax(stateOf({ maxRetries: 7 }, { active: 100 }))).toBe(7)
})

test('retries beyond the budget are refused and counted until others end', () => {
  const state = stateOf({ retryBudget: { percent: 0, minimum: 1 } })
  expect([beginRetry(state), beginRetry(state)]).toEqual([true, false])
  expect(state.stats.read('upstream_rq_retry_overflow')).toBe(1)
  endRetry(state)
  expect(beginRetry(state)).toBe(true)
})

interface Counts {
  active: number
  pending: number
  retries: number
}

/** Moves a gauge and its oracle together; never below 0. */
function move(state: ClusterState, now: Counts, which: 'active' | 'pending', by: number): void {
  if (now[which] + by < 0) return
  now[which] += by
  state.stats.add(which === 'active' ? STAT.upstream_rq_active : STAT.upstream_rq_pending_active, by)
}

test('oracle: a retry begins exactly when fewer are under way than the budget allows for the requests of that moment', () => {
  const step = fc.record({
    which: fc.constantFrom('active', 'active', 'pending', 'retry', 'retry', 'retry', 'retried'),
    by: fc.constantFrom(1, 1, -1)
  })
  fc.assert(
    fc.property(fc.double({ min: 0, max: 100, noNaN: true }), fc.nat(4), fc.array(step, { maxLength: 200 }), (percent, minimum, steps) => {
      const state = stateOf({ retryBudget: { percent, minimum } })
      const now: Counts = { active: 0, pending: 0, retries: 0 }
      const wrong = steps.filter(({ which, by }) => {
        if (which === 'active' || which === 'pending') move(state, now, which, by)
        else if (which === 'retried' && now.retries > 0) {
          now.retries -= 1
          endRetry(state)
        }
        if (which !== 'retry') return false
        const allowed = now.retries < Math.max(minimum, Math.floor((percent / 100) * (now.active + now.pending)))
        now.retries += Number(allowed)
        return beginRetry(state) !== allowed
      })
      expect(wrong).toEqual([])
    }),
    { numRuns: 200 }
  )
})
