import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ask, deployed, factsOf, objectsOf, routerOf, said } from '../../test/route-mesh.ts'
import { seeded } from '../std/draw.ts'
import { decide, domainOf } from './decide.ts'
import type { Decision } from './decision.ts'
import type { HeaderTest, PathTest, Route, RouteTable, StringTest } from './route-table.ts'
import { prepare } from './router.ts'

/** A table of one gateway scope with the routes under each host. */
function tableOf(hosts: Readonly<Record<string, readonly Route[]>>): RouteTable {
  const names = Object.keys(hosts)
  return {
    version: 1,
    sourceLabels: [],
    limits: {},
    inbound: {},
    scopes: {
      'gateway|80': {
        id: 'gateway|80',
        kind: 'gateway',
        port: 80,
        namespace: '',
        tls: false,
        hosts: Object.fromEntries(names.map((name) => [name, name]))
      }
    },
    entries: Object.fromEntries(names.map((id) => [id, { id, version: 1, host: id, httpsRedirect: false, routes: hosts[id] ?? [] }])),
    clusters: {}
  }
}

function answer(index: number, test: Partial<Omit<Route, 'action' | 'ref'>> = {}): Route {
  return {
    ref: { virtualService: 'default/x', name: undefined, index },
    path: { kind: 'any' },
    headers: [],
    query: [],
    action: { kind: 'respond', status: 200, body: String(index), response: undefined },
    ...test
  }
}

const LETTERS = fc.constantFrom('a', 'b', 'c')
const TEXT = fc.array(LETTERS, { maxLength: 3 }).map((letters) => letters.join(''))
const STRING_TEST: fc.Arbitrary<StringTest> = fc.oneof(
  TEXT.map((value): StringTest => ({ kind: 'exact', value })),
  TEXT.map((value): StringTest => ({ kind: 'prefix', value })),
  TEXT.map((value): StringTest => ({ kind: 'regex', value: `${value}.*` })),
  fc.constant<StringTest>({ kind: 'present' })
)
const ROUTE = fc.record({
  path: fc.oneof(
    fc.constant({ kind: 'any' } as const),
    fc.record({
      kind: fc.constantFrom('exact' as const, 'prefix' as const),
      value: TEXT.map((text) => `/${text}`),
      ignoreCase: fc.boolean()
    })
  ),
  headers: fc.array(fc.record({ name: fc.constantFrom('x', 'y'), invert: fc.boolean(), test: STRING_TEST }), { maxLength: 2 }),
  query: fc.array(fc.record({ name: fc.constantFrom('p', 'q'), test: STRING_TEST }), { maxLength: 1 })
})

function holds(test: StringTest, value: string): boolean {
  if (test.kind === 'present') return true
  if (test.kind === 'exact') return value === test.value
  return value.startsWith(test.kind === 'prefix' ? test.value : test.value.slice(0, -2))
}

/** First match by the plainest reading of the spec. */
function naive(routes: readonly Route[], request: { readonly path: string; readonly headers: Readonly<Record<string, string>> }): string {
  const [path = '', query = ''] = request.path.split('?')
  const pairs = new URLSearchParams(query)
  const found = routes.find(
    (route) =>
      pathHolds(route.path, path) &&
      route.headers.every((header) => headerHolds(header, request.headers[header.name])) &&
      route.query.every(({ name, test }) => pairs.has(name) && holds(test, pairs.get(name) ?? ''))
  )
  return found === undefined ? 'no-match' : `200 ${found.ref.index}`
}

function pathHolds(test: PathTest, path: string): boolean {
  if (test.kind === 'any' || test.kind === 'regex') return true
  const [have, want] = test.ignoreCase ? [path.toLowerCase(), test.value.toLowerCase()] : [path, test.value]
  return test.kind === 'exact' ? have === want : have.startsWith(want)
}

function headerHolds({ invert, test }: HeaderTest, value: string | undefined): boolean {
  if (test.kind === 'present') return (value === undefined) === invert
  return value === undefined && !invert ? false : holds(test, value ?? '') !== invert
}

test('the first matching route decides, as the plainest reading finds it', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(
      fc.array(ROUTE, { maxLength: 6 }),
      fc.record({
        host: fc.constant('h'),
        path: fc.tuple(TEXT, fc.constantFrom('', '?p=a', '?q', '?p=&q=b', '?pp=a&p=b')).map(([text, query]) => `/${text}${query}`),
        headers: fc.dictionary(fc.constantFrom('x', 'y'), TEXT)
      }),
      (tests, request) => {
        const routes = tests.map((each, index) => answer(index, each))
        const router = prepare(tableOf({ h: routes }))
        const got = said(decide(router, 'gateway|80', factsOf(request), () => 0))
        seen.add(got)
        expect(got).toBe(naive(routes, request))
      }
    ),
    { numRuns: 2000, seed: 42 }
  )
  expect(seen.size).toBeGreaterThan(5)
})

