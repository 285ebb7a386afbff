import { describe, expect, test } from 'vitest'
import type { EnvoyFilter } from '../api/istio-envoy-filter.ts'
import { matchesHttp, readEnvoyFilter } from './envoy-filters.ts'

const LIMIT = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', stat_prefix: 'p' }
const BUCKET = { token_bucket: { max_tokens: 1, fill_interval: '1s' } }
const VALUE = { name: 'envoy.filters.http.local_ratelimit', typed_config: LIMIT }

function filterOf(...patches: readonly object[]): EnvoyFilter {
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'f', namespace: 'istio-system' },
    spec: { configPatches: patches }
  }
}

function before(anchor: string | undefined): object {
  const filter = { name: 'envoy.filters.network.http_connection_manager', ...(anchor === undefined ? {} : { subFilter: { name: anchor } }) }
  return { context: 'GATEWAY', listener: { filterChain: { filter } } }
}

function problemsOf(...patches: readonly object[]): string[] {
  return readEnvoyFilter(filterOf(...patches)).problems.map(({ path, text }) => `${path} ${text}`)
}

test('a filter in the chain of listeners', () => {
  const { patches, limits, problems } = readEnvoyFilter(
    filterOf({
      applyTo: 'HTTP_FILTER',
      match: before('envoy.filters.http.router'),
      patch: { operation: 'INSERT_BEFORE', value: VALUE }
    })
  )
  expect(problems).toEqual([])
  expect(patches.map(({ context, change }) => ({ context, change }))).toEqual([
    {
      context: 'GATEWAY',
      change: {
        kind: 'insert',
        where: 'before',
        anchor: 'envoy.filters.http.router',
        name: 'envoy.filters.http.local_ratelimit',
        limit: 'istio-system/f#0'
      }
    }
  ])
  expect([...limits.keys()]).toEqual(['istio-system/f#0'])
})

test('what routes, hosts and route tables say', () => {
  const per = { typed_per_filter_config: { 'envoy.filters.http.local_ratelimit': { ...LIMIT, ...BUCKET } } }
  const actions = [{ actions: [{ remote_address: {} }] }]
  const { patches, problems } = readEnvoyFilter(
    filterOf(
      {
        applyTo: 'HTTP_ROUTE',
        patch: { operation: 'MERGE', value: { ...per, route: { rate_limits: actions, include_vh_rate_limits: true } } }
      },
      { applyTo: 'VIRTUAL_HOST', patch: { operation: 'MERGE', value: { ...per, rateLimits: actions } } },
      { applyTo: 'ROUTE_CONFIGURATION', patch: { operation: 'MERGE', value: per } }
    )
  )
  expect(problems).toEqual([])
  const rules = [{ stage: 0, actions: [{ kind: 'remote-address', key: 'remote_address' }] }]
  const limits = (at: number): object => ({
    'envoy.filters.http.local_ratelimit': `istio-system/f#${at}:envoy.filters.http.local_ratelimit`
  })
  expect(patches.map(({ change }) => change)).toEqual([
    { kind: 'override', level: 'route', limits: limits(0), rules, includesHost: true },
    { kind: 'override', level: 'host', limits: limits(1), rules, includesHost: false },
    { kind: 'override', level: 'table', limits: limits(2), rules: [], includesHost: false }
  ])
})

