import { describe, expect, test } from 'vitest'
import type { HttpRoute } from '../api/istio-virtual-service.ts'
import { clusterName } from './clusters.ts'
import { DEFAULT_RETRY, compileRules, isCatchAll, retryPolicy } from './compile-rule.ts'
import type { Viewpoint } from './compile-rule.ts'
import type { Route } from './route-table.ts'

const VIEW: Viewpoint = {
  virtualService: 'default/x',
  namespace: 'default',
  gateway: 'mesh',
  port: 80,
  tls: false,
  caller: { namespace: 'shop', labels: { app: 'web', version: 'v1' } },
  clusterOf: ({ host, subset, port }) => clusterName({ host, subset, port: port ?? 80 })
}
const TO_A = [{ destination: { host: 'a' } }]

function compile(rules: readonly HttpRoute[], view: Partial<Viewpoint> = {}): Route[] {
  return compileRules(
    rules.map((rule, index) => ({ rule, index })),
    { ...VIEW, ...view }
  )
}

function names(rules: readonly HttpRoute[], view: Partial<Viewpoint> = {}): (string | undefined)[] {
  return compile(rules, view).map(({ ref }) => ref.name)
}

describe('which routes there are', () => {
  test('one per match block, named by rule and match, until the first that takes everything', () => {
    const rules: HttpRoute[] = [
      { name: 'r', match: [{ name: 'm', uri: { prefix: '/a' } }, { uri: { exact: '/b' } }], route: TO_A },
      { match: [{ name: 'only', uri: { prefix: '/' } }, { uri: { prefix: '/c' } }], route: TO_A },
      { name: 'never', route: TO_A }
    ]
    expect(names(rules)).toEqual(['r.m', 'r', '.only'])
  })

  test.each<[string, NonNullable<HttpRoute['match']>, boolean]>([
    ['port of this listener', [{ port: 80 }], true],
    ['another port', [{ port: 81 }], false],
    ['labels of the caller', [{ sourceLabels: { app: 'web' } }], true],
    ['labels of others', [{ sourceLabels: { app: 'db' } }], false],
    ['namespace of the caller', [{ sourceNamespace: 'shop' }], true],
    ['another namespace', [{ sourceNamespace: 'other' }], false],
    ['mesh', [{ gateways: ['mesh'] }], true],
    ['a gateway', [{ gateways: ['g'] }], false],
    ['mesh, whose labels are then not asked', [{ gateways: ['mesh'], sourceLabels: { app: 'db' } }], true]
  ])('%s', (_, match, alive) => {
    expect(compile([{ match, route: TO_A }])).toHaveLength(alive ? 1 : 0)
  })

  test('static conditions are consumed: what is left without conditions takes everything', () => {
    const rules: HttpRoute[] = [
      { name: 'v1', match: [{ sourceLabels: { version: 'v1' } }], route: TO_A },
      { name: 'rest', route: TO_A }
    ]
    expect(names(rules)).toEqual(['v1'])
    expect(names(rules, { caller: { namespace: 'shop', labels: {} } })).toEqual(['rest'])
  })

  test('only prefix /, regex .* and no path without other conditions take everything', () => {
    const taken = (match: NonNullable<HttpRoute['match']>[number]): boolean => compile([{ match: [match], route: TO_A }]).every(isCatchAll)
    expect([{ uri: { prefix: '/' } }, { uri: { regex: '.*' } }, {}].map(taken)).toEqual([true, true, true])
    expect(
      [{ uri: { prefix: '' } }, { uri: { exact: '/' } }, { method: { exact: 'GET' } }, { withoutHeaders: { x: {} } }].map(taken)
    ).toEqual([false, false, false, false])
  })
})