const DOMAIN = fc.array(fc.constantFrom('a', 'b', 'com'), { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))

test('hosts: exact, else the longest suffix, else star; without case and port', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(
        fc.oneof(
          DOMAIN,
          DOMAIN.map((domain) => `*.${domain}`),
          fc.constant('*')
        ),
        { maxLength: 8 }
      ),
      DOMAIN,
      fc.boolean(),
      (patterns, host, loud) => {
        const router = prepare(tableOf(Object.fromEntries(patterns.map((pattern, index) => [pattern, [answer(index)]]))))
        const suffix = patterns
          .filter((pattern) => pattern.startsWith('*.') && host.endsWith(pattern.slice(1)))
          .toSorted((a, b) => b.length - a.length)[0]
        const wanted = patterns.includes(host) ? host : (suffix ?? (patterns.includes('*') ? '*' : undefined))
        const asked = loud ? `${host.toUpperCase()}:8080` : host
        for (const time of [1, 2]) {
          const got = said(decide(router, 'gateway|80', factsOf({ host: asked }), () => 0))
          expect(got, `time ${time}`).toBe(wanted === undefined ? 'unknown-host' : `200 ${patterns.indexOf(wanted)}`)
        }
      }
    ),
    { numRuns: 1000, seed: 42 }
  )
})

test.each([
  ['Reviews:9080', 'reviews'],
  ['[::1]:80', '[::1]'],
  ['a.b', 'a.b']
])('the domain of %s is %s', (authority, domain) => {
  expect(domainOf(authority)).toBe(domain)
})

function splitRouter(weights: readonly number[]): ReturnType<typeof routerOf> {
  const names = weights.map((_, at) => `d${at}`)
  const route = names.map((name, at) => `    - {destination: {host: ${name}}, weight: ${weights[at]}}`).join('\n')
  const services = names.flatMap((name) => deployed({ name, versions: { v1: 1 } }))
  return routerOf([
    ...services,
    ...objectsOf(
      `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: s}\nspec:\n  hosts: [d0]\n  http:\n  - route:\n${route}\n`
    )
  ])
}

test('the split is exact for 2 to 20 destinations whose weights need not sum to 100: each owns its share of the draws', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 2, maxLength: 20 }), (weights) => {
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      if (total === 0) return
      const router = splitRouter(weights)
      const counts = weights.map(() => 0)
      for (let value = 0; value < total; value += 1) {
        const at = Number(said(ask(router, { host: 'd0' }, () => (value + 0.5) / total)).slice(1))
        counts[at] = (counts[at] ?? 0) + 1
      }
      expect(counts).toEqual(weights)
    }),
    { numRuns: 100, seed: 42 }
  )
})

test('a million draws pass a chi-square test at 1 in 10,000', () => {
  const weights = [90, 7, 2, 1]
  const router = splitRouter(weights)
  const draw = seeded(20261121)
  const counts = weights.map(() => 0)
  const facts = factsOf({ host: 'd0' })
  for (let at = 0; at < 1e6; at += 1) {
    const decision = decide(router, 'mesh|9080|default', facts, draw)
    const index = decision.kind === 'forward' ? Number(decision.cluster.charAt('outbound|9080||d'.length)) : -1
    counts[index] = (counts[index] ?? 0) + 1
  }
  const chi = weights.reduce((sum, weight, at) => sum + ((counts[at] ?? 0) - weight * 1e4) ** 2 / (weight * 1e4), 0)
  expect(chi).toBeLessThan(21.1)
})

test.each([
  ['/a#b', 'bad-path'],
  ['/a%00', 'bad-path'],
  ['/a/../b', '200 0']
])('a request for %s is answered %s', (path, wanted) => {
  const router = prepare(tableOf({ h: [answer(0, { path: { kind: 'exact', value: '/b', ignoreCase: false } })] }))
  expect(said(decide(router, 'gateway|80', factsOf({ host: 'h', path }), () => 0))).toBe(wanted)
})

function ruled(rule: string): ReturnType<typeof routerOf> {
  const services = ['a', 'b', 'c'].flatMap((name) => deployed({ name, versions: { v1: 1 } }))
  const text = `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec: {hosts: [a], http: [${rule}]}\n`
  return routerOf([...services, ...objectsOf(text)])
}

