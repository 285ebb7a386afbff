import { describe, expect, it } from 'vitest'
import { savedGate } from '../gate/saved.ts'
import type { RequestCounter, Served } from '../gate/served.ts'
import { gateRequestOf } from '../canary/gate-request.ts'
import { planOf } from '../canary/plan.ts'
import {
  evidenceOf,
  exposureIn,
  newWatching,
  startOf,
  type Watching,
  withCounters,
  withHistory,
  withOwnBaseline,
  withoutCounters,
  withWeight
} from './watching.ts'

const CANARY = {
  apiVersion: 'flagger.app/v1beta1',
  kind: 'Canary',
  metadata: { name: 'shop', namespace: 'test' },
  spec: { targetRef: { kind: 'Deployment', name: 'shop' }, service: { port: 80 }, analysis: { stepWeight: 10, maxWeight: 30 } }
}
const EDGES = [100]
const NAMES = { canary: 'v2', stable: 'v1', look: 5_000 }
const HISTORY: readonly Served[] = Array.from({ length: 100 }, () => ({ requests: 500, failures: 1, buckets: [400, 100] }))

function fresh(budget: Readonly<Record<string, number>> = {}): Watching {
  const { request } = gateRequestOf(CANARY)
  if (request === undefined) throw new Error('the gate watches by default')
  return newWatching(planOf(CANARY), { ...request, budget }, EDGES, 0)
}

function counter(code: number, count: number): RequestCounter {
  return { process: 'gateway', id: String(code), code, flags: '-', grpc: '', count, buckets: [count, 0] }
}

function saved({ gate }: Watching): string | undefined {
  return gate === undefined ? undefined : savedGate(gate)
}

// What has been counted after so many looks: 50 requests of the canary in each, of which `bad` failed, and 450 of stable.
function counters(look: number, bad = 0) {
  return { at: look * 5_000, canary: [counter(200, look * (50 - bad)), counter(500, look * bad)], stable: [counter(200, 450 * look)] }
}

describe('a revision beside a fresh baseline', () => {
  it('says nothing of all traffic, of which the primary has an unknown part: neither a first weight for it nor an error budget', () => {
    const paired = {
      ...fresh(),
      plan: planOf({ ...CANARY, metadata: { ...CANARY.metadata, annotations: { 'serin.dev/baseline': 'fresh' } } })
    }
    const ledgers = [fresh(), paired].map((watching) => {
      const begun = withWeight(withHistory(withCounters(watching, counters(0)), HISTORY, undefined), 10, 0)
      return withCounters(begun, counters(1, 50))
    })
    expect(ledgers.map((watching) => exposureIn(watching)?.budget === undefined)).toEqual([false, true])
    expect(startOf(paired, 5_000)).toBe(5)
  })
})

describe('a revision beside a baseline of the user’s own', () => {
  const plan = planOf({ ...CANARY, metadata: { ...CANARY.metadata, annotations: { 'serin.dev/baseline': 'old' } } })
  const proven = (gate: Watching['gate']): Watching['gate'] => gate && { ...gate, verdict: { kind: 'advance', proof: 'strong' } }
  const after = (looks: number): Watching => {
    let watching = withWeight(withHistory(withCounters({ ...fresh(), plan }, counters(0)), HISTORY, undefined), 10, 0)
    for (let look = 1; look <= looks; look++) watching = withCounters(watching, counters(look))
    return watching
  }

  it('leads on while it is heard, and not on the word of a controller before this one', () => {
    const heard = after(3)
    expect(evidenceOf({ ...heard, gate: proven(heard.gate) }, NAMES)?.kind).toBe('advance')
    const taken = withHistory({ ...fresh(), plan, weight: 10, exposedAt: 15_000 }, HISTORY, saved(heard))
    expect(evidenceOf(taken, NAMES)).toMatchObject({ kind: 'hold', reason: 'warm-up' })
    expect(evidenceOf({ ...taken, gate: proven(taken.gate) }, NAMES)).toMatchObject({
      kind: 'hold',
      outcome: 'no-data',
      reason: 'no-counts',
      sentence: 'Holding at 10 %: nothing to compare with: deployment old, the baseline, has had no requests yet.'
    })
  })

  it('still goes back for what it costs', () => {
    const dear = withOwnBaseline({ ...after(3), request: { ...fresh().request, budget: { requests: 100 } } }, 'missing')
    expect(evidenceOf(dear, NAMES)).toMatchObject({ kind: 'rollback', sentence: expect.stringContaining('150 requests met it') })
  })
})