describe('what routes do', () => {
  function action(rule: HttpRoute, view: Partial<Viewpoint> = {}): Route['action'] | undefined {
    return compile([rule], view)[0]?.action
  }

  test('a lone destination takes all whatever its weight; of several, weight 0 is dropped', () => {
    expect(action({ route: [{ destination: { host: 'a' }, weight: 10 }] })).toMatchObject({ choices: [{ weight: 1 }], total: 1 })
    const three = [0, 1, 3].map((weight, at) => ({ destination: { host: `h${at}` }, weight }))
    expect(action({ route: three })).toMatchObject({ choices: [{ weight: 1 }, { weight: 3 }], total: 4 })
    expect(action({ route: three.map(({ destination }) => ({ destination })) })).toBeUndefined()
  })

  test.each([
    [{ port: 80, scheme: 'http' }, undefined],
    [{ port: 443, scheme: 'https' }, undefined],
    [{ port: 8443, scheme: 'https' }, 8443],
    [{ derivePort: 'FROM_REQUEST_PORT' as const }, undefined],
    [{ port: 80, scheme: 'https' }, 80]
  ])('redirect %o has port %s', (redirect, port) => {
    expect(action({ redirect })).toMatchObject({ kind: 'redirect', status: 301, port })
  })

  test('a redirect code without meaning gives no route; redirect and direct response come before route', () => {
    expect(action({ redirect: { redirectCode: 305 } })).toBeUndefined()
    expect(action({ redirect: { uri: '/x' }, route: TO_A })).toMatchObject({ kind: 'redirect', uri: '/x' })
    expect(action({ directResponse: { status: 503, body: { bytes: 'ZG93bg==' } } })).toMatchObject({
      kind: 'respond',
      status: 503,
      body: 'down'
    })
    expect(action({ redirect: { uri: '%PREFIX()%/v2' } })).toMatchObject({ uri: undefined, prefixRewrite: '/v2' })
  })

  test('texts for a head are bytes of UTF-8, so that no character of theirs becomes a line feed', () => {
    const to = [{ destination: { host: 'a' } }]
    expect(action({ rewrite: { uri: '/\u010a', authority: '\u010a.example' }, route: to })).toMatchObject({
      rewrite: { kind: 'prefix', value: '/\xc4\x8a' },
      choices: [{ authority: '\xc4\x8a.example' }]
    })
    expect(action({ rewrite: { uriRegexRewrite: { match: 'a', rewrite: '\u010a\\1' } }, route: to })).toMatchObject({
      rewrite: { kind: 'regex', substitute: '\xc4\x8a\\1' }
    })
    expect(action({ redirect: { uri: '/\u010a', authority: '\u010a' } })).toMatchObject({ uri: '/\xc4\x8a', authority: '\xc4\x8a' })
  })

  test('the host comes from rewrite, else the route, else the destination', () => {
    const own = { request: { set: { host: 'own' } } }
    const route = [{ destination: { host: 'a' }, headers: own }]
    const authority = (rule: HttpRoute): unknown => action(rule)
    expect(authority({ route })).toMatchObject({ choices: [{ authority: 'own' }] })
    expect(authority({ route, headers: { request: { set: { ':authority': 'route' } } } })).toMatchObject({
      choices: [{ authority: 'route' }]
    })
    expect(authority({ route, rewrite: { authority: 'rewrite' } })).toMatchObject({ choices: [{ authority: 'rewrite' }] })
  })
})

test.each([
  [undefined, 0, DEFAULT_RETRY],
  [{ attempts: 0 }, 0, undefined],
  [{ attempts: 3, perTryTimeout: '2s' }, 10_000, { ...DEFAULT_RETRY, attempts: 3, perTryTimeout: 2000 }],
  [{ attempts: 1, perTryTimeout: '2s' }, 2000, { ...DEFAULT_RETRY, attempts: 1 }],
  [{ attempts: 1, retryOn: '5xx, 503 ,' }, 0, { ...DEFAULT_RETRY, attempts: 1, on: ['5xx', 'retriable-status-codes'], statuses: [503] }],
  [
    { attempts: 1, backoff: '100ms', retryIgnorePreviousHosts: false },
    0,
    { ...DEFAULT_RETRY, attempts: 1, backoffBase: 100, backoffMax: 1000, avoidTried: false }
  ],
  [{ attempts: 1, retryRemoteLocalities: true }, 0, { ...DEFAULT_RETRY, attempts: 1, otherPriorities: true }]
])('retries %o with timeout %i', (retries, timeout, wanted) => {
  expect(retryPolicy(retries, timeout)).toEqual(wanted)
})
