import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ask, deployed, manifest, objectsOf, routerOf, said } from '../../test/route-mesh.ts'
import type { KubeObject } from '../api/object.ts'
import { seeded } from '../std/draw.ts'
import { dig } from '../std/json.ts'
import { compileRoutes, sameTable } from './compile-routes.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { EMPTY_TABLE } from './route-table.ts'
import { prepare, type Router } from './router.ts'

const REVIEWS = deployed({ name: 'reviews', versions: { v1: 2, v2: 1, v3: 1 } })

function count(objects: readonly KubeObject[], n: number): Record<string, number> {
  const router = routerOf(objects)
  const draw = seeded(11)
  const counts: Record<string, number> = {}
  for (let at = 0; at < n; at += 1) {
    const word = said(ask(router, { host: 'reviews' }, draw))
    counts[word] = (counts[word] ?? 0) + 1
  }
  return counts
}

function weighted(v1: number, v2: number): KubeObject[] {
  return objectsOf(`apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - route:
    - {destination: {host: reviews, subset: v1}, weight: ${v1}}
    - {destination: {host: reviews, subset: v2}, weight: ${v2}}
`)
}

describe('the guides', () => {
  test('G1: subsets select the pods of the Service by label', () => {
    const { clusters } = routerOf([...REVIEWS, ...manifest('01')])
    const pods = (subset: string): string[] | undefined =>
      clusters.get(`outbound|9080|${subset}|reviews.default.svc.cluster.local`)?.slots.map(({ endpoint }) => endpoint.pod)
    expect(pods('v1')).toEqual(['reviews-v1-0', 'reviews-v1-1'])
    expect(pods('v2')).toEqual(['reviews-v2-0'])
    expect(pods('')).toHaveLength(4)
  })

  test('G2: weights are applied as written: 95/5 and, between, 100/0 and 0/100', () => {
    const split = count([...REVIEWS, ...manifest('01'), ...manifest('02')], 20_000)
    expect(Math.abs((split['v2'] ?? 0) - 1000)).toBeLessThan(4 * Math.sqrt(20_000 * 0.05 * 0.95))
    expect(count([...REVIEWS, ...manifest('01'), ...weighted(100, 0)], 1000)).toEqual({ v1: 1000 })
    expect(count([...REVIEWS, ...manifest('01'), ...weighted(0, 100)], 1000)).toEqual({ v2: 1000 })
  })

  test('G3, G16: a change of weights changes one entry, and weight 0 takes the canary out at once', () => {
    const before = compileRoutes(meshConfigOf([...REVIEWS, ...manifest('01'), ...weighted(90, 10)])).table
    const after = compileRoutes(meshConfigOf([...REVIEWS, ...manifest('01'), ...weighted(100, 0)]), before).table
    const changed = Object.values(after.entries).filter((entry) => before.entries[entry.id]?.version !== entry.version)
    expect(new Set(changed.map(({ host }) => host))).toEqual(new Set(['reviews.default.svc.cluster.local']))
    expect(new Set(changed.map(({ version }) => version))).toEqual(new Set([before.version + 1]))
    const router = prepare(after)
    const draw = seeded(1)
    expect(Array.from({ length: 500 }, () => said(ask(router, { host: 'reviews' }, draw))).every((word) => word === 'v1')).toBe(true)
  })

  test('G5: the split does not depend on the number of pods', () => {
    const many = deployed({ name: 'reviews', versions: { v1: 99, v2: 1 } })
    const counts = count([...many, ...manifest('01'), ...weighted(99, 1)], 50_000)
    expect(Math.abs((counts['v2'] ?? 0) - 500)).toBeLessThan(4 * Math.sqrt(50_000 * 0.01 * 0.99))
  })

  test('G6: callers of every namespace see the same weights', () => {
    const router = routerOf([
      ...REVIEWS,
      ...manifest('01'),
      ...weighted(0, 100),
      ...deployed({ name: 'web', versions: { v1: 1 }, namespace: 'shop' })
    ])
    expect(said(ask(router, { host: 'reviews.default', namespace: 'shop' }))).toBe('v2')
    expect(said(ask(router, { host: 'reviews.default.svc.cluster.local', namespace: '' }))).toBe('v2')
  })

  test('G17: with all weight on v1 a ready v2 gets nothing', () => {
    expect(count([...REVIEWS, ...manifest('33'), ...manifest('34')], 1000)).toEqual({ v1: 1000 })
  })

  test.each([
    ['reviews', 'default', 'v2'],
    ['REVIEWS:9080', 'default', 'v2'],
    ['reviews.default.svc', 'shop', 'v2'],
    ['reviews', 'shop', 'unknown-host']
  ])('G21: host %s from %s gives %s', (host, namespace, wanted) => {
    const router = routerOf([
      ...REVIEWS,
      ...manifest('01'),
      ...manifest('10'),
      ...deployed({ name: 'web', versions: { v1: 1 }, namespace: 'shop' })
    ])
    expect(said(ask(router, { host, namespace }))).toBe(wanted)
  })

  test.each([
    ['shop.example.com', 'v2'],
    ['SHOP.example.com:80', 'v2'],
    ['other.example.com', 'v1'],
    ['a.b.example.com', 'v1'],
    ['example.com', 'unknown-host'],
    ['shop.example.org', 'unknown-host']
  ])('G21: of a wildcard and a name at a gateway the more specific answers %s: %s', (host, wanted) => {
    const rules = ['*.example.com', 'shop.example.com'].flatMap((name, at) =>
      objectsOf(`apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: rules-${at}}
spec: {hosts: ["${name}"], gateways: [edge], http: [{route: [{destination: {host: reviews, subset: v${at + 1}}}]}]}
`)
    )
    const edge = objectsOf(`apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
`)
    const router = routerOf([...REVIEWS, ...manifest('01'), ...edge, ...rules])
    expect(said(ask(router, { host, gateway: true }))).toBe(wanted)
  })

  test.each([
    ['/a/x', { one: '1', two: '2' }, 'v3'],
    ['/a/x', { one: '1' }, 'v2'],
    ['/b/x', { one: '1', two: '2' }, 'v2'],
    ['/b/x', { two: '2' }, 'v2'],
    ['/a/x', { two: '2' }, 'v1'],
    ['/c', { one: '2', two: '1' }, 'v1']
  ])('G22: %s with headers %o: all conditions of a block, any block of a rule, the first rule: %s', (path, headers, wanted) => {
    const rules = objectsOf(`apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - match: [{uri: {prefix: /a}, headers: {one: {exact: "1"}, two: {exact: "2"}}}]
    route: [{destination: {host: reviews, subset: v3}}]
  - match: [{headers: {one: {exact: "1"}}}, {uri: {prefix: /b}}]
    route: [{destination: {host: reviews, subset: v2}}]
  - route: [{destination: {host: reviews, subset: v1}}]
`)
    expect(said(ask(routerOf([...REVIEWS, ...manifest('15'), ...rules]), { host: 'reviews', path, headers }))).toBe(wanted)
  })

  test.each([
    [{ 'x-canary': 'true' }, 'v2'],
    [{ 'X-Canary': 'true' }, 'v2'],
    [{ 'x-canary': 'True' }, 'v1'],
    [{ 'x-canary': 'true,true' }, 'v1'],
    [{}, 'v1']
  ])('G25: with manifest 06 for testers alone, headers %o give %s', (headers, wanted) => {
    const payment = deployed({ name: 'payment-svc', versions: { v1: 1, v2: 1 }, namespace: 'production' })
    const [rules] = manifest('06')
    const http = dig(rules, 'spec', 'http')
    const toV1 = { route: [{ destination: { host: 'payment-svc', subset: 'v1' } }] }
    const testers = { ...rules, spec: { hosts: ['payment-svc'], http: [Array.isArray(http) ? http[0] : undefined, toV1] } } as KubeObject
    const subsets = objectsOf(`apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: payment-svc, namespace: production}
spec: {host: payment-svc, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
`)
    const router = routerOf([...payment, ...subsets, testers])
    expect(said(ask(router, { host: 'payment-svc', namespace: 'production', headers }))).toBe(wanted)
  })

  test.each([
    ['GET', 'api-service'],
    ['DELETE', 'api-service'],
    ['PATCH', 'no-match'],
    ['get', 'no-match']
  ])('G29: manifest 27 answers %s: %s', (method, wanted) => {
    const router = routerOf([...deployed({ name: 'api-service', versions: { v1: 1 } }), ...manifest('27')])
    expect(said(ask(router, { host: 'api-service', method }))).toBe(wanted)
  })

  test.each([
    [{ 'x-user-group': 'internal-testers' }, 'v3'],
    [{ 'X-User-Group': 'beta' }, 'v2'],
    [{ cookie: 'a=b; beta=true; c=d' }, 'v2'],
    [{ cookie: 'beta=false' }, 'v1'],
    [{ 'x-user-group': 'Beta' }, 'v1'],
    [{}, 'v1']
  ])('G22, G24: headers %o give %s', (headers, wanted) => {
    const router = routerOf([...REVIEWS, ...manifest('15'), ...manifest('11')])
    expect(said(ask(router, { host: 'reviews', headers }))).toBe(wanted)
  })

  test('G25, G26: the header rule before the weights sends its requests to v2 and leaves the others to the split', () => {
    const router = routerOf([...REVIEWS, ...manifest('01'), ...manifest('05')])
    expect(said(ask(router, { host: 'reviews', headers: { 'X-Canary': 'true' } }, () => 0))).toBe('v2')
    expect(said(ask(router, { host: 'reviews' }, () => 0.949))).toBe('v1')
    expect(said(ask(router, { host: 'reviews' }, () => 0.951))).toBe('v2')
  })
})

