import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatSelector, hasLabels, parseSelector, requirementsOf, selectorOf, selects } from './label-selector.ts'
import type { Requirement } from './label-selector.ts'

const labels = { app: 'web', tier: 'front', 'example.com/team': 'a' }

test.each([
  ['', true],
  ['app=web', true],
  ['app==web', true],
  ['app = web , tier != back', true],
  ['app!=web', false],
  ['nope!=web', true],
  ['app in (web,api)', true],
  ['app notin (api, db)', true],
  ['nope notin (a)', true],
  ['app', true],
  ['!app', false],
  ['!nope', true],
  ['example.com/team=a,tier', true],
  ['app=', false],
  ['app in ()', false],
  ['in=a', false],
  ['app in (web),tier in (back)', false]
])('%j selects the pod: %s', (text, expected) => {
  const { value, problems } = parseSelector(text)
  expect(problems).toEqual([])
  expect(selects(value ?? [], labels)).toBe(expected)
})

test.each([
  ['app in web', "unable to parse requirement: found 'web' expected: '('"],
  ['app=web,', "found '', expected: identifier after ','"],
  ['app=web tier', "found 'tier', expected: ',' or 'end of string'"],
  ['=web', "unable to parse requirement: found '=', expected: !, identifier, or 'end of string'"],
  ['app in (a', "unable to parse requirement: found '', expected: ',' or ')'"],
  ['app in (a b)', "unable to parse requirement: found 'b', expected: ',' or ')'"],
  ['-x', 'unable to parse requirement: <nil>: Invalid value: "-x": name part must consist of alphanumeric characters'],
  ['a/b/c', 'unable to parse requirement: <nil>: Invalid value: "a/b/c"'],
  ['app=-', 'unable to parse requirement: <nil>: Invalid value: "-": a valid label must be an empty string']
])('%j is refused', (text, message) => {
  const { value, problems } = parseSelector(text)
  expect(value).toBeUndefined()
  expect(problems[0]?.message).toContain(message)
})

test('a selector object is the same list of requirements; absent and empty differ', () => {
  const selector = {
    matchLabels: { app: 'web' },
    matchExpressions: [
      { key: 'tier', operator: 'NotIn', values: ['back'] },
      { key: 'x', operator: 'DoesNotExist' }
    ]
  }
  expect(formatSelector(selectorOf(selector).value ?? [])).toBe('app=web,tier!=back,!x')
  expect(selectorOf(undefined)).toEqual({ value: undefined, problems: [] })
  expect(selectorOf({})).toEqual({ value: [], problems: [] })
})

test('every fault of a selector object is told with its path', () => {
  const selector = {
    matchLabels: { app: 'a b' },
    matchExpressions: [
      { key: 'a', operator: 'Near' },
      { key: 'a', operator: 'In', values: [] },
      { key: 'a', operator: 'Exists', values: ['x'] },
      { operator: 'Exists' },
      3
    ]
  }
  expect(selectorOf(selector).problems.map((one) => one.path)).toEqual([
    'matchLabels.app',
    ...[0, 1, 2, 3, 4].map((index) => `matchExpressions[${index}]`)
  ])
  for (const odd of ['text', [], { matchLabels: [] }, { matchExpressions: {} }]) expect(selectorOf(odd).problems).toHaveLength(1)
})

const word = fc.constantFrom('a', 'b', 'c', 'in', 'notin')
const requirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record({
    key: word,
    operator: fc.constantFrom('in' as const, 'notin' as const),
    values: fc.uniqueArray(word, { minLength: 1, maxLength: 3 })
  }),
  fc.record({ key: word, operator: fc.constantFrom('exists' as const, 'missing' as const), values: fc.constant([]) })
)

test('a selector written and read again selects the same', () => {
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 4 }), fc.dictionary(word, word), (requirements, some) => {
      const again = parseSelector(formatSelector(requirements))
      expect(again.problems).toEqual([])
      const naive = requirements.every(({ key, operator, values }) => {
        const has = Object.keys(some).includes(key)
        const among = has && values.some((value) => value === some[key])
        return { in: among, notin: !among, exists: has, missing: !has }[operator]
      })
      expect(selects(again.value ?? [], some)).toBe(naive)
    })
  )
})

test('reading never throws', () => {
  fc.assert(fc.property(fc.stringMatching(/^[ab!=,() in]{0,20}$/), (text) => void parseSelector(text)))
})

test('selectors of specs match as labels say', () => {
  const cases: readonly [Parameters<typeof requirementsOf>[0], boolean][] = [
    [{}, true],
    [{ matchLabels: { app: 'web' } }, true],
    [{ matchLabels: { app: 'web', tier: 'back' } }, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'In', values: ['front', 'edge'] }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['front'] }] }, false],
    [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, true],
    [{ matchExpressions: [{ key: 'zone', operator: 'Exists' }] }, false],
    [{ matchExpressions: [{ key: 'zone', operator: 'DoesNotExist' }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'Near' }] }, false]
  ]
  for (const [selector, expected] of cases) expect(selects(requirementsOf(selector), labels), JSON.stringify(selector)).toBe(expected)
})

test('all wanted labels must be there, no matter what else is', () => {
  expect(hasLabels({ a: '1', b: '2' }, { a: '1' })).toBe(true)
  expect(hasLabels({ a: '1' }, { a: '1', c: '3' })).toBe(false)
  expect(hasLabels({ a: '1' }, { a: '2' })).toBe(false)
  expect(hasLabels(undefined, {})).toBe(true)
  expect(hasLabels({}, { constructor: 'x' })).toBe(false)
})