/** Where a request goes, and what is done to it on the way. */
function fate(decision: Decision): string {
  const delayed = decision.kind !== 'redirect' && decision.delay > 0 ? ' delayed' : ''
  return `${said(decision)}${delayed}${decision.kind === 'forward' && decision.copies.length > 0 ? ' copied' : ''}`
}

test('copies, delays and aborts are drawn by themselves: each has its share among the requests of each other, and of each weight', () => {
  const split = 'route: [{destination: {host: b}, weight: 90}, {destination: {host: c}, weight: 10}]'
  const fault = 'fault: {delay: {fixedDelay: 5s, percentage: {value: 20}}, abort: {httpStatus: 418, percentage: {value: 5}}}'
  const router = ruled(`{${split}, ${fault}, mirror: {host: a}, mirrorPercentage: {value: 10}}`)
  const draw = seeded(5)
  const n = 100_000
  const counts = new Map<string, number>()
  for (let at = 0; at < n; at += 1) {
    const key = fate(ask(router, { host: 'a' }, draw))
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const shares = new Map<string, number>()
  for (const [delayed, delay] of [['', 0.8] as const, [' delayed', 0.2] as const]) {
    shares.set(`418 fault filter abort${delayed}`, 0.05 * delay)
    for (const [to, weight] of [['b', 0.9] as const, ['c', 0.1] as const]) {
      shares.set(`${to}${delayed}`, 0.95 * weight * delay * 0.9)
      shares.set(`${to}${delayed} copied`, 0.95 * weight * delay * 0.1)
    }
  }
  expect([...counts.keys()].toSorted()).toEqual([...shares.keys()].toSorted())
  for (const [key, share] of shares)
    expect(Math.abs((counts.get(key) ?? 0) - n * share), key).toBeLessThanOrEqual(4 * Math.sqrt(n * share * (1 - share)))
})

test('a destination that is missing is told after the delay, with the edits of the route and the fields of CORS', () => {
  const more =
    "fault: {delay: {fixedDelay: 1s, percentage: {value: 100}}}, corsPolicy: {allowOrigins: [{exact: '*'}]}, headers: {response: {set: {x-r: '1'}}}"
  const decision = ask(ruled(`{route: [{destination: {host: nobody}}], ${more}}`), { host: 'a', headers: { origin: 'https://o' } })
  expect(decision).toMatchObject({ kind: 'no-route', because: 'no-destination', delay: 1000 })
  expect(decision.response?.set).toEqual([
    ['x-r', '1'],
    ['access-control-allow-origin', 'https://o']
  ])
})

test('an abort comes before a preflight answer, which comes before a missing destination', () => {
  const cors = "corsPolicy: {allowOrigins: [{exact: '*'}], allowMethods: [GET]}"
  const asks = { host: 'a', method: 'OPTIONS', headers: { origin: 'https://o', 'access-control-request-method': 'GET' } }
  const abort = 'fault: {abort: {grpcStatus: NOT_FOUND, percentage: {value: 100}}}'
  expect(said(ask(ruled(`{route: [{destination: {host: nobody}}], ${cors}, ${abort}}`), asks))).toBe('200 fault filter abort')
  expect(ask(ruled(`{route: [{destination: {host: nobody}}], ${cors}}`), asks)).toMatchObject({
    kind: 'respond',
    status: 200,
    body: '',
    flag: '-'
  })
})

test('copies go to clusters that are there, and never of a CONNECT', () => {
  const router = ruled('{route: [{destination: {host: b}}], mirrors: [{destination: {host: nobody}}, {destination: {host: c}}]}')
  expect(ask(router, { host: 'a' })).toMatchObject({ copies: ['outbound|9080||c.default.svc.cluster.local'] })
  expect(ask(router, { host: 'a', method: 'CONNECT' })).toMatchObject({ copies: [] })
})

test('names that are unknown or longer than names can be fill no memory', () => {
  const router = prepare(tableOf({ 'a.example': [answer(0)], '*.example': [answer(1)] }))
  const saidTo = (host: string): string => said(decide(router, 'gateway|80', factsOf({ host }), () => 0))
  for (let index = 0; index < 100; index++) expect(saidTo(`${index}.nowhere`)).toBe('unknown-host')
  expect(saidTo(`${'x'.repeat(60_000)}.example`)).toBe('200 1')
  for (const host of ['a.example', 'a.example:80', 'b.example', 'b.example']) saidTo(host)
  expect([...(router.scopes.get('gateway|80')?.seen?.keys() ?? [])]).toEqual(['a.example', 'a.example:80', 'b.example'])
})
