import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RetryPolicy } from '../route/decision.ts'
import { DEFAULT_RETRY } from '../route/compile-rule.ts'
import { wantsRetry } from '../route/retry.ts'
import type { TryOutcome } from '../route/retry.ts'
import { PLAIN_CLUSTER, PLAIN_ENDPOINT } from '../route/plain.ts'
import { EMPTY_TABLE } from '../route/route-table.ts'
import { applyChange, prepare } from '../route/router.ts'
import type { ClusterState } from '../route/router.ts'
import { Retries } from './retries.ts'
import type { Verdict } from './retries.ts'

function clusterOf(maxRetries: number): ClusterState {
  const router = prepare(EMPTY_TABLE)
  const endpoint = { ...PLAIN_ENDPOINT, address: '192.0.2.1', port: 8080 }
  applyChange(router, { kind: 'put-cluster', version: 1, cluster: { ...PLAIN_CLUSTER, id: 'c', maxRetries, endpoints: [endpoint] } })
  const state = router.clusters.get('c')
  if (state === undefined) throw new Error('the cluster is not there')
  return state
}

/** One request, told as a naive reader of Envoy's state machine would. */
interface Told {
  readonly retries: Retries
  /** Retries granted so far, and whether one is under way. */
  granted: number
  active: boolean
  over: boolean
}

const outcome: fc.Arbitrary<TryOutcome> = fc.oneof(
  fc.constantFrom(200, 404, 500, 503).map((status) => ({ kind: 'response' as const, status })),
  fc
    .constantFrom('reset', 'connect-failure', 'per-try-timeout', 'overflow')
    .map((cause) => ({ kind: 'failure' as const, cause, sent: true }))
)
const step = fc.record({ request: fc.nat(5), outcome, kept: fc.boolean() })

test('no request gets more retries than its policy has, no cluster more at a time than its limit, and the counts add up', () => {
  let [refused, exhausted, granted] = [0, 0, 0]
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(3), fc.nat(3), (steps, attempts, maxRetries) => {
      const policy: RetryPolicy = { ...DEFAULT_RETRY, attempts, on: ['5xx'] }
      const state = clusterOf(maxRetries)
      const [slot] = state.slots
      if (slot === undefined) throw new Error('the cluster has an endpoint')
      const requests = Array.from({ length: 6 }, (): Told => ({ retries: new Retries(policy), granted: 0, active: false, over: false }))
      for (const told of requests) told.retries.begin(slot)
      const seen: Verdict[] = []
      for (const each of steps) {
        const told = requests[each.request]
        if (told === undefined || told.over) continue
        const others = requests.filter((other) => other !== told && other.active).length
        const wanted = expected(policy, { ...each, granted: told.granted, others, maxRetries })
        expect(told.retries.judge(each.outcome, state, each.kept)).toBe(wanted)
        seen.push(wanted)
        told.active = wanted === 'again'
        told.over = wanted !== 'again'
        if (wanted !== 'again') told.retries.end()
        else told.granted = told.retries.begin(slot) - 1
        expect(state.stats.read('upstream_rq_retry_active')).toBe(requests.filter(({ active }) => active).length)
      }
      const counts = { UO: 'upstream_rq_retry_overflow', URX: 'upstream_rq_retry_limit_exceeded', again: 'upstream_rq_retry' } as const
      for (const [verdict, stat] of Object.entries(counts)) {
        expect(state.stats.read(stat)).toBe(seen.filter((one) => one === verdict).length)
      }
      refused += state.stats.read('upstream_rq_retry_overflow')
      exhausted += state.stats.read('upstream_rq_retry_limit_exceeded')
      granted += state.stats.read('upstream_rq_retry')
    }),
    { numRuns: 500, seed: 11 }
  )
  expect(Math.min(refused, exhausted, granted)).toBeGreaterThan(100)
})

interface Asked {
  readonly outcome: TryOutcome
  readonly kept: boolean
  readonly granted: number
  readonly others: number
  readonly maxRetries: number
}

function expected(policy: RetryPolicy, { outcome: end, kept, granted, others, maxRetries }: Asked): Verdict {
  if (!wantsRetry(policy, end) || !kept) return 'pass'
  if (granted >= policy.attempts) return 'URX'
  return others < maxRetries ? 'again' : 'UO'
}
