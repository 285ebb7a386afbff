import { expect, test } from 'vitest'
import { ruleFaults } from '../../test/istio-faults.ts'
import { checkCaller, checkHttpMatch, checkMatches, claimsIn, isClaim } from './istio-match-checks.ts'

test.each([
  ['{uri: {prefix: ""}}', []],
  ['{headers: {x: {}}, withoutHeaders: {x: {regex: "*"}}}', []],
  ['{headers: {x: {regex: "*"}}}', ['headers["x"].regex']],
  ['{queryParams: {q: {prefix: ""}}}', ['queryParams["q"].prefix']],
  ['{withoutHeaders: {x: {prefix: ""}}}', ['withoutHeaders["x"].prefix']],
  ['{uri: {regex: "("}}', ['uri.regex']],
  ['{method: {regex: "("}, scheme: {prefix: ""}, authority: {regex: ""}}', ['scheme.prefix', 'method.regex', 'authority.regex']],
  ['{headers: {"a b": {exact: x}}}', ['headers["a b"]']],
  ['{port: 70000}', ['port']],
  ['{port: 0, sourceNamespace: ""}', []],
  ['{sourceNamespace: a.b, sourceLabels: {"/": x}, gateways: [a/b/c]}', ['sourceLabels["/"]', 'gateways[0]', 'sourceNamespace']]
])('the match %s has faults at %o', (match, paths) => {
  const lines = ruleFaults(`{match: [${match}], route: [{destination: {host: b}}]}`)
  expect(lines.map((line) => line.replace(/^error match\[0\]\.(.*?): .*$/s, '$1'))).toEqual(paths)
})

test('a null header test is refused, as Istio does', () => {
  // null comes from objects that no schema has seen
  const match = { headers: { x: null } } as unknown as Parameters<typeof checkHttpMatch>[0]
  expect(checkHttpMatch(match, 'p')).toMatchObject([{ message: 'header match x cannot be null' }])
})

test('claims of tokens are told from headers', () => {
  expect(['@request.auth.claims.a', '@request.auth.claims[a.b]', '@request.auth.claim', 'x'].map(isClaim)).toEqual([
    true,
    true,
    false,
    false
  ])
  expect(claimsIn({ headers: { a: {}, '@request.auth.claims.b': {} }, withoutHeaders: { '@request.auth.claims.c': {} } })).toHaveLength(2)
  expect(checkMatches([{ headers: { '@request.auth.claims[a.b]': { exact: 'x' } } }], 'p')).toEqual([])
  expect(checkCaller({}, 'p')).toEqual([])
})
