import { describe, expect, it } from 'vitest'
import { type CountedBaseline, type CountedSide, countedSince, NO_COUNTED } from './counted.ts'

function side(at: number, total: Readonly<Record<string, number>>, bad: Readonly<Record<string, number>> = {}): CountedSide {
  const series = (values: Readonly<Record<string, number>>) =>
    Object.entries(values).map(([pod, value]) => ({ key: pod, process: pod, value }))
  return { at, total: series(total), bad: series(bad) }
}

const begun = countedSince(NO_COUNTED, { canary: side(10, { c: 100 }), stable: side(12, { s: 1_000 }, { s: 5 }) }).baseline
const lookOf = (before: CountedBaseline, canary: CountedSide, stable: CountedSide) => countedSince(before, { canary, stable }).look

describe('countedSince', () => {
  it('begins to count where it first looks', () => {
    const first = countedSince(NO_COUNTED, { canary: side(10, { c: 100 }), stable: side(12, { s: 1_000 }) })
    expect(first.look).toBeUndefined()
    expect([first.baseline.canaryAt, first.baseline.stableAt]).toEqual([10, 12])
  })

  it('counts what came since, the first bad one of a known pod too', () => {
    const next = countedSince(begun, { canary: side(20, { c: 110 }, { c: 3 }), stable: side(22, { s: 1_090 }, { s: 6 }) })
    expect(next.look).toEqual({ canaryRequests: 10, canaryBad: 3, stableRequests: 90, stableBad: 1 })
    expect(next.since).toBe(10)
  })

  it('waits until both versions are counted anew, and loses nothing of what waited', () => {
    const waiting = countedSince(begun, { canary: side(20, { c: 110 }, { c: 3 }), stable: side(12, { s: 1_000 }, { s: 5 }) })
    expect(waiting).toEqual({ look: undefined, since: 10, baseline: begun })
    expect(lookOf(waiting.baseline, side(20, { c: 110 }, { c: 3 }), side(27, { s: 1_090 }, { s: 5 }))).toEqual({
      canaryRequests: 10,
      canaryBad: 3,
      stableRequests: 90,
      stableBad: 0
    })
  })

  it('is no look without any counter of a version', () => {
    expect(lookOf(begun, side(-Infinity, {}), side(27, { s: 2_000 }))).toBeUndefined()
  })

  it('counts a pod that began again from 0, keeps what one had that is gone, and nothing of one that is new', () => {
    const two = countedSince(begun, { canary: side(20, { c: 110, d: 40 }), stable: side(22, { s: 1_000 }) }).baseline
    expect(lookOf(two, side(30, { c: 4, e: 900 }), side(32, { s: 1_001 }))).toEqual({
      canaryRequests: 4,
      canaryBad: 0,
      stableRequests: 1,
      stableBad: 0
    })
  })

  it('never has more bad ones than there were', () => {
    expect(lookOf(begun, side(20, { c: 102 }, { c: 9 }), side(22, { s: 1_001 }, { s: 9 }))).toEqual({
      canaryRequests: 2,
      canaryBad: 2,
      stableRequests: 1,
      stableBad: 1
    })
  })

  it('counts bad ones that are a scrape ahead of all events with the next look, and no later', () => {
    const ahead = countedSince(begun, { canary: side(20, { c: 100 }, { c: 3 }), stable: side(22, { s: 1_001 }, { s: 8 }) })
    expect(ahead.look).toMatchObject({ canaryRequests: 0, canaryBad: 0, stableRequests: 1, stableBad: 1 })
    const next = countedSince(ahead.baseline, { canary: side(30, { c: 103 }, { c: 3 }), stable: side(32, { s: 1_002 }, { s: 8 }) })
    expect(next.look).toMatchObject({ canaryRequests: 3, canaryBad: 3, stableRequests: 1, stableBad: 1 })
    expect(lookOf(next.baseline, side(40, { c: 110 }, { c: 3 }), side(42, { s: 1_010 }, { s: 8 }))).toMatchObject({
      canaryBad: 0,
      stableBad: 0
    })
  })

  it('tells the versions apart where pods have no names', () => {
    const first = countedSince(NO_COUNTED, { canary: side(10, { '': 100 }), stable: side(12, { '': 1_000 }) }).baseline
    expect(lookOf(first, side(20, { '': 101 }), side(22, { '': 1_007 }))).toMatchObject({ canaryRequests: 1, stableRequests: 7 })
  })
})
