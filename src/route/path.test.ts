import { expect, test } from 'vitest'
import { Expression } from './expression.ts'
import { normalizePath, pathEnd, rewritePath } from './path.ts'
import type { PathTest } from './route-table.ts'

test.each([
  ['/a/b?x=/../y', '/a/b?x=/../y'],
  ['/a/./b', '/a/b'],
  ['/a/../b', '/b'],
  ['/../../b', '/b'],
  ['/a/b/..', '/a/'],
  ['/a/..;x/b', '/b'],
  ['/a/%2e%2e/b', '/b'],
  ['/a/%2e%2e;/b', '/a/..;/b'],
  ['/%7Euser/%41', '/~user/A'],
  ['/a%2Fb%5c%20', '/a%2Fb%5c%20'],
  ['/a\\b', '/a/b'],
  ['//a///b/./', '//a///b/'],
  ['/a%zz', '/a%zz'],
  ['*', '*'],
  ['/a#b', undefined],
  ['/a%00b', undefined],
  ['/a?x=%00', '/a?x=%00']
])('%s becomes %s', (path, wanted) => {
  expect(normalizePath(path)).toBe(wanted)
})

const prefix = (value: string): PathTest => ({ kind: 'prefix', value, ignoreCase: false })

test.each([
  [prefix('/api/'), '/', '/api/x?q=1', '/x?q=1'],
  [prefix('/api'), '/', '/api/x', '//x'],
  [prefix('/api'), '/', '/apix', '/x'],
  [prefix('/api'), '/v2', '/api/x', '/v2/x'],
  [{ kind: 'any' } as const, '/v2', '/foo', '/v2foo'],
  [{ kind: 'exact', value: '/a', ignoreCase: false } as const, '/b', '/a?q', '/b?q'],
  [{ kind: 'regex', value: '/a.*' } as const, '/b', '/abc?q', '/b?q']
])('rewriting a match of %o to %s turns %s into %s', (match, value, path, wanted) => {
  expect(rewritePath(path, match, { kind: 'prefix', value }, undefined)).toBe(wanted)
})

test('a regex rewrite replaces every match outside the query, and an empty result leaves the path', () => {
  const rewrite = (expression: string, parts: (string | number)[], path: string): string =>
    rewritePath(path, { kind: 'any' }, { kind: 'regex', match: expression, substitute: '' }, { regex: new Expression(expression), parts })
  expect(rewrite('/(\\w)', ['/', 1, 1], '/a/b?x=/c')).toBe('/aa/bb?x=/c')
  expect(rewrite('b', ['[', 0, ']'], '/abab')).toBe('/a[b]a[b]')
  expect(rewrite('.*', [], '/gone?q')).toBe('/gone?q')
  expect(rewrite('/a', ['$1'], '/a')).toBe('$1')
})

test('the query begins at the first question mark', () => {
  expect([pathEnd('/a?b?c'), pathEnd('/a')]).toEqual([2, 2])
})
