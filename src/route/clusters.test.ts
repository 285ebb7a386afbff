import { expect, test } from 'vitest'
import { deployed, objectsOf } from '../../test/route-mesh.ts'
import { ClusterSet, clusterName } from './clusters.ts'
import { UNLIMITED } from './plain.ts'
import { indexRules } from './destination-rules.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { buildRegistry } from './registry.ts'

const HOST = 'web.default.svc.cluster.local'

function clustersOf(text: string): ClusterSet {
  const config = meshConfigOf([...deployed({ name: 'web', versions: { v1: 1, v2: -1 } }), ...objectsOf(text)])
  const clusters = new ClusterSet(buildRegistry(config), indexRules(config.destinationRules))
  clusters.addAll()
  return clusters
}

const RULE = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec:
  host: web
  trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}, connectionPool: {tcp: {connectTimeout: 30ms, maxConnections: 7}, http: {idleTimeout: 5m}}}
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
`

test('a host has a cluster for itself and each subset, with ready endpoints only', () => {
  const all = clustersOf(RULE).all()
  expect(Object.values(all).map(({ id, endpoints }) => [id, endpoints.length])).toEqual([
    [`outbound|9080|v1|${HOST}`, 1],
    [`outbound|9080|v2|${HOST}`, 0],
    [`outbound|9080||${HOST}`, 1]
  ])
  expect(all[`outbound|9080|v1|${HOST}`]).toMatchObject({
    balance: 'round-robin',
    connectTimeout: 30,
    maxConnections: 7,
    idleTimeout: 300_000,
    maxRetries: UNLIMITED
  })
})

test('defaults: least request, 10 s to connect, an hour idle, no limits', () => {
  expect(clustersOf('').all()[`outbound|9080||${HOST}`]).toMatchObject({
    balance: 'least-request',
    connectTimeout: 10_000,
    idleTimeout: 3_600_000,
    maxConnections: UNLIMITED
  })
})

test('a caller whose namespace has a rule of its own gets a variant; missing subsets get a name without a cluster', () => {
  const own = `${RULE}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: own, namespace: shop}
spec: {host: ${HOST}, subsets: [{name: v1, labels: {version: v2}}]}
`
  const clusters = clustersOf(own)
  const target = { host: HOST, port: 9080, subset: 'v1' }
  expect(clusters.idFor(target, 'default')).toBe(clusterName(target))
  expect(clusters.idFor(target, 'shop')).toBe(`${clusterName(target)}@shop`)
  expect(clusters.all()[`${clusterName(target)}@shop`]?.endpoints).toEqual([])
  expect(clusters.all()[clusters.idFor({ ...target, subset: 'v9' }, 'default')]).toBeUndefined()
  expect(clusters.all()[clusters.idFor({ ...target, host: 'nowhere' }, 'default')]).toBeUndefined()
})
