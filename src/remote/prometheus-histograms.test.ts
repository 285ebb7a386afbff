import { describe, expect, it } from 'vitest'
import { DURATION_EDGES } from '../metrics/buckets.ts'
import { edgeMatcher, edgeOf, histogramsOf } from './prometheus-histograms.ts'

const points = (...[...values]: readonly (readonly [number, number])[]) => values.map(([at, value]) => ({ at, value }))

describe('edgeMatcher', () => {
  it.each([
    [0.5, 'le=~"0[.]5"'],
    [10, 'le=~"10|10[.]0"'],
    [600_000, 'le=~"600000|600000[.]0"'],
    [1_800_000, 'le=~"1800000|1800000[.]0|1[.]8e[+]06"'],
    [Infinity, 'le="+Inf"']
  ])('%d in every spelling', (edge, matcher) => {
    expect(edgeMatcher(edge)).toBe(matcher)
  })

  it.each(DURATION_EDGES)('%d is read back from every spelling', (edge) => {
    const texts = /"(.*)"/.exec(edgeMatcher(edge))?.[1]?.replaceAll(/[[\]]/g, '').split('|') ?? []
    expect(texts.map((le) => edgeOf({ le }))).toEqual(texts.map(() => edge))
  })
})

describe('histogramsOf', () => {
  it('takes what all edges have of one scrape, though one was read before the next scrape', () => {
    const series = [
      { labels: { pod: 'a', le: '100' }, points: points([15, 5], [30, 8]) },
      { labels: { pod: 'a', le: '+Inf' }, points: points([15, 6], [30, 9], [45, 20]) }
    ]
    const [one, ...others] = histogramsOf(series, [100])
    expect(others).toEqual([])
    expect(one).toMatchObject({ value: 9 })
    expect([one?.buckets[DURATION_EDGES.indexOf(100)], one?.buckets.at(-1)]).toEqual([8, 1])
  })

  it('has none of what lacks an edge, or a scrape in common', () => {
    const whole = { labels: { pod: 'a', le: '+Inf' }, points: points([30, 9]) }
    expect(histogramsOf([whole], [100])).toEqual([])
    expect(histogramsOf([whole, { labels: { pod: 'a', le: '100.0' }, points: points([15, 9]) }], [100])).toEqual([])
    expect(histogramsOf([whole, { labels: { pod: 'b', le: '100.0' }, points: points([30, 9]) }], [100])).toEqual([])
    expect(histogramsOf([whole, { labels: { pod: 'a', le: '100.0' }, points: points([30, 9]) }], [100])).toHaveLength(1)
  })
})
