import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deployed, objectsOf } from '../../test/route-mesh.ts'
import type { HttpMatch, StringMatch } from '../api/istio-virtual-service.ts'
import { compileRules } from '../route/compile-rule.ts'
import { Reads } from '../std/reads.ts'
import { Around } from './around.ts'
import { EMPTY_CONFIG } from '../route/mesh-config.ts'
import { matches } from '../route/matching.ts'
import { prepareRoute } from '../route/router.ts'
import { lint } from './lint.ts'
import { covers, lintReach } from './reach.ts'

function reach(http: string): string[] {
  const text = `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web}\nspec:\n  hosts: [web]\n  http:\n${http}`
  return lint([...deployed({ name: 'web', versions: {} }), ...objectsOf(text)])
    .filter(({ code }) => /unreachable|catch-all/.test(code))
    .map(({ code, path, message }) => `${code} ${path}: ${message}`)
}

const TO = 'route: [{destination: {host: web}}]'

test('a rule after one that takes everything is never reached', () => {
  expect(reach(`  - {name: all, ${TO}}\n  - {match: [{uri: {prefix: /a}}], ${TO}}\n`)).toEqual([
    'rule-unreachable spec.http[1]: never reached: http[0] (all) already takes every request'
  ])
})

test('a duplicate and a narrower prefix are never reached; one dead match of several is named alone', () => {
  expect(
    reach(
      `  - {match: [{uri: {prefix: /a}}], ${TO}}\n  - {match: [{uri: {prefix: /a}}], ${TO}}\n  - {match: [{uri: {exact: /a/b}}, {uri: {exact: /c}}], ${TO}}\n  - {${TO}}\n`
    )
  ).toEqual([
    'rule-unreachable spec.http[1]: never reached: http[0] already takes every request that this one would match',
    'match-unreachable spec.http[2].match[0]: never matches: http[0] already takes every request that this one would match'
  ])
})

test('rules without a last one for everything leave requests to 404', () => {
  expect(reach(`  - {match: [{method: {exact: GET}}], ${TO}}\n`).map((line) => line.split(':')[0])).toEqual(['no-catch-all spec.http[0]'])
})

test('an input without VirtualServices has no findings', () => {
  expect(
    lintReach({
      config: EMPTY_CONFIG,
      around: new Around(new Reads()),
      pods: 'some'
    })
  ).toEqual([])
})

test.each<[HttpMatch, HttpMatch, boolean]>([
  [{ sourceLabels: { a: '1' } }, { sourceLabels: { a: '1', b: '2' } }, true],
  [{ sourceLabels: { a: '1' } }, {}, false],
  [{ port: 80 }, {}, false],
  [{ gateways: ['g', 'mesh'] }, { gateways: ['g'] }, true],
  [{ gateways: ['g'] }, {}, false],
  [{ sourceLabels: { a: '1' } }, { sourceLabels: { a: '1' }, gateways: ['mesh'] }, false],
  [{ sourceNamespace: 'x' }, { sourceNamespace: 'x' }, true],
  [{ withoutHeaders: { x: { exact: 'ab' } } }, { withoutHeaders: { X: { prefix: 'a' } } }, true],
  [{ withoutHeaders: { x: { prefix: 'a' } } }, { withoutHeaders: { x: { exact: 'ab' } } }, false],
  [{ withoutHeaders: { x: {} } }, { withoutHeaders: { x: { exact: 'a' } } }, false],
  [{ withoutHeaders: { x: { exact: 'a' } } }, { withoutHeaders: { x: {} } }, true],
  [{ withoutHeaders: { x: { exact: '' } } }, { withoutHeaders: { x: {} } }, false],
  [{ uri: { prefix: '/A' }, ignoreUriCase: true }, { uri: { prefix: '/ab' } }, true],
  [{ uri: { prefix: '/a' } }, { uri: { prefix: '/ab' }, ignoreUriCase: true }, false]
])('%o covers %o: %s', (earlier, later, wanted) => {
  expect(covers(earlier, later)).toBe(wanted)
})

const TEXT = fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }).map((letters) => letters.join(''))
const TESTS: fc.Arbitrary<StringMatch> = fc.oneof(
  TEXT.map((exact) => ({ exact })),
  TEXT.map((prefix) => ({ prefix })),
  TEXT.map((text) => ({ regex: `${text}.*` })),
  fc.constant({})
)
const MATCH: fc.Arbitrary<HttpMatch> = fc.record(
  {
    uri: fc.oneof(
      TEXT.map((text) => ({ exact: `/${text}` })),
      TEXT.map((text) => ({ prefix: `/${text}` }))
    ),
    ignoreUriCase: fc.boolean(),
    headers: fc.dictionary(fc.constantFrom('x', 'y'), TESTS),
    withoutHeaders: fc.dictionary(fc.constantFrom('x'), TESTS),
    queryParams: fc.dictionary(fc.constantFrom('q'), TESTS)
  },
  { requiredKeys: [] }
)

function hits(match: HttpMatch, path: string, headers: Readonly<Record<string, string>>): boolean {
  const [route] = compileRules([{ rule: { match: [match], directResponse: { status: 200 } }, index: 0 }], {
    virtualService: 'd/v',
    namespace: 'd',
    gateway: 'mesh',
    port: 80,
    tls: false,
    caller: { namespace: 'd', labels: {} },
    clusterOf: () => ''
  })
  if (route === undefined) return false
  const end = path.includes('?') ? path.indexOf('?') : path.length
  return matches(
    prepareRoute(route),
    {
      method: 'GET',
      path,
      authority: 'h',
      scheme: 'http',
      remote: '127.0.0.1:50000',
      local: '127.0.0.1:80',
      header: (name) => headers[name]
    },
    path,
    end
  )
}

function both(first: HttpMatch, second: HttpMatch): HttpMatch {
  const headers = { ...first.headers, ...second.headers }
  return { ...first, ...second, headers, withoutHeaders: { ...first.withoutHeaders, ...second.withoutHeaders } }
}

/** Many later matches are the earlier one changed or narrowed, so that covered pairs are common. */
const PAIR = fc
  .tuple(MATCH, MATCH, fc.constantFrom('other', 'changed', 'narrowed'))
  .map(([a, b, how]): [HttpMatch, HttpMatch] => [a, how === 'other' ? b : how === 'changed' ? both(a, b) : both(b, a)])
const REQUESTS = fc.array(fc.tuple(TEXT, fc.constantFrom('', '?q', '?q=a', '?q=ab'), fc.dictionary(fc.constantFrom('x', 'y'), TEXT)), {
  minLength: 8
})

test('sound: whatever a covered match takes, the covering one takes too', () => {
  let covered = 0
  fc.assert(
    fc.property(PAIR, REQUESTS, ([a, b], requests) => {
      if (!covers(a, b)) return
      covered += 1
      for (const [text, query, headers] of requests) {
        const path = `/${text}${query}`
        expect(!hits(b, path, headers) || hits(a, path, headers), `${path} ${JSON.stringify(headers)}`).toBe(true)
      }
    }),
    { numRuns: 2000, seed: 42 }
  )
  expect(covered).toBeGreaterThan(200)
})
