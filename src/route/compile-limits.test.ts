import { expect, test } from 'vitest'
import { deployed, gatewayText, manifest, objectsOf } from '../../test/route-mesh.ts'
import type { KubeObject } from '../api/object.ts'
import { compileLimits, gatewayLabels, selectsNothing } from './compile-limits.ts'
import { compileRoutes } from './compile-routes.ts'
import { diffTables } from './diff-tables.ts'
import { EMPTY_CONFIG } from './mesh-config.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { EMPTY_TABLE } from './route-table.ts'
import type { RouteTable } from './route-table.ts'
import { applyChange, prepare, routesOf } from './router.ts'

const gateway = (port: number, selector: string): string => gatewayText({ name: `g${port}`, port, selector })

const ROUTES = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v, namespace: default}
spec:
  hosts: [app.example.com]
  gateways: [g80, g8080]
  http:
  - {name: api, match: [{uri: {prefix: /api}}], route: [{destination: {host: reviews}}]}
  - {name: rest, route: [{destination: {host: reviews}}]}
`

const LIMIT = '"@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit, stat_prefix: p'
const BUCKET = 'token_bucket: {max_tokens: 2, fill_interval: 60s}'

function filter(context: string, labels: string, ...more: readonly string[]): string {
  return `
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: limit, namespace: istio-system}
spec:
  workloadSelector: {labels: {${labels}}}
  configPatches:
  - applyTo: HTTP_FILTER
    match: {context: ${context}, listener: {filterChain: {filter: {subFilter: {name: envoy.filters.http.router}}}}}
    patch: {operation: INSERT_BEFORE, value: {name: envoy.filters.http.local_ratelimit, typed_config: {${LIMIT}}}}