describe('gateways', () => {
  const GATEWAY = objectsOf(`apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: api-gateway}
spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [api.example.com]}]}
`)
  const backends = [
    ['users-service-v2', 8080],
    ['legacy-api', 8080],
    ['health-checker', 80],
    ['cdn-service', 80],
    ['frontend-service', 3000],
    ['catalog-service', 8080],
    ['external-service', 80]
  ].flatMap(([name, port]) => deployed({ name: String(name), versions: { v1: 1 }, port: Number(port) }))

  test.each([
    ['/api/v2/users/7?x=1', 'users-service-v2'],
    ['/api/v1', 'legacy-api'],
    ['/api/v10', 'legacy-api'],
    ['/healthz', 'health-checker'],
    ['/healthzz', 'frontend-service'],
    ['/static/a.css', 'cdn-service'],
    ['/', 'frontend-service']
  ])('G29, G30: %s goes to %s, on the port written or the only one', (path, wanted) => {
    const router = routerOf([...backends, ...GATEWAY, ...manifest('12')])
    expect(said(ask(router, { host: 'api.example.com', path, gateway: true }))).toBe(wanted)
  })

  test('G30: at a gateway a destination without port needs a Service with one port', () => {
    const ports = [81, 82].map((port) => ({ name: `http-${port}`, port }))
    const two = backends.map((object) =>
      object.kind === 'Service' && object.metadata.name === 'cdn-service'
        ? { ...object, spec: { selector: { app: 'cdn-service' }, ports } }
        : object
    )
    const router = routerOf([...two, ...GATEWAY, ...manifest('12')])
    expect(said(ask(router, { host: 'api.example.com', path: '/static/a.css', gateway: true }))).toBe('no-destination')
    expect(said(ask(router, { host: 'api.example.com', path: '/health', gateway: true }))).toBe('health-checker')
  })

  test('G36: without `gateways` a VirtualService is for the mesh alone, with a Gateway for that one alone, with both for both', () => {
    const bound = (gateways: string): Router =>
      routerOf([
        ...deployed({ name: 'reviews', versions: { v1: 1, v2: 1 } }),
        ...manifest('01'),
        ...GATEWAY,
        ...objectsOf(`apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec: {hosts: [reviews, api.example.com], ${gateways} http: [{route: [{destination: {host: reviews, subset: v2}}]}]}
`)
      ])
    const seen = (router: Router): string[] => [
      said(ask(router, { host: 'reviews' })),
      said(ask(router, { host: 'api.example.com', gateway: true }))
    ]
    expect(seen(bound(''))).toEqual(['v2', 'unknown-host'])
    expect(seen(bound('gateways: [api-gateway],'))).toEqual(['reviews', 'v2'])
    expect(seen(bound('gateways: [api-gateway, mesh],'))).toEqual(['v2', 'v2'])
    expect(seen(bound('gateways: [other],'))).toEqual(['reviews', 'unknown-host'])
  })

  test('G33: path and authority are rewritten', () => {
    const router = routerOf([...backends, ...GATEWAY, ...manifest('13')])
    expect(ask(router, { host: 'api.example.com', path: '/api/v2/catalog/5?q=1', gateway: true })).toMatchObject({
      path: '/catalog/5?q=1',
      authority: 'api.example.com'
    })
    expect(ask(router, { host: 'api.example.com', path: '/external-api/x', gateway: true })).toMatchObject({
      path: '/api/x',
      authority: 'external-service.partner.com'
    })
    expect(said(ask(router, { host: 'api.example.com', path: '/other', gateway: true }))).toBe('no-match')
    expect(said(ask(router, { host: 'other.example.com', gateway: true }))).toBe('unknown-host')
  })
})

