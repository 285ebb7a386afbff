import { expect, test } from 'vitest'
import { deployed, objectsOf } from '../../test/route-mesh.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { buildRegistry, namesIn } from './registry.ts'
import type { Registry, RegistryHost } from './registry.ts'

test('a Service has the endpoints of its slices with the labels of their pods', () => {
  const host = buildRegistry(meshConfigOf(deployed({ name: 'web', versions: { v1: 1, v2: -1 } }))).get('web.default.svc.cluster.local')
  const seen = host?.ports[0]?.endpoints.map(({ endpoint, labels, ready }) => [
    endpoint.pod,
    endpoint.port,
    endpoint.version,
    labels['app'],
    ready
  ])
  // The addresses that order them go on from test to test.
  expect(seen?.toSorted()).toEqual([
    ['web-v1-0', 8080, 'v1', 'web', true],
    ['web-v2-0', 8080, 'v2', 'web', false]
  ])
})

const ENTRY = (name: string, namespace: string, spec: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n---\n`

function registryOf(text: string): Registry {
  return buildRegistry(meshConfigOf(objectsOf(text)))
}

function static1(host: string, address: string, more = ''): string {
  return `{hosts: [${host}], resolution: STATIC, ports: [{name: http, number: 80, protocol: HTTP}], endpoints: [{address: ${address}}]${more}}`
}

function addresses(host: RegistryHost | undefined): (string | undefined)[] {
  return (host?.ports ?? []).flatMap(({ endpoints }) => endpoints.map(({ endpoint }) => endpoint.address))
}

test('of one name in several namespaces each sees its own, others the oldest that is exported to them', () => {
  const registry = registryOf(
    ENTRY('one', 'a', static1('x.example', '1.1.1.1', ", exportTo: ['.']")) +
      ENTRY('two', 'b', static1('x.example', '2.2.2.2')) +
      ENTRY('three', 'c', static1('x.example', '3.3.3.3'))
  )
  const seen = ['a', 'b', 'c', 'd'].map((namespace) => addresses(registry.seenFrom('x.example', namespace))[0])
  expect(seen).toEqual(['1.1.1.1', '2.2.2.2', '3.3.3.3', '2.2.2.2'])
  expect(registry.varies).toBe(true)
  expect(registry.get('x.example')?.namespace).toBe('a')
})

test('a name that is exported to nobody here is not seen', () => {
  const registry = registryOf(ENTRY('one', 'a', static1('x.example', '1.1.1.1', ", exportTo: ['~']")))
  expect(registry.seenFrom('x.example', 'a')).toBeUndefined()
  expect(registry.allSeenFrom('a')).toEqual([])
  expect(registry.has('x.example')).toBe(true)
})

test('a Service comes before a ServiceEntry of its name, and is exported as its annotation says', () => {
  const service = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: a, annotations: {networking.istio.io/exportTo: '., b'}}
spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}
---
`
  const registry = registryOf(ENTRY('old', 'a', static1('web.a.svc.cluster.local', '1.1.1.1')) + service)
  const host = registry.get('web.a.svc.cluster.local')
  expect(host).toMatchObject({ origin: 'service', addresses: ['10.0.0.1'], exportTo: ['.', 'b'] })
  expect(registry.seenFrom('web.a.svc.cluster.local', 'b')).toBe(host)
  // Who does not see the Service sees what else has the name.
  expect(registry.seenFrom('web.a.svc.cluster.local', 'c')?.origin).toBe('service-entry')
})

test('entries of one namespace for one host are joined', () => {
  const registry = registryOf(ENTRY('one', 'a', static1('x.example', '1.1.1.1')) + ENTRY('two', 'a', static1('x.example', '2.2.2.2')))
  expect(addresses(registry.get('x.example'))).toEqual(['1.1.1.1', '2.2.2.2'])
  expect(registry.varies).toBe(false)
})

test('names to look up are those of DNS entries and of ExternalNames, each once', () => {
  const dns = '{hosts: [h.example, B.example], resolution: DNS, ports: [{name: http, number: 80}]}'
  const external =
    'apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {type: ExternalName, externalName: b.example, ports: [{port: 80}]}\n'
  expect(namesIn(meshConfigOf(objectsOf(ENTRY('one', 'a', dns) + external)))).toEqual(['b.example', 'h.example'])
})
