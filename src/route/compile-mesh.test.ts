import { expect, test } from 'vitest'
import { ask, deployed, factsOf, objectsOf, routerOf, said } from '../../test/route-mesh.ts'
import type { KubeObject } from '../api/object.ts'
import { decide } from './decide.ts'
import type { Decision } from './decision.ts'
import { serviceScope } from './route-table.ts'

function answers(name: string, hosts: string, extra = '', namespace = 'default'): string {
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: ${namespace}}
spec: {hosts: ${hosts}, http: [{directResponse: {status: 200, body: {string: ${name}}}}]${extra}}
---
`
}

const WEB = deployed({ name: 'web', versions: { v1: 1 } })

test('a Service without a VirtualService answers from its endpoints, under its names and its address', () => {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'ip' },
    spec: { clusterIP: '127.96.0.7', ports: [{ port: 9080 }] }
  }
  const router = routerOf([...WEB, service])
  expect(said(ask(router, { host: 'web' }))).toBe('web')
  expect(said(ask(router, { host: '127.96.0.7:9080' }))).toBe('ip')
  expect(said(ask(router, { host: 'web', port: 80 }))).toBe('unknown-host')
})

test('the older of two owns a host; an exact host beats a wildcard, a longer wildcard a shorter', () => {
  const rules =
    answers('wide', "['*.svc.cluster.local']") +
    answers('near', "['*.default.svc.cluster.local']") +
    answers('old', '[web]') +
    answers('young', '[web]')
  const router = routerOf([
    ...WEB,
    ...deployed({ name: 'db', versions: {} }),
    ...deployed({ name: 'x', versions: {}, namespace: 'far' }),
    ...objectsOf(rules)
  ])
  expect(['web', 'db', 'x.far'].map((host) => said(ask(router, { host })))).toEqual(['200 old', '200 near', '200 wide'])
})

test('a rule private to a namespace is seen there only, and before public ones', () => {
  const rules =
    answers('public', '[web.default.svc.cluster.local]') + answers('own', '[web.default.svc.cluster.local]', ", exportTo: ['.']", 'shop')
  const router = routerOf([...WEB, ...objectsOf(rules)])
  expect(said(ask(router, { host: 'web.default', namespace: 'shop' }))).toBe('200 own')
  expect(said(ask(router, { host: 'web.default' }))).toBe('200 public')
})

test('hosts outside the registry are known on port 80', () => {
  const router = routerOf([...WEB, ...objectsOf(answers('out', '[api.example]'))])
  expect(said(ask(router, { host: 'api.example', port: 80 }))).toBe('200 out')
  expect(said(ask(router, { host: 'api.example' }))).toBe('unknown-host')
})

test('a VirtualService bound to a gateway only does not reach the mesh', () => {
  expect(said(ask(routerOf([...WEB, ...objectsOf(answers('gw', '[web]', ', gateways: [g]'))]), { host: 'web' }))).toBe('web')
})

test('callers are told apart by the labels that rules ask about', () => {
  const rule = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v}
spec: {hosts: [web], http: [{match: [{sourceLabels: {team: a}}], directResponse: {status: 200, body: {string: a}}}]}
`
  const caller = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'c', labels: { team: 'a', other: 'x' } } }
  const router = routerOf([...WEB, caller, ...objectsOf(rule)])
  expect(router.sourceLabels).toEqual(['team'])
  expect(said(ask(router, { host: 'web', labels: { team: 'a', other: 'y' } }))).toBe('200 a')
  expect(said(ask(router, { host: 'web', labels: { team: 'b' } }))).toBe('web')
})