describe('what is not understood is named and not applied', () => {
  const insert = { operation: 'INSERT_BEFORE', value: VALUE }
  const router = before('envoy.filters.http.router')
  test.each([
    [{ applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: {} } }, 'the patch MERGE of CLUSTER'],
    [{ applyTo: 'HTTP_FILTER', match: router, patch: { operation: 'MERGE', value: VALUE } }, 'the patch MERGE of HTTP_FILTER'],
    [{ applyTo: 'HTTP_FILTER', match: router, patch: { operation: 'REPLACE', value: VALUE } }, 'the patch REPLACE of HTTP_FILTER'],
    [
      { applyTo: 'HTTP_FILTER', match: before('envoy.filters.http.cors'), patch: { operation: 'REMOVE' } },
      'the patch REMOVE of HTTP_FILTER'
    ],
    [{ applyTo: 'HTTP_ROUTE', patch: { operation: 'REMOVE' } }, 'the patch REMOVE of HTTP_ROUTE'],
    [
      { applyTo: 'HTTP_FILTER', match: before(undefined), patch: { operation: 'INSERT_AFTER', value: VALUE } },
      'the patch INSERT_AFTER of HTTP_FILTER: spec.configPatches[0] would put a filter behind the router, where no request comes by'
    ],
    [
      { applyTo: 'HTTP_FILTER', match: router, patch: { operation: 'INSERT_AFTER', value: VALUE } },
      'the patch INSERT_AFTER of HTTP_FILTER: spec.configPatches[0] would put a filter behind the router, where no request comes by'
    ],
    [
      {
        applyTo: 'HTTP_FILTER',
        match: router,
        patch: { ...insert, value: { name: 'lua', typed_config: { '@type': 'x/envoy.Lua', code: '' } } }
      },
      'the patch INSERT_BEFORE of HTTP_FILTER: patch.value.typed_config is of type envoy.Lua'
    ],
    [
      { applyTo: 'HTTP_FILTER', match: router, patch: { ...insert, value: { ...VALUE, typed_config: { ...LIMIT, odd: 1 } } } },
      'the patch INSERT_BEFORE of HTTP_FILTER: patch.value.typed_config.odd is not known here'
    ],
    [
      { applyTo: 'HTTP_FILTER', match: { ...router, proxy: { metadata: { a: 'b' } } }, patch: insert },
      'the patch INSERT_BEFORE of HTTP_FILTER: match.proxy.metadata is not known here'
    ],
    [
      { applyTo: 'HTTP_FILTER', match: { ...router, proxy: { proxyVersion: String.raw`^1\.20.*` } }, patch: insert },
      'the patch INSERT_BEFORE of HTTP_FILTER: match.proxy.proxyVersion is for other versions than 1.30.0'
    ],
    [
      { applyTo: 'HTTP_FILTER', match: { context: 'WAYPOINT' }, patch: insert },
      'the patch INSERT_BEFORE of HTTP_FILTER: match is about waypoints, which are not here'
    ],
    [
      { applyTo: 'HTTP_ROUTE', patch: { operation: 'MERGE', value: { typed_per_filter_config: { cors: { '@type': 'x/Cors' } } } } },
      'the patch MERGE of HTTP_ROUTE: patch.value.typed_per_filter_config.cors is of type Cors'
    ],
    [
      { applyTo: 'HTTP_ROUTE', patch: { operation: 'MERGE', value: { route: { timeout: '1s' } } } },
      'the patch MERGE of HTTP_ROUTE: patch.value.route.timeout is not known here'
    ]
  ])('%j', (patch, problem) => {
    expect(problemsOf(patch)).toEqual([`spec.configPatches[0] ${problem}`])
    expect(readEnvoyFilter(filterOf(patch)).patches).toEqual([])
    expect(readEnvoyFilter(filterOf(patch)).limits.size).toBe(0)
  })

  test('one bad patch leaves the others in force', () => {
    const { patches, problems } = readEnvoyFilter(
      filterOf({ applyTo: 'CLUSTER', patch: { operation: 'ADD', value: {} } }, { applyTo: 'HTTP_FILTER', match: router, patch: insert })
    )
    expect(patches).toHaveLength(1)
    expect(problems.map(({ path }) => path)).toEqual(['spec.configPatches[0]'])
  })

  test('targetRefs', () => {
    const filter = filterOf({ applyTo: 'HTTP_FILTER', match: router, patch: insert })
    const referring: EnvoyFilter = { ...filter, spec: { ...filter.spec, targetRefs: [{ kind: 'Gateway', name: 'g' }] } }
    expect(readEnvoyFilter(referring)).toMatchObject({ patches: [], problems: [{ path: 'spec.targetRefs', text: 'targetRefs' }] })
  })
})

test('a version expression that fits is no obstacle', () => {
  const match = { ...before('envoy.filters.http.router'), proxy: { proxyVersion: String.raw`^1\.3\d.*` } }
  expect(problemsOf({ applyTo: 'HTTP_FILTER', match, patch: { operation: 'INSERT_BEFORE', value: VALUE } })).toEqual([])
})

test('listener matches about other protocols match nothing here', () => {
  expect(matchesHttp(undefined)).toBe(true)
  expect(matchesHttp({ filterChain: { filter: { name: 'envoy.filters.network.http_connection_manager' } } })).toBe(true)
  expect(matchesHttp({ filterChain: { filter: { name: 'envoy.filters.network.tcp_proxy' } } })).toBe(false)
  expect(matchesHttp({ filterChain: { sni: 'a.b' } })).toBe(false)
  expect(matchesHttp({ filterChain: { transportProtocol: 'tls' } })).toBe(false)
})
