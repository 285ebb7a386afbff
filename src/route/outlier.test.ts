import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { outlierOf } from '../../test/outlier.ts'
import { chooseEndpoint } from './balance.ts'
import { clusterState } from './cluster-state.ts'
import { nextTick, reportResult, statusCounted, sweepEjections } from './outlier.ts'
import type { TryResult } from './outlier.ts'
import { PLAIN_CLUSTER, PLAIN_ENDPOINT } from './plain.ts'
import type { Endpoint, Outlier } from './route-table.ts'
import type { ClusterState, EndpointSlot } from './router.ts'

function endpoints(count: number): Endpoint[] {
  return Array.from({ length: count }, (_, at) => ({ ...PLAIN_ENDPOINT, address: '127.0.0.1', port: at }))
}

function clusterOf(more: Partial<Outlier>, hosts = 2): ClusterState {
  return clusterState({ ...PLAIN_CLUSTER, endpoints: endpoints(hosts), outlier: outlierOf(more) }, 0)
}

function slotOf(state: ClusterState, at: number): EndpointSlot {
  const slot = state.slots[at]
  if (slot === undefined) throw new Error(`there is no endpoint ${at}`)
  return slot
}

function report(state: ClusterState, at: number, results: readonly TryResult[], now = 0): boolean[] {
  return results.map((result) => reportResult(state, slotOf(state, at), result, now))
}

function ejected(state: ClusterState): number[] {
  return [...state.slots.keys()].filter((at) => slotOf(state, at).health.ejectedAt !== undefined)
}

function stat(state: ClusterState, name: string): number {
  return state.stats.read(`outlier_detection.ejections_${name}` as Parameters<typeof state.stats.read>[0])
}

describe('failures in a row', () => {
  test('four times 500 keep an endpoint, the fifth ejects it', () => {
    const state = clusterOf({})
    expect(report(state, 0, [500, 500, 500, 500, 500])).toEqual([false, false, false, false, true])
    expect(ejected(state)).toEqual([0])
    expect([stat(state, 'active'), stat(state, 'enforced_total'), stat(state, 'enforced_consecutive_5xx')]).toEqual([1, 1, 1])
    expect([stat(state, 'detected_consecutive_5xx'), stat(state, 'overflow')]).toEqual([1, 0])
  })

  test('an answer below 500 begins the count anew', () => {
    const state = clusterOf({})
    report(state, 0, [500, 500, 500, 500, 404, 500, 500, 500, 500])
    expect(ejected(state)).toEqual([])
  })

  test('without a limit nobody is ejected', () => {
    const state = clusterOf({ errors: { errors: 0, enforced: false } })
    report(
      state,
      0,
      Array.from({ length: 20 }, () => 500)
    )
    expect(stat(state, 'detected_consecutive_5xx')).toBe(0)
  })

  test('what fails without an answer is 503, late 504: gateway errors both', () => {
    const state = clusterOf({ gateway: { errors: 3, enforced: true } })
    expect(report(state, 0, ['connect-failure', 'timeout', 'reset'])).toEqual([false, false, true])
    expect(stat(state, 'enforced_consecutive_gateway_failure')).toBe(1)
  })

  test('an opened connection resets nothing', () => {
    const state = clusterOf({ errors: { errors: 2, enforced: true } })
    expect(report(state, 0, ['reset', 'opened', 'reset'])).toEqual([false, false, true])
  })

  test('an answer below 500 begins the count of gateway errors anew, and so does a fired rule', () => {
    const state = clusterOf({ gateway: { errors: 2, enforced: true } })
    report(state, 0, [503, 200, 503])
    expect(ejected(state)).toEqual([])
    const counting = clusterOf({ errors: { errors: 100, enforced: true } })
    report(
      counting,
      0,
      Array.from({ length: 14 }, () => 503)
    )
    expect(stat(counting, 'detected_consecutive_gateway_failure')).toBe(2)
  })

  test('500 is no gateway error: it begins their count anew; both rules may fire', () => {
    const rule = { gateway: { errors: 2, enforced: true }, errors: { errors: 4, enforced: true } }
    const state = clusterOf(rule)
    report(state, 0, [503, 500, 502])
    expect(ejected(state)).toEqual([])
    report(state, 0, [503])
    expect([stat(state, 'detected_consecutive_gateway_failure'), stat(state, 'detected_consecutive_5xx')]).toEqual([1, 0])
  })

  test('a rule that is not enforced only counts, and begins anew', () => {
    const state = clusterOf({ errors: { errors: 20, enforced: true } })
    report(
      state,
      0,
      Array.from({ length: 10 }, () => 503)
    )
    expect([ejected(state), stat(state, 'detected_consecutive_gateway_failure')]).toEqual([[], 2])
  })

  test('an endpoint that left in the meantime is not ejected', () => {
    const state = clusterOf({})
    const gone = slotOf(clusterOf({}), 0)
    for (const status of [500, 500, 500, 500, 500]) expect(reportResult(state, gone, status, 0)).toBe(false)
    expect(stat(state, 'detected_consecutive_5xx')).toBe(0)
  })
})

