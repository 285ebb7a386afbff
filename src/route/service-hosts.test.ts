import { expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { meshConfigOf } from './mesh-objects.ts'
import type { RegistryHost } from './registry.ts'
import { serviceHosts } from './service-hosts.ts'
import { Workloads } from './workload-entries.ts'
import type { Resolved } from './workload-entries.ts'

function hostOf(text: string, resolved: Resolved = {}): RegistryHost | undefined {
  const config = meshConfigOf(objectsOf(text))
  return serviceHosts(config, { workloads: new Workloads(config), resolved })[0]
}

function reached(host: RegistryHost | undefined): string[][] {
  return (host?.ports ?? []).map(({ endpoints }) => endpoints.map(({ endpoint, ready }) => `${endpoint.address}:${endpoint.port} ${ready}`))
}

const SERVICE = (spec: string): string => `apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: ${spec}\n---\n`
const ENTRY = (spec: string, labels = '{app: a}'): string =>
  `apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {name: vm}\nspec: {labels: ${labels}, ${spec}}\n---\n`

test('ports declared as TCP or TLS are not for HTTP rules; undeclared ones are, and say that they are not declared', () => {
  const ports =
    '[{name: http-web, port: 80}, {name: tcp-db, port: 81}, {name: https, port: 82}, {name: other, port: 83}, {port: 85, protocol: UDP}]'
  const host = hostOf(SERVICE(`{ports: ${ports}}`))
  expect(host?.ports.filter(({ http }) => http).map(({ number, declared }) => [number, declared])).toEqual([
    [80, true],
    [83, false]
  ])
})

test.each([
  ['{name: http, port: 80}', '10.0.0.1:80 true'],
  ['{name: http, port: 80, targetPort: 8080}', '10.0.0.1:8080 true'],
  ['{name: db, port: 80, targetPort: 8080}', '10.0.0.1:3306 true'],
  ['{name: http, port: 80, targetPort: db}', '10.0.0.1:3306 true'],
  ['{name: http, port: 80, targetPort: none}', '']
])('WorkloadEntries that the selector picks are endpoints: port %s', (port, expected) => {
  const text = SERVICE(`{selector: {app: a}, ports: [${port}]}`) + ENTRY('address: 10.0.0.1, ports: {db: 3306}')
  expect(reached(hostOf(text))).toEqual([expected === '' ? [] : [expected]])
})

test.each([
  ['name: p', ['10.0.0.1:8080 true']],
  ['name: p, deletionTimestamp: "2026-01-01T00:00:00Z"', ['10.0.0.1:8080 false']],
  ['name: another', []]
])('what a slice says is ready is ready if its pod is there and stays: {%s}', (metadata, expected) => {
  const slice =
    'apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s-1, labels: {kubernetes.io/service-name: s}}\naddressType: IPv4\n' +
    'ports: [{name: http, port: 8080}]\nendpoints: [{addresses: [10.0.0.1], conditions: {ready: true}, targetRef: {kind: Pod, name: p}}]\n---\n'
  const pod = `apiVersion: v1\nkind: Pod\nmetadata: {${metadata}}\nspec: {containers: [{name: c}]}\nstatus: {podIP: 10.0.0.1}\n---\n`
  expect(reached(hostOf(SERVICE('{selector: {app: a}, ports: [{name: http, port: 80}]}') + slice + pod))).toEqual([expected])
})

test('a Service without selector picks nobody', () => {
  expect(reached(hostOf(SERVICE('{ports: [{port: 80}]}') + ENTRY('address: 10.0.0.1')))).toEqual([[]])
})

test('an ExternalName is what its name stands for', () => {
  const text = SERVICE('{type: ExternalName, externalName: db.example, ports: [{port: 80}]}')
  expect(reached(hostOf(text))).toEqual([['db.example:80 true']])
  expect(reached(hostOf(text, { 'db.example': ['10.0.0.2', '10.0.0.1'] }))).toEqual([['10.0.0.1:80 true', '10.0.0.2:80 true']])
  expect(hostOf(text)?.discovery).toBe('dns')
})
