import { expect, it } from 'vitest'
import { deployed, objectsOf } from '../../test/route-mesh.ts'
import type { KubeObject } from '../api/object.ts'
import { compileRoutes } from './compile-routes.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { addressesBehind } from './reachable.ts'

function behind(
  objects: readonly KubeObject[],
  host: string,
  resolved: Readonly<Record<string, readonly string[]>> = {}
): readonly string[] {
  const { entries, clusters } = compileRoutes({ ...meshConfigOf(objects), resolved }).table
  const rules = { entries: new Map(Object.entries(entries)), clusters: new Map(Object.entries(clusters)) }
  return [...addressesBehind(rules, host)].toSorted()
}

const HOST = 'web.default.svc.cluster.local'
const addressesOf = (objects: readonly KubeObject[]): readonly string[] =>
  objects.flatMap((object) => (object.kind === 'Pod' ? [String((object as { status?: { podIP?: string } }).status?.podIP)] : [])).toSorted()

it('a Service leads to its endpoints, whoever wrote them', () => {
  const web = deployed({ name: 'web', versions: { v1: 2 } })
  expect(behind(web, HOST)).toEqual(addressesOf(web))
  const slice = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: by-hand, namespace: default, labels: {kubernetes.io/service-name: web}}
ports: [{name: http, port: 80}]
endpoints: [{addresses: [169.254.169.254]}]
`
  expect(behind([...web, ...objectsOf(slice)], HOST)).toEqual([...addressesOf(web), '169.254.169.254'])
  expect(behind(web, 'other.default.svc.cluster.local')).toEqual([])
})

it('rules lead elsewhere: to other hosts, to shares of them, to copies', () => {
  const [web, other, copies] = ['web', 'other', 'copies'].map((name) => deployed({ name, versions: { v1: 1 } }))
  const rule = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: default}
spec:
  hosts: [web]
  http:
  - match: [{port: 9080}]
    route: [{destination: {host: other}}]
    mirror: {host: copies}
`
  const objects = [web, other, copies].flatMap((some) => some ?? [])
  expect(behind([...objects, ...objectsOf(rule)], HOST)).toEqual(addressesOf([...(other ?? []), ...(copies ?? [])]))
})

it('an ExternalName leads to what it stands for, written or looked up', () => {
  const external = (name: string): KubeObject[] =>
    objectsOf(`
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {type: ExternalName, externalName: ${name}, ports: [{name: http, port: 80}]}
`)
  expect(behind(external('169.254.169.254'), HOST)).toEqual(['169.254.169.254'])
  expect(behind(external('metadata.example'), HOST, { 'metadata.example': ['169.254.169.254'] })).toEqual(['169.254.169.254'])
})
