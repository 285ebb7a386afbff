import { describe, expect, it } from 'vitest'
import { atStep, type Gate, look, newGate } from './gate.ts'
import { gateSettings } from './settings.ts'
import { POINTS_MOST, restoredTrace, savedTrace, type Trace, tracedWith } from './trace.ts'

const BEGUN = 1_790_000_000_000
const at = (second: number): number => BEGUN + 1000 * second

// A rollout of so many looks whose canary fails `bad` of its 100 requests from the second `from` to the second `to`.
function rollout(
  looks: number,
  { bad = 0, from = 0, to = Infinity }: { bad?: number; from?: number; to?: number } = {}
): { gate: Gate; trace: Trace | undefined } {
  let gate = newGate(gateSettings(), [10, 50], BEGUN)
  let trace: Trace | undefined
  for (let index = 1; index <= looks; index++) {
    const second = 5 * index
    const canaryBad = second >= from && second <= to ? bad : 0
    gate = look(gate, { kind: 'counts', at: at(second), looks: [{ canaryRequests: 100, canaryBad, stableRequests: 900, stableBad: 1 }] })
    trace = tracedWith(trace, gate, { at: at(second), weight: gate.step === 0 ? 10 : 50 })
    if (second === 60) gate = atStep(gate, 1, at(second))
  }
  return { gate, trace }
}

describe('a trace', () => {
  it('has what the gate said at each look, with the weight and the failures until then', () => {
    const { gate, trace } = rollout(20, { bad: 1 })
    const points = trace?.points ?? []
    expect(points.map((point) => (point.at - BEGUN) / 1000)).toEqual(Array.from({ length: 20 }, (_, index) => 5 * (index + 1)))
    expect(points.map(({ failed }) => failed)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    expect(points[0]).toMatchObject({ weight: 10, said: 'warm-up' })
    expect(points.at(-1)).toMatchObject({ weight: 50, evidence: gate.evidence / Math.LN10 })
    expect(Number.isFinite(points[10]?.proof)).toBe(true)
  })

  it('ends with the rollback, and has no look twice', () => {
    const { gate, trace } = rollout(9, { bad: 60 })
    expect(gate.verdict.kind).toBe('rollback')
    const points = trace?.points ?? []
    expect(points.at(-1)?.said).toBe('rollback')
    expect(points.filter(({ said }) => said === 'rollback')).toHaveLength(1)
    expect(tracedWith(trace, gate, { at: at(500), weight: 0 })).toBe(trace)
    const short = rollout(2).trace
    expect(tracedWith(short, rollout(2).gate, { at: at(10), weight: 10 })).toBe(short)
  })

  it('stays small however long the rollout is, and has all of its course', () => {
    const { trace } = rollout(5_000)
    const points = trace?.points ?? []
    expect(points).toHaveLength(POINTS_MOST)
    expect([points[0]?.at, points.at(-1)?.at]).toEqual([at(5), at(25_000)])
    const gaps = points.slice(1).map((point, index) => point.at - (points[index]?.at ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThan(0)
    // 5,000 looks are at best 53 for each point.
    expect(Math.max(...gaps)).toBeLessThanOrEqual(128 * 5_000)
    expect(savedTrace(trace as Trace).length).toBeLessThan(3072)
  })

  it.each([41, 42])('loses no peak when looks become one: that of look %d', (look) => {
    // Failures in two looks, which are not enough, and then none for long.
    const evidence = (looks: number): readonly number[] =>
      (rollout(looks, { bad: 10, from: 5 * (look - 1), to: 5 * look }).trace?.points ?? []).map((point) => point.evidence)
    const peak = Math.max(...evidence(look))
    expect(peak).toBeGreaterThan(0.1)
    expect(Math.max(...evidence(1_000).slice(0, -1))).toBe(peak)
    expect(evidence(1_000).at(-1)).toBeLessThan(peak)
  })

  it('comes back from its text with two digits of each logarithm', () => {
    const { trace } = rollout(30, { bad: 1 })
    const again = restoredTrace(savedTrace(trace as Trace))
    expect(again?.points).toHaveLength(30)
    const cut = (value: number): number => Math.round(value * 100) / 100
    const expected = (trace?.points ?? []).map((point) => ({ ...point, evidence: cut(point.evidence), proof: cut(point.proof) }))
    expect(again?.points).toEqual(expected)
    expect(again).toMatchObject({ from: BEGUN, alpha: 0.01, beta: 0.05 })
  })

  it.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['another version', '{"version":2,"from":1,"limits":[0.01,0.05],"points":[]}'],
    ['a chance of 0', '{"version":1,"from":1,"limits":[0,0.05],"points":[]}'],
    ['a chance of 1', '{"version":1,"from":1,"limits":[0.01,1],"points":[]}']
  ])('is none in %s', (_, text) => {
    expect(restoredTrace(text)).toBeUndefined()
  })

  it('has no more points than are kept, whatever the text has', () => {
    const points = Array.from({ length: POINTS_MOST + 4 }, (_, second) => [second, 10, 0, null, 0, 3])
    const trace = restoredTrace(JSON.stringify({ version: 1, from: 0, limits: [0.01, 0.05], points }))
    expect([trace?.points.length, trace?.points[0]?.at]).toEqual([POINTS_MOST, 4_000])
  })

  it('leaves out points that are none, or not in the order of time', () => {
    const text = '{"version":1,"from":1000,"limits":[0.01,0.05],"points":[[5,10,0,null,0,3],["x"],[4,10,0,null,0,3],[9,10,0,null,0,99],7]}'
    expect(restoredTrace(text)?.points).toEqual([{ at: 6000, weight: 10, evidence: 0, proof: -Infinity, failed: 0, said: 'warm-up' }])
  })
})