${more.join('\n')}`
}

function override(applyTo: string, match: string): string {
  return `
  - applyTo: ${applyTo}
    match: {routeConfiguration: ${match}}
    patch:
      operation: MERGE
      value: {typed_per_filter_config: {envoy.filters.http.local_ratelimit: {${LIMIT}, ${BUCKET}}}}`
}

function tableOf(...texts: readonly string[]): RouteTable {
  const services = [...deployed({ name: 'reviews', versions: { v1: 1, v2: 1 } })]
  return compileRoutes(meshConfigOf([...services, ...objectsOf(texts.join('\n---\n'))])).table
}

function limited(table: RouteTable): string[] {
  return Object.values(table.scopes).flatMap(({ id, limits = [] }) => limits.map(({ limit, place }) => `${id} ${limit} ${place}`))
}

test('the limit of the guide (manifest 30) stands before the router of the ports whose Gateways select its labels', () => {
  const objects = [...manifest('30'), ...objectsOf([gateway(80, 'istio: ingress'), gateway(8080, 'istio: other')].join('\n---\n'))]
  const { table } = compileRoutes(meshConfigOf(objects))
  expect(limited(table)).toEqual(['gateway|80 istio-system/rate-limit#0 last'])
  expect(table.limits['istio-system/rate-limit#0']).toMatchObject({
    statPrefix: 'http_local_rate_limiter',
    bucket: { max: 1000, perFill: 1000, interval: 60_000 },
    enabled: 1,
    enforced: 1,
    status: 429,
    response: [{ name: 'x-rate-limited', value: 'true', action: 'overwrite' }]
  })
})

test('callers in the mesh are told apart by the labels of a limit for their side', () => {
  const ids = limited(tableOf(filter('SIDECAR_OUTBOUND', 'version: v1')))
  expect(ids.filter((line) => line.startsWith('mesh|9080|'))).toEqual(['mesh|9080|default|version=v1 istio-system/limit#0 last'])
})

test("a called pod's own side has limits by pod and port, with what is said of its host", () => {
  const { inbound } = tableOf(filter('SIDECAR_INBOUND', 'version: v1', override('VIRTUAL_HOST', '{vhost: {name: "inbound|http|9080"}}')))
  const [entry, ...others] = Object.entries(inbound)
  expect(others).toEqual([])
  expect(entry?.[0]).toMatch(/^default\/reviews-v1-0\|8080\|9080$/)
  expect(entry?.[1]).toEqual({
    filters: [{ name: 'envoy.filters.http.local_ratelimit', place: 'last', limit: 'istio-system/limit#0', bucket: '' }],
    overrides: {
      limits: {
        'envoy.filters.http.local_ratelimit': {
          limit: 'istio-system/limit#1:envoy.filters.http.local_ratelimit',
          bucket: 'inbound|8080||/inbound|http|9080'
        }
      },
      rules: [],
      includesHost: false
    }
  })
})

test('routes and hosts carry what is said of them, and only those', () => {
  const said = filter('GATEWAY', 'istio: ingress', override('HTTP_ROUTE', '{vhost: {name: "app.example.com:80", route: {name: api}}}'))
  const { entries } = tableOf(gateway(80, 'istio: ingress'), gateway(8080, 'istio: ingress'), ROUTES, said)
  const routes = (id: string): unknown => entries[id]?.routes.map(({ ref, limits }) => [ref.name, limits === undefined])
  expect(routes('gateway|80|app.example.com')).toEqual([
    ['api', false],
    ['rest', true]
  ])
  expect(routes('gateway|8080|app.example.com')).toEqual([
    ['api', true],
    ['rest', true]
  ])
})

test('a table travels by its changes: limits come before what uses them and go after it', () => {
  const texts = [gateway(80, 'istio: ingress'), ROUTES]
  const before = tableOf(...texts)
  const objects = [...deployed({ name: 'reviews', versions: { v1: 1, v2: 1 } }), ...objectsOf(texts.join('\n---\n'))]
  const limit = objectsOf(filter('ANY', 'istio: ingress', override('VIRTUAL_HOST', '{}')))
  const with1 = compileRoutes(meshConfigOf([...objects, ...limit]), before).table
  const without = compileRoutes(meshConfigOf(objects), with1).table
  const kinds = (from: RouteTable, to: RouteTable): string[] => diffTables(from, to).map(({ kind }) => kind)
  expect(kinds(before, with1).indexOf('put-limit')).toBeLessThan(kinds(before, with1).indexOf('put-scope'))
  expect(kinds(with1, without).at(-1)).toBe('remove-limit')
  const router = prepare(EMPTY_TABLE)
  for (const change of diffTables(EMPTY_TABLE, with1)) applyChange(router, change)
  expect([...router.limits.keys()]).toEqual(Object.keys(with1.limits))
  const slot = router.entries.get('gateway|80|app.example.com')
  expect(slot === undefined ? undefined : routesOf(slot)[0]?.limits?.limits).toHaveProperty('envoy.filters.http.local_ratelimit')
  for (const change of diffTables(with1, without)) applyChange(router, change)
  expect(router.limits.size).toBe(0)
})

test('a gateway with labels of its own is selected by them alone', () => {
  const config = { ...EMPTY_CONFIG, gatewayLabels: { istio: 'edge' } }
  expect(gatewayLabels(config, 80)).toEqual([{ istio: 'edge' }])
  expect(gatewayLabels(EMPTY_CONFIG, 80)).toEqual([{ istio: 'ingressgateway', app: 'istio-ingressgateway' }])
})

test('without EnvoyFilters nothing is looked at', () => {
  const limits = compileLimits(EMPTY_CONFIG)
  const head = { id: 'gateway|80', kind: 'gateway', port: 80, namespace: '', tls: false } as const
  const content = { host: 'a', httpsRedirect: false, routes: [], broken: false }
  expect(limits.scopeOf(head)).toBe(head)
  expect(limits.contentOf(head, content)).toBe(content)
  expect(limits.inboundOf([], [])).toEqual({})
})

test('a filter that is for no proxy', () => {
  const of = (text: string): KubeObject[] => objectsOf(text)
  const config = meshConfigOf(of(filter('ANY', 'app: a')))
  const [envoyFilter] = config.envoyFilters
  if (envoyFilter === undefined) throw new Error('there is one')
  expect(selectsNothing(config, envoyFilter, [])).toBe(true)
  expect(selectsNothing(config, envoyFilter, [{ namespace: 'shop', labels: { app: 'a' } }])).toBe(false)
})
