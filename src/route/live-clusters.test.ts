import { expect, it } from 'vitest'
import { deployed } from '../../test/route-mesh.ts'
import { Reads } from '../std/reads.ts'
import { LiveClusters } from './live-clusters.ts'
import { LiveHosts } from './live-hosts.ts'
import { LiveRules } from './live-rules.ts'
import { keyOf } from './mesh-config.ts'
import { meshConfigOf } from './mesh-objects.ts'

const HOST = 'web.default.svc.cluster.local'
const TARGET = { host: HOST, port: 9080, subset: undefined }

it('callers whom nothing tells apart share a way, which goes when nobody takes it', () => {
  const reads = new Reads()
  const [hosts, rules] = [new LiveHosts(reads), new LiveRules(reads)]
  const clusters = new LiveClusters(reads, { hosts, rules, locality: '' })
  const config = meshConfigOf(deployed({ name: 'web', versions: { v1: 1 } }))
  for (const service of config.services) hosts.setService(keyOf(service), service)
  clusters.update(hosts.update().names)
  expect(clusters.takeChanged().map(([id]) => id)).toEqual([`outbound|9080||${HOST}`])
  const { made } = clusters
  const ids = reads.run({ kind: 'unit', key: 'a' }, () => ['x', 'y'].map((namespace) => clusters.idOf(TARGET, { namespace, labels: {} })))
  expect([ids, clusters.made - made]).toEqual([[`outbound|9080||${HOST}`, `outbound|9080||${HOST}`], 1])
  rules.set('x/own', undefined, {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'own', namespace: 'x' },
    spec: { host: HOST }
  })
  clusters.update([])
  expect(clusters.idOf(TARGET, { namespace: 'x', labels: {} })).toBe(`outbound|9080||${HOST}@x`)
  clusters.takeChanged()
  reads.drop({ kind: 'unit', key: 'a' })
  for (const cell of reads.takeUnread()) if (cell.startsWith('reach ')) clusters.drop(cell.slice('reach '.length))
  hosts.setService('default/web', undefined)
  clusters.update(hosts.update().names)
  expect(clusters.takeChanged()).toContainEqual([`outbound|9080||${HOST}`, undefined])
})
