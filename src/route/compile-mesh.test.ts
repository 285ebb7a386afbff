import { expect, test } from 'vitest'
import { ask, deployed, objectsOf, routerOf, said } from '../../test/route-mesh.ts'

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
