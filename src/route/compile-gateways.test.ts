import { expect, test } from 'vitest'
import { ask, objectsOf, routerOf, said } from '../../test/route-mesh.ts'

function gateway(servers: string): string {
  return `apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: g}\nspec: {servers: [${servers}]}\n---\n`
}

function server(hosts: string, extra = ''): string {
  return `{port: {number: 80, name: http, protocol: HTTP}, hosts: ${hosts}${extra}}`
}

function answers(name: string, hosts: string, match = ''): string {
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}}
spec: {hosts: ${hosts}, gateways: [g], http: [{${match}directResponse: {status: 200, body: {string: ${name}}}}]}
---
`
}

test('routes of several VirtualServices are merged by age, with catch-alls last', () => {
  const router = routerOf(
    objectsOf(gateway(server("['*']")) + answers('all', '[a.example]') + answers('path', '[a.example]', 'match: [{uri: {prefix: /p}}], '))
  )
  expect(said(ask(router, { host: 'a.example', path: '/p', gateway: true }))).toBe('200 path')
  expect(said(ask(router, { host: 'a.example', path: '/', gateway: true }))).toBe('200 all')
})

test("what is private to the gateway's namespace comes first, then what is exported to it, whatever its age", () => {
  const own = (name: string, namespace: string, exportTo: string): string =>
    answers(name, '[a.example]')
      .replace(`{name: ${name}}`, `{name: ${name}, namespace: ${namespace}}`)
      .replace('gateways: [g]', `gateways: [default/g], exportTo: ['${exportTo}']`)
  const first = (...rules: readonly string[]): string =>
    said(ask(routerOf(objectsOf(gateway(server("['*']")) + rules.join(''))), { host: 'a.example', gateway: true }))
  const [open, named, hidden] = [own('open', 'a', '*'), own('named', 'b', 'istio-system'), own('hidden', 'istio-system', '.')]
  expect(first(open, named, hidden)).toBe('200 hidden')
  expect(first(open, named)).toBe('200 named')
  expect(first(own('far', 'a', 'b'), open)).toBe('200 open')
})

test('the narrower of server host and VirtualService host is bound, in the namespaces the server admits', () => {
  const text = gateway(server('[a.example, default/b.example, other/c.example]')) + answers('wild', "['*.example']")
  const router = routerOf(objectsOf(text))
  expect(['a.example', 'b.example', 'c.example', 'd.example'].map((host) => said(ask(router, { host, gateway: true })))).toEqual([
    '200 wild',
    '200 wild',
    'unknown-host',
    'unknown-host'
  ])
})

test('httpsRedirect answers 301 for every host of the server, with and without rules', () => {
  const router = routerOf(
    objectsOf(gateway(server('[a.example, b.example]', ', tls: {httpsRedirect: true}')) + answers('x', '[a.example]'))
  )
  expect(said(ask(router, { host: 'b.example', path: '/p?q', gateway: true }))).toBe('301 https://b.example/p?q')
  expect(said(ask(router, { host: 'a.example', gateway: true }))).toBe('301 https://a.example/')
  expect(said(ask(router, { host: 'a.example', gateway: true, scheme: 'https' }))).toBe('200 x')
})
