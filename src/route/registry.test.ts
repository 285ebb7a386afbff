import { expect, test } from 'vitest'
import { deployed, objectsOf } from '../../test/route-mesh.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { buildRegistry } from './registry.ts'

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

test('ports declared as TCP or TLS are not for HTTP rules; undeclared ones are', () => {
  const service = `apiVersion: v1
kind: Service
metadata: {name: s}
spec: {ports: [{name: http-web, port: 80}, {name: tcp-db, port: 81}, {name: https, port: 82}, {name: other, port: 83}, {name: x, port: 84, appProtocol: tls}, {port: 85, protocol: UDP}]}
`
  const host = buildRegistry(meshConfigOf(objectsOf(service))).get('s.default.svc.cluster.local')
  expect(host?.ports.filter(({ http }) => http).map(({ number }) => number)).toEqual([80, 83])
})

test('ServiceEntries bring written endpoints, or the host itself by DNS', () => {
  const registry = buildRegistry(
    meshConfigOf(
      objectsOf(`apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: static}
spec: {hosts: [s.example], resolution: STATIC, ports: [{name: http, number: 80, protocol: HTTP, targetPort: 8000}], endpoints: [{address: 127.0.0.9, labels: {version: v2}, weight: 3}]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: dns}
spec: {hosts: [d.example], resolution: DNS, ports: [{name: http, number: 80, protocol: HTTP}]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: none}
spec: {hosts: [n.example], ports: [{name: http, number: 80, protocol: HTTP}]}
`)
    )
  )
  const endpoints = (host: string) =>
    registry.get(host)?.ports[0]?.endpoints.map(({ endpoint: { address, port, weight, version } }) => [address, port, weight, version])
  expect(endpoints('s.example')).toEqual([['127.0.0.9', 8000, 3, 'v2']])
  expect(endpoints('d.example')).toEqual([['d.example', 80, 1, 'unknown']])
  expect(endpoints('n.example')).toEqual([])
})
