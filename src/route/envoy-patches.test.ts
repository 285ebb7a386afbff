import { describe, expect, test } from 'vitest'
import type { EnvoyFilter } from '../api/istio-envoy-filter.ts'
import { EnvoyPatches } from './envoy-patches.ts'
import type { PatchedHost, PatchedProxy } from './envoy-patches.ts'
import type { Route } from './route-table.ts'

const LIMIT = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', stat_prefix: 'p' }
const NAME = 'envoy.filters.http.local_ratelimit'
const GATEWAY: PatchedProxy = { context: 'GATEWAY', namespace: 'istio-system', labels: [{ istio: 'ingress' }], readsTokens: true }
const LISTENER = { port: 8080, name: '0.0.0.0_8080' }

interface Made {
  readonly name?: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly priority?: number
  readonly created?: string
  readonly patches?: readonly object[]
}

function filterOf({
  name = 'f',
  namespace = 'istio-system',
  labels,
  priority,
  created = '1',
  patches = [insertion({})]
}: Made): EnvoyFilter {
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name, namespace, creationTimestamp: `2026-01-01T00:00:0${created}Z` },
    spec: {
      configPatches: patches,
      workloadSelector: labels === undefined ? {} : { labels },
      ...(priority === undefined ? {} : { priority })
    }
  }
}

interface Insertion {
  readonly operation?: string
  readonly anchor?: string
  readonly name?: string
  readonly match?: object
  readonly listener?: object
}

function insertion({ operation = 'INSERT_BEFORE', anchor, name = NAME, match = {}, listener = {} }: Insertion): object {
  const filter = anchor === undefined ? {} : { filter: { subFilter: { name: anchor } } }
  const value = operation === 'REMOVE' ? {} : { value: { name, typed_config: LIMIT } }
  return {
    applyTo: 'HTTP_FILTER',
    match: { ...match, listener: { ...listener, filterChain: { ...filter } } },
    patch: { operation, ...value }
  }
}

function placed(filters: readonly EnvoyFilter[], proxy: PatchedProxy = GATEWAY): string[] {
  return new EnvoyPatches(filters).filtersOf(proxy, LISTENER).map(({ limit, place }) => `${limit} ${place}`)
}

describe('where a limit stands', () => {
  test.each([
    ['INSERT_FIRST', undefined, 'first'],
    ['INSERT_FIRST', 'envoy.filters.http.router', 'first'],
    ['INSERT_BEFORE', undefined, 'first'],
    ['INSERT_BEFORE', 'envoy.filters.http.jwt_authn', 'first'],
    ['INSERT_AFTER', 'envoy.filters.http.jwt_authn', 'before-fault'],
    ['INSERT_BEFORE', 'envoy.filters.http.fault', 'before-fault'],
    ['INSERT_AFTER', 'envoy.filters.http.fault', 'before-cors'],
    ['INSERT_BEFORE', 'envoy.filters.http.cors', 'before-cors'],
    ['INSERT_AFTER', 'envoy.filters.http.cors', 'last'],
    ['INSERT_BEFORE', 'envoy.filters.http.router', 'last']
  ])('%s %s: %s', (operation, anchor, place) => {
    const filter = filterOf({ patches: [insertion(anchor === undefined ? { operation } : { operation, anchor })] })
    expect(placed([filter])).toEqual([`istio-system/f#0 ${place}`])
  })

  test('a filter that is not in the chain: nowhere', () => {
    expect(placed([filterOf({ patches: [insertion({ anchor: 'no.such.filter' })] })])).toEqual([])
    const tokens = filterOf({ patches: [insertion({ anchor: 'envoy.filters.http.jwt_authn' })] })
    expect(placed([tokens], { ...GATEWAY, readsTokens: false })).toEqual([])
  })

  test('beside another limit, in its place, and away', () => {
    const first = insertion({ anchor: 'envoy.filters.http.router', name: 'a' })
    const after = insertion({ operation: 'INSERT_AFTER', anchor: 'a', name: 'b' })
    const replaced = insertion({ operation: 'REPLACE', anchor: 'a', name: 'c' })
    const removed = insertion({ operation: 'REMOVE', anchor: 'a' })
    expect(placed([filterOf({ patches: [first, after] })])).toEqual(['istio-system/f#0 last', 'istio-system/f#1 last'])
    expect(placed([filterOf({ patches: [first, replaced] })])).toEqual(['istio-system/f#1 last'])
    expect(placed([filterOf({ patches: [first, after, removed] })])).toEqual(['istio-system/f#1 last'])
  })
})

describe('which comes first', () => {
  const anchor = 'envoy.filters.http.router'
  const named = (made: Made): EnvoyFilter => filterOf({ ...made, patches: [insertion({ anchor, name: made.name ?? '' })] })
  const names = (filters: readonly EnvoyFilter[], namespace: string): string[] =>
    new EnvoyPatches(filters).filtersOf({ ...GATEWAY, namespace }, LISTENER).map(({ name }) => name)

  test('the root namespace, then the own one', () => {
    expect(names([named({ name: 'own', namespace: 'shop', created: '1' }), named({ name: 'root', created: '2' })], 'shop')).toEqual([
      'root',
      'own'
    ])
  })

  test('priority, then age, then name', () => {
    const filters = [
      named({ name: 'b', created: '2' }),
      named({ name: 'a', created: '2' }),
      named({ name: 'old', created: '1' }),
      named({ name: 'late', priority: 1 }),
      named({ name: 'early', priority: -1, created: '3' })
    ]
    expect(names(filters, 'istio-system')).toEqual(['early', 'old', 'a', 'b', 'late'])
  })
})