describe('local failures apart', () => {
  const split = { localOrigin: { errors: 2, enforced: true }, errors: { errors: 2, enforced: true } }

  test('they have a count of their own, which an opened connection resets', () => {
    const state = clusterOf(split)
    report(state, 0, ['reset', 'opened', 'reset', 'opened', 'timeout', 'opened'])
    expect(ejected(state)).toEqual([])
    report(state, 0, ['connect-failure', 'connect-failure'])
    expect(stat(state, 'enforced_consecutive_local_origin_failure')).toBe(1)
  })

  test('answers count for the other rules, and answers do not reset the local count', () => {
    const state = clusterOf(split)
    report(state, 0, ['connect-failure', 500, 'connect-failure'])
    expect(ejected(state)).toEqual([0])
    report(state, 1, [500, 'connect-failure', 500])
    expect(ejected(state)).toEqual([0, 1])
    expect(stat(state, 'enforced_consecutive_5xx')).toBe(1)
  })
})

describe('how many', () => {
  const first = { errors: { errors: 1, enforced: true } }

  test.each([
    [9, 10, 0],
    [10, 10, 1],
    [2, 50, 1],
    [3, 50, 1],
    [4, 50, 2],
    [1, 99, 0],
    [1, 100, 1],
    [3, 100, 3]
  ])('of %d endpoints with %d percent %d go', (hosts, maxPercent, most) => {
    const state = clusterOf({ ...first, maxPercent }, hosts)
    for (let at = 0; at < hosts; at += 1) report(state, at, [500])
    expect(ejected(state)).toHaveLength(most)
    expect([stat(state, 'overflow'), stat(state, 'detected_consecutive_5xx')]).toEqual([hosts - most, hosts])
  })

  test('law: whatever happens, the ejected are never more than the limit, and the gauge counts them', () => {
    const step = fc.record({ at: fc.nat(11), bad: fc.boolean(), wait: fc.nat(40_000), leaves: fc.integer({ min: 0, max: 9 }) })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 100 }),
        fc.array(step, { maxLength: 80 }),
        (hosts, maxPercent, steps) => {
          let state = clusterOf({ errors: { errors: 1, enforced: true }, maxPercent }, hosts)
          let now = 0
          for (const { at, bad, wait, leaves } of steps) {
            now += wait
            sweepEjections(state, now)
            const before = ejected(state).length
            if (at < state.slots.length) reportResult(state, slotOf(state, at), bad ? 500 : 200, now)
            const after = ejected(state).length
            // One more only within the limit; endpoints that leave may push those there are beyond it.
            expect(after === before || (after === before + 1 && (100 * after) / state.slots.length <= maxPercent)).toBe(true)
            if (leaves === 0) state = clusterState({ ...state.cluster, endpoints: state.cluster.endpoints.slice(0, -1) }, now, state)
            expect(stat(state, 'active')).toBe(ejected(state).length)
          }
        }
      ),
      { numRuns: 200 }
    )
  })
})