test('a missing subset is 503 NC, a subset without endpoints has an empty cluster (UH), an unknown host has none', () => {
  const router = routerOf([...deployed({ name: 'reviews', versions: { v1: 1 } }), ...manifest('01'), ...weighted(0, 100)])
  const decision = ask(router, { host: 'reviews' })
  expect(said(decision)).toBe('v2')
  expect(router.clusters.get('outbound|9080|v2|reviews.default.svc.cluster.local')?.slots).toEqual([])
  expect(said(ask(routerOf([...REVIEWS, ...weighted(0, 100)]), { host: 'reviews' }))).toBe('no-destination')
  expect(said(ask(router, { host: 'nowhere' }))).toBe('unknown-host')
})

test('an error in one host keeps its last good entry, leaves other hosts alone, and without one the host has no route', () => {
  const others = deployed({ name: 'ratings', versions: { v1: 1 } })
  const good = compileRoutes(meshConfigOf([...REVIEWS, ...others, ...manifest('01'), ...weighted(0, 100)])).table
  const bad = meshConfigOf([...REVIEWS, ...others, ...manifest('01'), ...weighted(0, 0)])
  const after = compileRoutes(bad, good)
  expect(after.problems.map(({ code }) => code)).toEqual(['weights-zero'])
  expect(said(ask(prepare(after.table), { host: 'reviews' }))).toBe('v2')
  expect(said(ask(prepare(after.table), { host: 'ratings' }))).toBe('ratings')
  expect(said(ask(prepare(compileRoutes(bad).table), { host: 'reviews' }))).toBe('no-match')
})

