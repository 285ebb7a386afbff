import { expect, test } from 'vitest'
import { deployed, factsOf, objectsOf } from '../../test/route-mesh.ts'
import { compileRoutes } from './compile-routes.ts'
import { decide } from './decide.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { EMPTY_TABLE, gatewayScope, meshScope } from './route-table.ts'
import { applyChange, prepare, prepareRoute } from './router.ts'
import { PLAIN_FORWARD } from './plain.ts'

test('preparing indexes exact hosts, suffixes longest first, and star', () => {
  const gateway = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: g}
spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v}
spec: {hosts: [a.example, '*.example', '*.b.example'], gateways: [g], http: [{directResponse: {status: 200}}]}
`
  const router = prepare(compileRoutes(meshConfigOf([...deployed({ name: 'web', versions: {} }), ...objectsOf(gateway)])).table)
  const scope = router.scopes.get(gatewayScope(80))
  expect([...(scope?.exact.keys() ?? [])]).toEqual(['a.example'])
  expect([...(scope?.suffixes.keys() ?? [])].toSorted()).toEqual(['.b.example', '.example'])
  expect(scope?.suffixLengths).toEqual([10, 8])
  expect(router.scopes.get(meshScope([], { namespace: '', labels: {} }, 9080))?.exact.has('web.default.svc.cluster.local')).toBe(true)
})

test('a request keeps the routes it was given while the entry behind its host is swapped', () => {
  const router = prepare(EMPTY_TABLE)
  const put = (version: number): void =>
    applyChange(router, { kind: 'put-entry', version, entry: { id: 'e', version, host: 'h', httpsRedirect: false, routes: [] } })
  put(1)
  const slot = router.entries.get('e')
  const kept = slot?.entry
  put(2)
  expect(router.entries.get('e')).toBe(slot)
  expect([kept?.version, slot?.entry?.version, router.version]).toEqual([1, 2, 2])
})

test('changes to scopes that are gone do nothing', () => {
  const router = prepare(EMPTY_TABLE)
  applyChange(router, { kind: 'bind', version: 1, scope: 'gone', host: 'h', entry: 'e' })
  expect(router.scopes.size).toBe(0)
})

test('a substitution is cut at its groups', () => {
  const rewrite = { kind: 'regex', match: '(a)', substitute: 'x\\1-\\\\-\\0$1' } as const
  const action = { ...PLAIN_FORWARD, choices: [], total: 1, rewrite } as const
  const prepared = prepareRoute({
    ref: { virtualService: undefined, name: undefined, index: 0 },
    path: { kind: 'any' },
    headers: [],
    query: [],
    action
  })
  expect(prepared.rewrite?.parts).toEqual(['x', 1, '-\\-', 0, '$1'])
})

test('an entry is made ready at its first request, and again when it changes', () => {
  const [object] = objectsOf(`apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v}
spec: {hosts: [a.example], http: [{match: [{uri: {regex: '/a.*'}}], directResponse: {status: 200}}]}
`)
  const { table } = compileRoutes(meshConfigOf(object === undefined ? [] : [object]))
  const router = prepare(table)
  const slot = router.entries.get('mesh|80|a.example')
  expect(slot?.routes).toBeUndefined()
  const scope = meshScope([], { namespace: 'default', labels: {} }, 80)
  const kindAt = (path: string): string => decide(router, scope, factsOf({ host: 'a.example', path }), () => 0).kind
  expect([kindAt('/ab'), kindAt('/b')]).toEqual(['respond', 'no-route'])
  expect(slot?.routes?.[0]?.path?.isCompiled).toBe(true)
  if (slot?.entry !== undefined) applyChange(router, { kind: 'put-entry', version: 2, entry: slot.entry })
  expect(slot?.routes).toBeUndefined()
})

test('a destination that goes is missed by the next request, and found again when it is back', () => {
  const { table } = compileRoutes(meshConfigOf(deployed({ name: 'web', versions: { v1: 1 } })))
  const router = prepare(table)
  const scope = meshScope([], { namespace: 'default', labels: {} }, 9080)
  const kind = (): string => decide(router, scope, factsOf({ host: 'web', path: '/' }), () => 0).kind
  expect([kind(), kind()]).toEqual(['forward', 'forward'])
  const clusters = Object.values(table.clusters)
  for (const { id } of clusters) applyChange(router, { kind: 'remove-cluster', version: 2, cluster: id })
  expect([kind(), kind()]).toEqual(['no-route', 'no-route'])
  for (const cluster of clusters) applyChange(router, { kind: 'put-cluster', version: 3, cluster })
  expect([kind(), kind()]).toEqual(['forward', 'forward'])
})

test('a scope that comes is asked from then on instead of the one that stood in for it', () => {
  const router = prepare(compileRoutes(meshConfigOf(deployed({ name: 'web', versions: {} }))).table)
  const id = meshScope(['app'], { namespace: 'default', labels: { app: 'shop' } }, 9080)
  const kind = (): string => decide(router, id, factsOf({ host: 'web.default', path: '/' }), () => 0).kind
  expect(kind()).toBe('forward')
  const head = { id, kind: 'mesh', port: 9080, namespace: 'default', tls: false, refusesUnknown: true } as const
  applyChange(router, { kind: 'put-scope', version: 2, scope: head })
  expect(kind()).toBe('respond')
  applyChange(router, { kind: 'remove-scope', version: 3, scope: id })
  expect(kind()).toBe('forward')
})