describe('how long', () => {
  const quick = { errors: { errors: 1, enforced: true } }

  test('the first ejection lasts the base time: not back at 29,999 ms, back at 30,000', () => {
    const state = clusterOf(quick)
    report(state, 0, [500], 5000)
    expect(sweepEjections(state, 34_999)).toEqual([])
    expect(sweepEjections(state, 35_000)).toEqual([slotOf(state, 0)])
    expect([ejected(state), stat(state, 'active')]).toEqual([[], 0])
  })

  test('choices are made among others from the moment of an ejection, and of a return', () => {
    const state = clusterOf(quick)
    const choose = (): number => state.slots.findIndex((slot) => slot === chooseEndpoint(state, { now: 0, draw: () => 0 }))
    expect(choose()).toBe(0)
    report(state, 0, [500])
    expect(choose()).toBe(1)
    sweepEjections(state, 30_000)
    expect(choose()).toBe(0)
  })

  test('each further one is a base time longer, up to the most', () => {
    const state = clusterOf({ ...quick, baseEjection: 100_000, interval: 1_000_000 })
    const lengths: number[] = []
    let now = 0
    for (let turn = 0; turn < 6; turn += 1) {
      report(state, 0, [500], now)
      let length = 0
      while (sweepEjections(state, now + length).length === 0) length += 50_000
      lengths.push(length)
      now += length
    }
    expect(lengths).toEqual([100_000, 200_000, 300_000, 300_000, 300_000, 300_000])
    // It stops growing at the most and one base time.
    expect(slotOf(state, 0).health.backoff).toBe(4)
  })

  test('who has been back for an interval has one ejection less to count, at each tick one', () => {
    const state = clusterOf({ ...quick, baseEjection: 20_000 })
    const { health } = slotOf(state, 0)
    report(state, 0, [500], 0)
    sweepEjections(state, 20_000)
    report(state, 0, [500], 20_000)
    sweepEjections(state, 60_000)
    expect(health.backoff).toBe(2)
    sweepEjections(state, 69_999)
    expect(health.backoff).toBe(2)
    sweepEjections(state, 70_000)
    sweepEjections(state, 80_000)
    sweepEjections(state, 90_000)
    expect(health.backoff).toBe(0)
  })

  test('who comes back has no failure counted, of any rule', () => {
    const state = clusterOf({ errors: { errors: 2, enforced: true }, gateway: { errors: 3, enforced: true } })
    report(state, 0, [503, 503], 0)
    report(state, 0, [503], 1)
    sweepEjections(state, 30_000)
    expect(slotOf(state, 0).health).toMatchObject({ errors: 0, gatewayErrors: 0, localErrors: 0, ejectedAt: undefined })
    report(state, 0, [503], 30_001)
    expect(ejected(state)).toEqual([])
  })

  test('failures of one that is ejected change nothing', () => {
    const state = clusterOf({ errors: { errors: 2, enforced: true } })
    report(state, 0, [500, 500, 500, 500, 500, 500])
    expect([stat(state, 'detected_consecutive_5xx'), slotOf(state, 0).health.ejectedAt]).toEqual([1, 0])
  })
})

describe('ticks', () => {
  test('they count from when detection began, and are only asked for while they can change something', () => {
    const cluster = { ...PLAIN_CLUSTER, endpoints: endpoints(2), outlier: outlierOf({ errors: { errors: 1, enforced: true } }) }
    const state = clusterState(cluster, 3000)
    expect(nextTick(state, 5000)).toBeUndefined()
    report(state, 0, [500], 5000)
    expect([nextTick(state, 5000), nextTick(state, 12_999)]).toEqual([13_000, 13_000])
    expect(nextTick(state, 13_000)).toBe(23_000)
    // The first tick at or after 35 s is that at 43 s.
    for (const at of [13_000, 23_000, 33_000]) expect(sweepEjections(state, at)).toEqual([])
    expect(sweepEjections(state, 43_000)).toHaveLength(1)
    expect(nextTick(state, 43_000)).toBe(53_000)
    sweepEjections(state, 53_000)
    expect(nextTick(state, 53_000)).toBeUndefined()
  })
})

describe('changes of the cluster', () => {
  const rule = outlierOf({ errors: { errors: 1, enforced: true } })
  const put = (count: number, outlier: Outlier | undefined, before?: ClusterState): ClusterState =>
    clusterState({ ...PLAIN_CLUSTER, endpoints: endpoints(count), outlier }, 100, before)

  test('who stays stays ejected; who leaves leaves the gauge too', () => {
    const state = put(3, rule)
    report(state, 0, [500])
    report(state, 2, [500])
    const after = put(2, rule, state)
    expect([ejected(after), stat(after, 'active')]).toEqual([[0], 1])
  })

  test('without detection everybody is back', () => {
    const state = put(3, rule)
    report(state, 0, [500])
    const after = put(3, undefined, state)
    expect([ejected(after), stat(after, 'active')]).toEqual([[], 0])
    expect(reportResult(after, slotOf(after, 0), 500, 0)).toBe(false)
  })
})

test('an answer with a gRPC status counts as the HTTP status that stands for it', () => {
  const all = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401]
  expect(all.map((_, grpc) => statusCounted(200, grpc))).toEqual(all)
  expect(statusCounted(200, 99)).toBe(500)
  expect(statusCounted(503, undefined)).toBe(503)
})
