import { describe, expect, it } from 'vitest'
import { seeded } from '../std/draw.ts'
import { binomial } from '../sim/chance.ts'
import { boundOf, historyOf, NO_HISTORY, rateOf } from './history.ts'

// So many looks of a pod with 100 requests each, of which groups of `size` fail together.
function looks(count: number, size: number, rate: number) {
  const draw = seeded(1)
  return Array.from({ length: count }, () => {
    let bad = 0
    for (let group = 0; group < 100 / size; group++) if (draw() < rate) bad += size
    return { requests: 100, bad }
  })
}

describe('historyOf', () => {
  it('finds the rate, and no bursts where there are none', () => {
    const history = historyOf(looks(2_000, 1, 0.02))
    expect(rateOf(history)).toBeCloseTo(0.02, 2)
    expect(history.dispersion).toBe(1)
  })

  it('finds the size of bursts', () => {
    expect(historyOf(looks(2_000, 10, 0.02)).dispersion).toBeGreaterThan(8)
    expect(historyOf(looks(2_000, 10, 0.02)).dispersion).toBeLessThan(12)
  })

  it('takes a rate that drifts over hours for no burst, with little traffic and with much', () => {
    const draw = seeded(1)
    const drifting = (requests: number) =>
      Array.from({ length: 4_320 }, (_, index) => ({
        requests,
        bad: binomial(draw, requests, 0.03 + 0.02 * Math.sin((2 * Math.PI * index) / 4_320))
      }))
    expect(historyOf(drifting(50)).dispersion).toBe(1)
    expect(historyOf(drifting(50_000)).dispersion).toBe(1)
  })

  it('believes a few wild looks less than many, and never more than 60', () => {
    const wild = [...looks(10, 1, 0), { requests: 100, bad: 100 }]
    expect(historyOf(wild).dispersion).toBeLessThan(historyOf([...wild, ...wild, ...wild, ...wild]).dispersion)
    expect(historyOf(Array.from({ length: 5_000 }, (_, index) => ({ requests: 1000, bad: index % 50 === 0 ? 1000 : 0 }))).dispersion).toBe(
      60
    )
  })

  it('knows nothing from looks without requests', () => {
    expect(historyOf([])).toBe(NO_HISTORY)
    expect(historyOf([{ requests: 0, bad: 0 }])).toBe(NO_HISTORY)
  })
})

describe('rateOf and boundOf', () => {
  it('assume 0.1 % where there is no history, and bound nothing', () => {
    expect(rateOf(NO_HISTORY)).toBeCloseTo(0.001)
    expect(boundOf(NO_HISTORY)).toBeUndefined()
    // The assumption weighs as much as a hundred requests.
    expect(rateOf({ requests: 100, bad: 2, dispersion: 1 })).toBeCloseTo(0.0105, 12)
  })

  it('bound the rate from above, the higher the burstier', () => {
    const calm = boundOf({ requests: 1_000_000, bad: 1000, dispersion: 1 }) ?? 0
    const bursty = boundOf({ requests: 1_000_000, bad: 1000, dispersion: 16 }) ?? 0
    // By 3.1 deviations of a Poisson count, which bursts multiply by the root of their size.
    expect(calm * 1_000_000).toBeCloseTo(1_001 + 3.1 * Math.sqrt(1_001), 6)
    expect(bursty * 1_000_000).toBeCloseTo(1_001 + 4 * 3.1 * Math.sqrt(1_001), 6)
    expect([999, 1_000].map((requests) => boundOf({ requests, bad: 0, dispersion: 1 }) !== undefined)).toEqual([false, true])
  })
})