describe('a revision under the gate', () => {
  it('says nothing before it has traffic, and nothing before history is known', () => {
    const counted = withCounters(fresh(), counters(0))
    expect(evidenceOf(withHistory(counted, HISTORY, undefined), NAMES)).toBeUndefined()
    expect(evidenceOf(withWeight(counted, 10, 0), NAMES)).toBeUndefined()
  })

  it('is judged from its first traffic on, whichever comes first', () => {
    const before = withCounters(fresh(), counters(0))
    const known = withWeight(withHistory(before, HISTORY, undefined), 10, 0)
    const exposed = withHistory(withWeight(before, 10, 0), HISTORY, undefined)
    const [one, other] = [known, exposed].map((begun) => withCounters(withCounters(begun, counters(1, 50)), counters(2, 50)))
    expect(one).toEqual(other)
    expect(one && evidenceOf(one, NAMES)).toEqual({
      kind: 'rollback',
      outcome: 'fail',
      weight: 10,
      sentence:
        "v2 rolled back after 10 s at 10 %: 100 of v2's 100 requests failed, against 0 of 900 on v1 in the same seconds. If v2 were within tolerance, evidence this strong would appear in fewer than 1 of 600 rollouts (limit 1 of 100). 100 user requests failed because of v2."
    })
  })

  it('judges the edges that history shows', () => {
    const known = withHistory(fresh(), HISTORY, undefined)
    expect(known.asked?.settings.streams.map(({ name }) => name)).toEqual(['errors', 'slower than 100 ms'])
    expect(known.asked?.histories[1]).toEqual({ requests: 50_000, bad: 10_000, dispersion: 1 })
    const careful = { ...fresh(), request: { ...fresh().request, bursts: 4 } }
    expect(withHistory(careful, HISTORY, undefined).asked?.histories.map(({ dispersion }) => dispersion)).toEqual([4, 4])
  })

  it('follows the weights of the rollout', () => {
    const begun = withWeight(withHistory(withCounters(fresh(), counters(0)), HISTORY, undefined), 10, 0)
    const moved = withWeight(begun, 20, 60_000)
    expect([begun.gate?.step, moved.gate?.step, moved.gate?.stepAt]).toEqual([0, 1, 60_000])
    expect(withWeight(moved, 20, 70_000)).toBe(moved)
    expect(withWeight(moved, 0, 70_000).gate?.step).toBe(0)
  })

  it('goes on from a gate that was saved, at the weight that there is now', () => {
    const begun = withWeight(withHistory(withCounters(fresh(), counters(0)), HISTORY, undefined), 10, 0)
    const seen = withCounters(begun, counters(1))
    const text = saved(seen)
    const restored = withHistory(withWeight(fresh(), 20, 6_000), [], text)
    expect(restored.gate).toMatchObject({ step: 1, stepAt: 6_000, lookedAt: 5_000 })
    expect(restored.gate?.streams[0]?.total.canaryRequests).toBe(50)
  })

  it('never counts an interval twice: what a controller that starts again sees first is where it goes on', () => {
    const begun = withWeight(withHistory(withCounters(fresh(), counters(0)), HISTORY, undefined), 10, 0)
    const seen = withCounters(begun, counters(1))
    const restored = withHistory(withWeight(fresh(), 10, 6_000), [], saved(seen))
    const again = withCounters(withCounters(restored, counters(2)), counters(3))
    expect(again.gate?.streams[0]?.total.canaryRequests).toBe(100)
  })

  it('holds without counters, and says so', () => {
    const begun = withWeight(withHistory(withCounters(fresh(), counters(0)), HISTORY, undefined), 10, 0)
    expect(evidenceOf(withoutCounters(begun, 20_000, ''), NAMES)).toEqual({
      kind: 'hold',
      outcome: 'no-data',
      reason: 'no-counts',
      weight: 10,
      sentence: 'Holding at 10 %: no counts of v2 and v1 for the same seconds.'
    })
    expect(evidenceOf(withoutCounters(begun, 20_000, 'prometheus:9090: connection refused'), NAMES)).toMatchObject({
      outcome: 'down',
      sentence: 'Holding at 10 %: counters cannot be read: prometheus:9090: connection refused.'
    })
    const odd = "GET http://prometheus/?q=$&$': refused"
    expect(evidenceOf(withoutCounters(begun, 20_000, odd), NAMES)?.sentence).toBe(`Holding at 10 %: counters cannot be read: ${odd}.`)
    expect(withoutCounters(fresh(), 5_000, '').gate).toBeUndefined()
  })

  it('is down where a stream that others count cannot be read, unless there is a verdict', () => {
    const begun = withWeight(withHistory(withCounters(fresh(), counters(0)), HISTORY, undefined), 10, 0)
    const unread = [{ name: 'orders', kind: 'unread', because: 'prometheus:9090: connection refused' }] as const
    const held = evidenceOf(withCounters(begun, counters(2), unread), NAMES)
    expect(held).toMatchObject({ kind: 'hold', outcome: 'down' })
    expect(held?.sentence).toMatch(/^Holding at 10 %: .* The stream orders: prometheus:9090: connection refused\.$/)
    const bad = [1, 2].reduce((watching, each) => withCounters(watching, counters(each, 50), unread), begun)
    expect(evidenceOf(bad, NAMES)).toMatchObject({ kind: 'rollback', outcome: 'fail' })
    expect(evidenceOf(withCounters(begun, counters(2)), NAMES)).toMatchObject({ kind: 'hold', outcome: 'no-data' })
  })

  it('is blind only for what it saw at this exposure, and no more once the canary has no traffic', () => {
    const known = withHistory(withCounters(fresh(), counters(0)), HISTORY, undefined)
    const unseen = withWeight(known, 10, 1_000)
    expect(withoutCounters(unseen, 90_000, '').gate?.verdict.kind).toBe('hold')
    const seen = withCounters(unseen, counters(1))
    const blind = withoutCounters(seen, 90_000, '')
    expect(blind.gate?.verdict.kind).toBe('retreat')
    const away = withWeight(blind, 0, 91_000)
    expect(away.gate?.verdict.kind).toBe('retreat')
    expect(withoutCounters(away, 95_000, '').gate?.verdict.kind).toBe('hold')
    expect(withoutCounters(away, 95_000, 'refused').gate?.verdict.kind).toBe('retreat')
  })

  it('is blind for what an earlier controller saw, too', () => {
    const seen = withCounters(withWeight(withHistory(withCounters(fresh(), counters(0)), HISTORY, undefined), 10, 0), counters(1))
    const restored = withHistory(withWeight(fresh(), 10, 80_000), [], saved(seen))
    expect(withoutCounters(restored, 80_000, 'refused').gate?.verdict).toEqual({ kind: 'retreat', reason: 'blind' })
    expect(withoutCounters(restored, 80_000, '').gate?.verdict.kind).toBe('hold')
  })

  it.each([
    [{ requests: 99 }, 'v2 rolled back at 10 %: 100 requests met it, more than its exposure budget.'],
    [{ excess: 3 }, 'v2 rolled back at 10 %: 4 requests failed because of it, more than its exposure budget.']
  ])('ends when the budget %j is spent', (budget, sentence) => {
    const begun = withWeight(withHistory(withCounters(fresh(budget), counters(0)), HISTORY, undefined), 10, 0)
    expect(evidenceOf(withCounters(begun, counters(2, 2)), NAMES)).toEqual({ kind: 'rollback', outcome: 'fail', weight: 10, sentence })
    const unnamed = evidenceOf(withCounters(begun, counters(2, 2)), { ...NAMES, canary: 'the canary' })
    expect(unnamed?.sentence).toBe(sentence.replace('v2', 'The canary'))
  })
})
