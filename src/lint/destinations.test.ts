import { expect, test } from 'vitest'
import { deployed, objectsOf } from '../../test/route-mesh.ts'
import { lint } from './lint.ts'

function findings(destination: string, more = ''): string[] {
  const text = `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v, namespace: shop}\nspec: {hosts: [web], http: [{route: [{destination: ${destination}}]}]}\n---\n${more}`
  return lint([...deployed({ name: 'web', versions: { v1: 1 }, namespace: 'shop' }), ...objectsOf(text)]).map(
    ({ code, path, message }) => `${code} ${path}: ${message}`
  )
}

test.each([
  ['{host: web}', undefined],
  ['{host: web, port: {number: 9080}}', undefined],
  [
    '{host: web, port: {number: 80}}',
    'port-not-found spec.http[0].route[0].destination.port.number: host web.shop.svc.cluster.local has no port 80; it has 9080'
  ],
  [
    '{host: db}',
    'host-not-found spec.http[0].route[0].destination.host: host "db" is no Service and no ServiceEntry (it means db.shop.svc.cluster.local); its requests get 503 (NC)'
  ],
  [
    '{host: web.shop}',
    'host-not-found spec.http[0].route[0].destination.host: host "web.shop" is no Service and no ServiceEntry (web.shop.svc.cluster.local exists: a name with a dot is taken as complete); its requests get 503 (NC)'
  ],
  [
    '{host: web, subset: v1}',
    'subset-not-found spec.http[0].route[0].destination.subset: subset "v1" of web.shop.svc.cluster.local is in no DestinationRule that applies; no DestinationRule is for this host; its requests get 503 (NC)'
  ]
])('%s: %s', (destination, wanted) => {
  expect(findings(destination)).toEqual(wanted === undefined ? [] : [wanted])
})

test('a short name in another namespace says which host exists', () => {
  const other = 'apiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: data}\nspec: {ports: [{port: 80}]}\n'
  expect(findings('{host: db}', other)[0]).toContain('there is db.data.svc.cluster.local')
})

test('several ports need one named', () => {
  const other =
    'apiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: shop}\nspec: {ports: [{name: http-a, port: 80}, {name: http-b, port: 81}]}\n'
  expect(findings('{host: db}', other)[0]).toContain('host db.shop.svc.cluster.local has several ports (80, 81)')
})

test('a DestinationRule for nobody, and one that defines the subset where callers do not look', () => {
  const rule = (namespace: string, spec: string): string =>
    `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r, namespace: ${namespace}}\nspec: ${spec}\n---\n`
  expect(findings('{host: web}', rule('ops', '{host: web}'))).toEqual([
    'host-unknown-rule spec.host: host "web" is no Service and no ServiceEntry (it means web.ops.svc.cluster.local; there is web.shop.svc.cluster.local): the rule has no effect'
  ])
  const far = rule('ops', '{host: web.shop.svc.cluster.local, subsets: [{name: v1, labels: {version: v1}}]}')
  expect(findings('{host: web, subset: v1}', far)[0]).toContain(
    'DestinationRule ops/r defines it, but callers in shop do not use that rule'
  )
})

test('copies are looked at as requests are', () => {
  const rule = 'spec: {hosts: [web], http: [{route: [{destination: {host: web}}], mirrors: [{destination: {host: db}}]}]}'
  const text = `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v, namespace: shop}\n${rule}\n`
  const [first] = lint([...deployed({ name: 'web', versions: { v1: 1 }, namespace: 'shop' }), ...objectsOf(text)])
  expect(first).toMatchObject({ code: 'host-not-found', path: 'spec.http[0].mirrors[0].destination.host' })
  expect(first?.message).toContain('its copies are dropped')
})

test('a host that the callers of a rule do not see is told with who sees it', () => {
  const entry = (exportTo: string): string =>
    `apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: e, namespace: other}\nspec: {hosts: [a.example], exportTo: [${exportTo}], ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS}\n---\n`
  const rule = (more = ''): string =>
    `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\nspec: {hosts: [b.example], ${more}http: [{route: [{destination: {host: a.example}}]}]}\n`
  const told = (text: string): string[] =>
    lint(objectsOf(text)).flatMap(({ code, message }) => (code === 'host-not-found' ? [message] : []))
  expect(told(entry('.') + rule())).toEqual([
    'host "a.example" is no Service and no ServiceEntry that its callers see (a.example is exported to .); its requests get 503 (NC)'
  ])
  expect(told(entry('default') + rule())).toEqual([])
  expect(told(entry('default') + rule('exportTo: [third], '))).toHaveLength(1)
  expect(told(entry('third') + rule('exportTo: [third, "."], '))).toEqual([])
})
