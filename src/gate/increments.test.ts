import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { increaseSince, NO_BASELINE, type Series } from './increments.ts'

const series = (...[pod, code, value]: [string, string, number]): Series => ({ key: `${pod} ${code}`, process: pod, value })

// What each scrape counts, one after the other, five seconds apart.
function counts(scrapes: readonly (readonly Series[])[]) {
  let baseline = NO_BASELINE
  return scrapes.map((each, index) => {
    const { counted, baseline: next } = increaseSince(baseline, each, index * 5_000)
    baseline = next
    return Object.fromEntries(counted)
  })
}

describe('increaseSince', () => {
  it('begins to count where it first looks', () => {
    expect(counts([[series('a', '200', 900)], [series('a', '200', 905)]])).toEqual([{}, { 'a 200': 5 }])
  })

  it('counts the first failure of a pod that it knows', () => {
    expect(counts([[series('a', '200', 900)], [series('a', '200', 901), series('a', '500', 2)]])[1]).toEqual({ 'a 200': 1, 'a 500': 2 })
  })

  it('begins to count a pod that comes where it is first seen, as nobody knows since when it counts', () => {
    expect(counts([[series('a', '200', 1)], [series('b', '200', 7)], [series('b', '200', 9), series('b', '500', 1)]])).toEqual([
      {},
      {},
      { 'b 200': 2, 'b 500': 1 }
    ])
  })

  it('counts from zero after a restart', () => {
    expect(counts([[series('a', '200', 900)], [series('a', '200', 3)]])[1]).toEqual({ 'a 200': 3 })
  })

  it('counts a pod that a scrape missed from where it was', () => {
    expect(counts([[series('a', '200', 900)], [], [series('a', '200', 907)]])).toEqual([{}, {}, { 'a 200': 7 }])
  })

  it('forgets a pod that was gone for ten minutes', () => {
    const scrapes = [[series('a', '200', 900)], ...Array.from({ length: 120 }, () => [series('b', '200', 1)]), [series('a', '200', 990)]]
    expect(counts(scrapes).at(-1)).toEqual({})
  })

  it.each([Number.NaN, -1, Infinity])('does not read a counter of %d', (value) => {
    expect(counts([[series('a', '200', 900)], [series('a', '200', value)], [series('a', '200', 902)]])).toEqual([{}, {}, { 'a 200': 2 }])
  })

  it('counts every request once, whatever is missed on the way', () => {
    const steps = fc.array(fc.record({ more: fc.nat(9), missed: fc.boolean() }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(steps, (list) => {
        let value = 100
        const scrapes = list.map(({ more, missed }) => {
          value += more
          return missed ? [] : [series('a', '200', value)]
        })
        const total = counts([[series('a', '200', 100)], ...scrapes, [series('a', '200', value)]]).reduce(
          (sum, each) => sum + (each['a 200'] ?? 0),
          0
        )
        expect(total).toBe(value - 100)
      })
    )
  })
})