const ENTRY = (name: string, namespace: string, spec: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {hosts: [x.example], resolution: STATIC, ports: [{name: http, number: 9080, protocol: HTTP}], ${spec}}\n---\n`

test('of ServiceEntries for one host each namespace goes to its own; who does not see it does not know the host', () => {
  const text =
    ENTRY('a', 'a', "exportTo: ['.'], endpoints: [{address: 1.1.1.1}]") +
    ENTRY('b', 'b', "exportTo: ['.'], endpoints: [{address: 2.2.2.2}]")
  const router = routerOf(objectsOf(text))
  const address = (namespace: string): string | undefined => {
    const decision = ask(router, { host: 'x.example', namespace })
    return decision.kind === 'forward' ? router.clusters.get(decision.cluster)?.slots[0]?.endpoint.address : decision.kind
  }
  expect([address('a'), address('b'), address('default')]).toEqual(['1.1.1.1', '2.2.2.2', 'no-route'])
})

test('ports of a host are known, also where another namespace has an older one of the name', () => {
  const text =
    ENTRY('a', 'a', 'endpoints: [{address: 1.1.1.1}]') +
    ENTRY('b', 'b', 'endpoints: [{address: 2.2.2.2}]').replace('number: 9080', 'number: 9081')
  const router = routerOf(objectsOf(text))
  expect(ask(router, { host: 'x.example', namespace: 'b', port: 9081 }).kind).toBe('forward')
  expect(said(ask(router, { host: 'x.example', namespace: 'b', port: 9080 }))).toBe('unknown-host')
})

test('a rule that names a host which its caller does not see: 503 NC', () => {
  const hidden = ENTRY('a', 'a', "exportTo: ['.'], endpoints: [{address: 1.1.1.1}]")
  const rule = `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\nspec: {hosts: [web], http: [{route: [{destination: {host: x.example}}]}]}\n`
  const router = routerOf([...WEB, ...objectsOf(hidden + rule)])
  expect(said(ask(router, { host: 'web' }))).toBe('no-destination')
  expect(said(ask(router, { host: 'web.default', namespace: 'a' }))).toBe('x')
})

test('a subset of looked up names that none of them has is no cluster: 503 NC', () => {
  const text = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: d}
spec: {hosts: [x.example], resolution: DNS, ports: [{name: http, number: 9080, protocol: HTTP}], endpoints: [{address: a.example, labels: {v: one}}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: d}
spec: {host: x.example, subsets: [{name: one, labels: {v: one}}, {name: two, labels: {v: two}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v}
spec:
  hosts: [x.example]
  http:
  - {match: [{uri: {exact: /1}}], route: [{destination: {host: x.example, subset: one}}]}
  - {route: [{destination: {host: x.example, subset: two}}]}
`
  const router = routerOf(objectsOf(text))
  expect(ask(router, { host: 'x.example', path: '/1' }).kind).toBe('forward')
  expect(said(ask(router, { host: 'x.example', path: '/2' }))).toBe('no-destination')
})

const SIDECAR = (spec: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: s, namespace: shop}\nspec: ${spec}\n---\n`

test('a Sidecar limits which hosts and which rules its workloads know; unknown ones are refused when it says so', () => {
  const policy = 'outboundTrafficPolicy: {mode: REGISTRY_ONLY}'
  const selected = `{workloadSelector: {labels: {app: a}}, egress: [{hosts: ['*/web.default.svc.cluster.local']}], ${policy}}`
  const objects = [
    ...WEB,
    ...deployed({ name: 'db', versions: { v1: 1 } }),
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'c', namespace: 'shop', labels: { app: 'a' } } },
    ...objectsOf(SIDECAR(selected) + answers('out', '[api.example]'))
  ]
  const router = routerOf(objects)
  const from = (host: string, labels: Readonly<Record<string, string>>, port = 9080): string =>
    said(ask(router, { host, namespace: 'shop', labels, port }))
  expect([from('web.default', { app: 'a' }), from('db.default', { app: 'a' })]).toEqual(['web', '502 '])
  expect([from('api.example', { app: 'a' }, 80), from('x', { app: 'a' }, 4711)]).toEqual(['502 ', '502 '])
  expect([from('db.default', { app: 'b' }), from('api.example', { app: 'b' }, 80), from('x', {}, 4711)]).toEqual([
    'db',
    '200 out',
    'unknown-host'
  ])
})

test('a Sidecar without a policy lets unknown hosts pass', () => {
  const router = routerOf([...WEB, ...objectsOf(SIDECAR("{egress: [{hosts: ['./*']}]}"))])
  expect(said(ask(router, { host: 'web.default', namespace: 'shop' }))).toBe('unknown-host')
})

test("at a Service's own address every Host means it where the port is not declared, else unknown ones pass to it without rules", () => {
  const service = (name: string, port: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { clusterIP: '127.96.0.7', ports: [{ name: port, port: 9080 }] }
  })
  const router = routerOf([service('any', 'web'), service('http', 'http'), ...objectsOf(answers('a', '[any, http]'))])
  const own = (name: string): Decision =>
    decide(router, serviceScope(`${name}.default.svc.cluster.local`, 9080), factsOf({ host: 'whatever' }), () => 0)
  expect(said(own('any'))).toBe('200 a')
  expect(own('http')).toMatchObject({
    kind: 'forward',
    route: { name: 'allow_any' },
    retry: undefined,
    cluster: 'outbound|9080||http.default.svc.cluster.local'
  })
})
