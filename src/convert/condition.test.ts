import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conditionOf, rangeOf } from './condition.ts'

test.each<readonly [string | undefined, string | undefined, object | undefined]>([
  ['result[0] >= 0.95', undefined, { min: 0.95, max: undefined, strict: [] }],
  ['result < 500', undefined, { min: undefined, max: 500, strict: [500] }],
  ['0.95 <= asFloat(result[0])', undefined, { min: 0.95, strict: [] }],
  ['default(result, 0) <= 1e3', undefined, { max: 1000 }],
  ['(result[0] > 1 && result[0] < 5)', undefined, { min: 1, max: 5, strict: [1, 5] }],
  ['result == 0', undefined, { min: 0, max: 0, strict: [] }],
  [undefined, 'result[0] < 0.9', { min: 0.9, strict: [] }],
  [undefined, 'result >= 10 || result < 0', { min: 0, max: 10, strict: [10] }],
  ['result > 0.9', 'result < 0.5', { min: 0.9 }],
  ['len(result) == 0 || result[0] > 5', undefined, { min: 5, guards: ['len(result) == 0'] }],
  ['isNaN(result) || (result >= 1 && result <= 2)', undefined, { min: 1, max: 2, guards: ['isNaN(result)'] }],
  ['result[0] > 1 || result[0] < 0', undefined, undefined],
  [undefined, 'result > 1 && result < 5', undefined],
  ['result != 3', undefined, undefined],
  ['result[0] > result[1]', undefined, undefined],
  ['all(result, # > 1)', undefined, undefined],
  ['result.ok == true', undefined, undefined],
  ['true', undefined, undefined],
  [undefined, undefined, undefined]
])('success %j and failure %j', (success, failure, range) => {
  const found = rangeOf(success, failure)
  expect([found]).toMatchObject([range])
})

test('a range passes what the conditions pass, but for its ends', () => {
  const operator = fc.constantFrom('<', '<=', '>', '>=')
  const comparison = fc.tuple(operator, fc.integer({ min: -5, max: 5 }))
  const holds = ([sign, bound]: readonly [string, number], value: number): boolean =>
    sign === '<' ? value < bound : sign === '<=' ? value <= bound : sign === '>' ? value > bound : value >= bound
  fc.assert(
    fc.property(fc.array(comparison, { minLength: 1, maxLength: 3 }), fc.integer({ min: -7, max: 7 }), (all, whole) => {
      const value = whole + 0.5
      const range = rangeOf(all.map(([sign, bound]) => `result[0] ${sign} ${bound}`).join(' && '), undefined)
      const inside = value >= (range?.min ?? -Infinity) && value <= (range?.max ?? Infinity)
      expect(inside).toBe(all.every((each) => holds(each, value)))
    }),
    { seed: 5 }
  )
})

test('hostile conditions take no time and mean nothing', () => {
  expect(rangeOf(`${'('.repeat(5000)}result > 1`, undefined)).toBeUndefined()
  expect(rangeOf('result > 1 && '.repeat(2000), undefined)).toBeUndefined()
})

// Of 0.9, of what is not a number, and of a vector without a value.
test.each([
  ['result[0] >= 0.95', [false, false, 'error']],
  ['result[0] < 0.95', [true, false, 'error']],
  ['0.9 == asFloat(result[0])', [true, false, 'error']],
  ['result[0] != 0.9', [false, true, 'error']],
  ['len(result) > 0 && result[0] <= 0.95', [true, false, false]],
  ['len(result) == 0 || isNaN(result[0]) || result[0] <= 0.5', [false, true, true]],
  ['!isNaN(result[0]) && result[0] > 0.5', [true, false, 'error']],
  ['isInf(result[0]) || (result[0] > 0.5 && result[0] < 1)', [true, false, 'error']],
  ['result != nil', [true, true, true]]
])('%s is decided as Argo does', (text, decided) => {
  const condition = conditionOf(text)
  expect([0.9, Number.NaN, undefined].map((result) => condition?.(result))).toEqual(decided)
})

test.each(['all(result, # > 1)', 'result[1] > 5', 'result[0] + 1 > 5', '', 'result[0] > 1 && up'])('"%s" is more than that', (text) => {
  expect(conditionOf(text)).toBeUndefined()
})

test('a condition that is nested without an end is more than a range, and more than is played', () => {
  const text = `${'('.repeat(20_000)}result > 1${')'.repeat(20_000)}`
  expect([rangeOf(text, undefined), conditionOf(text)]).toEqual([undefined, undefined])
})
