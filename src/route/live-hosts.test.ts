import { expect, it } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { Reads } from '../std/reads.ts'
import { LiveHosts } from './live-hosts.ts'
import { meshConfigOf } from './mesh-objects.ts'

const WEB = 'web.a.svc.cluster.local'
const HEAD = '{name: web, namespace: a, labels: {kubernetes.io/service-name: web}}'

function objects(ready: boolean): ReturnType<typeof meshConfigOf> {
  return meshConfigOf(
    objectsOf(`apiVersion: v1
kind: Service
metadata: ${HEAD}
spec: {clusterIP: 10.0.0.1, ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: ${HEAD}
ports: [{name: http, port: 8080}]
endpoints: [{addresses: [11.0.0.1], conditions: {ready: ${ready}}}]
`)
  )
}

function filled(reads: Reads): LiveHosts {
  const hosts = new LiveHosts(reads)
  hosts.setService('a/web', objects(true).services[0])
  hosts.setSlice('a/web', undefined, objects(true).endpointSlices[0])
  hosts.update()
  return hosts
}

it('new endpoints are told to who looks at endpoints, and to nobody else', () => {
  const reads = new Reads()
  const hosts = filled(reads)
  reads.run({ kind: 'unit', key: 'host' }, () => hosts.get(WEB))
  reads.run({ kind: 'unit', key: 'members' }, () => hosts.noteMembers(WEB))
  hosts.setSlice('a/web', objects(true).endpointSlices[0], objects(false).endpointSlices[0])
  expect(hosts.update()).toEqual({ names: new Set([WEB]), domains: new Set() })
  expect(reads.stale('unit')).toEqual(['members'])
  expect(hosts.made).toBe(2)
})

it('a host is called by its name and its address until it goes', () => {
  const hosts = filled(new Reads())
  expect(['10.0.0.1', WEB, '10.0.0.2'].map((domain) => hosts.calledBy(domain).map(({ host }) => host))).toEqual([[WEB], [WEB], []])
  expect(['*.a.svc.cluster.local', '*', '*.b.svc.cluster.local'].map((pattern) => hosts.isCovered(pattern))).toEqual([true, true, false])
  expect(hosts.httpPorts()).toEqual([80])
  hosts.setService('a/web', undefined)
  expect(hosts.update()).toEqual({ names: new Set([WEB]), domains: new Set([WEB, '10.0.0.1']) })
  expect([hosts.has(WEB), hosts.calledBy('10.0.0.1'), hosts.isCovered('*'), hosts.httpPorts()]).toEqual([false, [], false, []])
})