describe('whom it selects', () => {
  test.each([
    [{ namespace: 'istio-system' }, GATEWAY, true],
    [{ namespace: 'istio-system', labels: { istio: 'ingress' } }, GATEWAY, true],
    [{ namespace: 'istio-system', labels: { istio: 'other' } }, GATEWAY, false],
    [{ namespace: 'shop' }, GATEWAY, false],
    [{ namespace: 'shop' }, { ...GATEWAY, namespace: 'shop' }, true],
    [{ labels: { app: 'x' } }, { ...GATEWAY, labels: [{ istio: 'ingress' }, { app: 'x' }] }, true]
  ])('%j', (made, proxy, selected) => {
    expect(placed([filterOf(made)], proxy)).toHaveLength(selected ? 1 : 0)
  })

  test('by context: none and ANY are all', () => {
    const of = (match: object): EnvoyFilter => filterOf({ patches: [insertion({ match })] })
    for (const context of ['GATEWAY', 'SIDECAR_OUTBOUND', 'SIDECAR_INBOUND'] as const) {
      const proxy = { ...GATEWAY, context }
      expect(placed([of({}), of({ context: 'ANY' }), of({ context: 'GATEWAY' })], proxy)).toHaveLength(context === 'GATEWAY' ? 3 : 2)
    }
  })

  test('by listener', () => {
    const of = (listener: object): number => placed([filterOf({ patches: [insertion({ listener })] })]).length
    expect([of({ portNumber: 8080 }), of({ portNumber: 80 }), of({ name: '0.0.0.0_8080' }), of({ name: 'other' })]).toEqual([1, 0, 1, 0])
  })

  test('callers are told apart by the labels of filters for their side', () => {
    const inbound = filterOf({ labels: { app: 'x' }, patches: [insertion({ match: { context: 'SIDECAR_INBOUND' } })] })
    const outbound = filterOf({ labels: { version: 'v1' }, patches: [insertion({ match: { context: 'SIDECAR_OUTBOUND' } })] })
    expect(new EnvoyPatches([inbound, outbound]).callerLabels).toEqual(['version'])
    expect([new EnvoyPatches([inbound]).hasInbound, new EnvoyPatches([outbound]).hasInbound]).toEqual([true, false])
  })
})

describe('what hosts and routes say', () => {
  const HOST: PatchedHost = { port: 8080, table: 'http.8080', name: 'app.example.com:8080', domain: 'app.example.com' }
  const ROUTE: Route = {
    ref: { virtualService: 'default/v', name: 'api', index: 0 },
    path: { kind: 'any' },
    headers: [],
    query: [],
    action: { kind: 'respond', status: 200, body: '', response: undefined }
  }
  const config = { ...LIMIT, token_bucket: { max_tokens: 1, fill_interval: '1s' } }
  const override = (applyTo: string, routeConfiguration?: object): object => ({
    applyTo,
    match: { context: 'GATEWAY', ...(routeConfiguration === undefined ? {} : { routeConfiguration }) },
    patch: { operation: 'MERGE', value: { typed_per_filter_config: { [NAME]: config } } }
  })
  const onRoute = (routeConfiguration?: object): boolean =>
    new EnvoyPatches([filterOf({ patches: [override('HTTP_ROUTE', routeConfiguration)] })]).routeOverrides(GATEWAY, HOST, ROUTE, 0) !==
    undefined

  test.each([
    [undefined, true],
    [{ vhost: { name: 'app.example.com:8080' } }, true],
    [{ vhost: { name: 'other:8080' } }, false],
    [{ vhost: { domainName: 'app.example.com' } }, true],
    [{ vhost: { route: { name: 'api' } } }, true],
    [{ vhost: { route: { name: 'rest' } } }, false],
    [{ vhost: { route: { action: 'DIRECT_RESPONSE' } } }, true],
    [{ vhost: { route: { action: 'ROUTE' } } }, false],
    [{ portNumber: 8080 }, true],
    [{ portNumber: 80 }, false],
    [{ name: 'http.8080' }, true],
    [{ name: 'http.80' }, false],
    [{ gateway: 'default/gate' }, false]
  ])('a route by %j: %s', (match, applies) => {
    expect(onRoute(match)).toBe(applies)
  })

  test('the host goes before its table; routes of a host share its bucket, a route has one of its own', () => {
    const patches = new EnvoyPatches([
      filterOf({ patches: [override('VIRTUAL_HOST'), override('ROUTE_CONFIGURATION'), override('HTTP_ROUTE')] })
    ])
    expect(patches.hostOverrides(GATEWAY, HOST)?.limits).toEqual({
      [NAME]: { limit: `istio-system/f#0:${NAME}`, bucket: 'http.8080/app.example.com:8080' }
    })
    expect(patches.routeOverrides(GATEWAY, HOST, ROUTE, 3)?.limits).toEqual({
      [NAME]: { limit: `istio-system/f#2:${NAME}`, bucket: 'http.8080/app.example.com:8080/3' }
    })
  })
})
