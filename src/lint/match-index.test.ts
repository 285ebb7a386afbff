import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { HttpMatch } from '../api/istio-virtual-service.ts'
import { COMPARISONS_MAX, MatchIndex, ReachBudget } from './match-index.ts'
import { covers } from './reach.ts'

const text = fc.constantFrom('', '/', '/a', '/A', '/a/b', '/ab', '.*', '/a.*', '/[ab]')
const uri = fc.oneof(
  fc.constant(undefined),
  fc.constant({}),
  fc.record({ exact: text }),
  fc.record({ prefix: text }),
  fc.record({ regex: text })
)
const match: fc.Arbitrary<HttpMatch> = fc
  .record({ uri, ignoreUriCase: fc.boolean() })
  .map(({ uri: path, ...rest }) => (path === undefined ? rest : { uri: path, ...rest }))

it('every match that covers another is among its candidates, in order', () => {
  let covered = 0
  fc.assert(
    fc.property(fc.array(match, { maxLength: 12 }), match, (earlier, later) => {
      const index = new MatchIndex()
      for (const [place, each] of earlier.entries()) index.add(each, place)
      const candidates = index.candidates(later)
      expect(candidates).toEqual([...new Set(candidates)].toSorted((a, b) => a - b))
      for (const [place, each] of earlier.entries()) {
        if (!covers(each, later)) continue
        covered += 1
        expect(candidates).toContain(place)
      }
    }),
    { numRuns: 2000 }
  )
  expect(covered).toBeGreaterThan(500)
})

it('few of thousands of matches are candidates', () => {
  const index = new MatchIndex()
  for (let place = 0; place < 8000; place += 1)
    index.add({ uri: place % 2 === 0 ? { exact: `/items/${place}` } : { prefix: `/items/${place}/` } }, place)
  expect(index.candidates({ uri: { exact: '/items/4001/x' } })).toEqual([4001])
})

it('what cannot be told within the budget is not told', () => {
  const budget = new ReachBudget()
  for (let count = 0; count < COMPARISONS_MAX; count += 1) budget.takeComparison()
  expect(budget.takeComparison()).toBe(false)
  expect(budget.test('/a.*', '/ab')).toBe(true)
  expect(budget.test('(', '(')).toBe(false)
  for (let count = 0; count < 50_000; count += 1) budget.test('/a.*', 'x')
  expect(budget.test('/a.*', '/ab')).toBe(false)
})
