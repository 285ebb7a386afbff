import { expect, test } from 'vitest'
import { matches } from './matching.ts'
import type { RequestFacts } from './request-facts.ts'
import type { HeaderTest, PathTest, QueryTest, StringTest } from './route-table.ts'
import { prepareRoute } from './router.ts'

function hit(
  tests: { path?: PathTest; header?: HeaderTest; query?: QueryTest },
  path: string,
  lines: readonly (readonly [string, string])[] = []
): boolean {
  const prepared = prepareRoute({
    ref: { virtualService: undefined, name: undefined, index: 0 },
    path: tests.path ?? { kind: 'any' },
    headers: tests.header === undefined ? [] : [tests.header],
    query: tests.query === undefined ? [] : [tests.query],
    action: { kind: 'respond', status: 200, body: '', response: undefined }
  })
  const linesOf = (name: string): string[] => lines.filter(([key]) => key === name).map(([, value]) => value)
  const facts: RequestFacts = {
    method: 'GET',
    path,
    authority: 'h:80',
    scheme: 'http',
    remote: '127.0.0.1:50000',
    local: '127.0.0.1:80',
    header: (name) => (linesOf(name).length === 0 ? undefined : linesOf(name).join(',')),
    lines: linesOf
  }
  const end = path.indexOf('?')
  return matches(prepared, facts, path, end < 0 ? path.length : end)
}

const exact = (value: string): StringTest => ({ kind: 'exact', value })
const regex = (value: string): StringTest => ({ kind: 'regex', value })

test.each<[PathTest, string, boolean]>([
  [{ kind: 'prefix', value: '/foo', ignoreCase: false }, '/foobar?x', true],
  [{ kind: 'prefix', value: '/foo?', ignoreCase: false }, '/foo?', false],
  [{ kind: 'exact', value: '/FOO', ignoreCase: true }, '/foo?x', true],
  [{ kind: 'exact', value: '/foo', ignoreCase: false }, '/foo/', false],
  [{ kind: 'regex', value: '/v[12]' }, '/v2?x', true],
  [{ kind: 'regex', value: '/v' }, '/v2', false]
])('path test %o on %s: %s', (path, target, wanted) => {
  expect(hit({ path }, target)).toBe(wanted)
})

test.each<[HeaderTest, readonly (readonly [string, string])[], boolean]>([
  [
    { name: 'x', invert: false, test: exact('a') },
    [
      ['x', 'b'],
      ['x', 'a']
    ],
    true
  ],
  [
    { name: 'x', invert: true, test: exact('a') },
    [
      ['x', 'b'],
      ['x', 'a']
    ],
    false
  ],
  [{ name: 'x', invert: false, test: exact('b,a') }, [['x', 'b,a']], true],
  [{ name: 'x', invert: true, test: exact('a') }, [], true],
  [{ name: 'x', invert: true, test: regex('.*') }, [], false],
  [{ name: 'x', invert: false, test: regex('.*') }, [], false],
  [{ name: 'x', invert: false, test: { kind: 'present' } }, [['x', '']], true],
  [{ name: 'x', invert: true, test: { kind: 'present' } }, [['x', '']], false],
  [{ name: ':authority', invert: false, test: exact('h:80') }, [], true],
  [{ name: ':method', invert: false, test: exact('get') }, [], false],
  [{ name: ':path', invert: false, test: exact('/p?q') }, [], true]
])('header test %o on %o: %s', (header, lines, wanted) => {
  expect(hit({ header }, '/p?q', lines)).toBe(wanted)
})

test.each<[StringTest, string, boolean]>([
  [exact('1'), '/?k=1', true],
  [exact('1'), '/?kk=1&k=1', true],
  [exact('1'), '/?k=2&k=1', false],
  [exact(''), '/?k', true],
  [exact('a=b'), '/?k=a=b', true],
  [exact('%20'), '/?k=%20', true],
  [{ kind: 'present' }, '/?x&k&y', true],
  [{ kind: 'present' }, '/?K=1', false],
  [{ kind: 'present' }, '/k', false],
  [regex('\\d+'), '/?k=12x', false]
])('query test %o on %s: %s', (value, path, wanted) => {
  expect(hit({ query: { name: 'k', test: value } }, path)).toBe(wanted)
})