test('a command that Envoy does not know keeps the rules before it in force, and the finding says so', () => {
  const rule = (value: string): KubeObject[] =>
    objectsOf(`apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: default}
spec: {hosts: [reviews], http: [{headers: {request: {set: {x: "${value}"}}}, route: [{destination: {host: reviews}}]}]}`)
  const good = compileRoutes(meshConfigOf([...REVIEWS, ...rule('%PROTOCOL%')])).table
  const after = compileRoutes(meshConfigOf([...REVIEWS, ...rule('%NO_SUCH_WORD%')]), good)
  expect(after.problems.map(({ code, message }) => [code, message.includes('stay in force')])).toEqual([['unknown-command', true]])
  const decision = ask(prepare(after.table), { host: 'reviews' })
  expect(decision).toMatchObject({ kind: 'forward', request: { stages: [{ set: [['x', [{ kind: 'fact', name: 'PROTOCOL' }]]] }] } })
})

test('the same objects give the same table, and the very table when nothing changed', () => {
  const config = meshConfigOf([...REVIEWS, ...manifest('01'), ...manifest('02')])
  const first = compileRoutes(config).table
  expect(compileRoutes(config, first).table).toBe(first)
  expect(sameTable(compileRoutes(config).table, first)).toBe(true)
  expect(sameTable(first, EMPTY_TABLE)).toBe(false)
})

test('the table of the walkthrough in guide 3 is as recorded', () => {
  const file = 'test/golden/route/walkthrough.txt'
  const pods = objectsOf(WALKTHROUGH_PODS)
  const { table } = compileRoutes(meshConfigOf([...pods, ...manifest('33'), ...manifest('35')]))
  const ruler = '-'.repeat(80)
  const text = `${WALKTHROUGH_PODS}${ruler}\n${JSON.stringify(table, null, 1)}\n`
  if (process.env['UPDATE'] === '1' || !existsSync(file)) writeFileSync(file, text)
  expect(text).toBe(readFileSync(file, 'utf8'))
})

const WALKTHROUGH_PODS = `# guide 3, steps 2 and 4 (manifests 33 and 35), over these:
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: default}
spec: {selector: {app: reviews}, ports: [{name: http, port: 9080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: reviews-v1-a, namespace: default, labels: {app: reviews, version: v1}}
---
apiVersion: v1
kind: Pod
metadata: {name: reviews-v2-a, namespace: default, labels: {app: reviews, version: v2}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: reviews-1, namespace: default, labels: {kubernetes.io/service-name: reviews}}
ports: [{name: http, port: 9080}]
endpoints:
- {addresses: [127.10.0.1], conditions: {ready: true}, targetRef: {kind: Pod, name: reviews-v1-a}}
- {addresses: [127.10.0.2], conditions: {ready: true}, targetRef: {kind: Pod, name: reviews-v2-a}}
`
