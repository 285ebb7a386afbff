import { expect, test } from 'vitest'
import { deployed, factsOf, objectsOf, routerOf } from '../../test/route-mesh.ts'
import { type ClusterSources, type Target, clusterName, hashFor, homeClusters, reach } from './clusters.ts'
import { decide } from './decide.ts'
import { UNLIMITED } from './plain.ts'
import { indexRules } from './destination-rules.ts'
import type { RuleCaller } from './destination-rules.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { buildRegistry } from './registry.ts'
import { meshScope } from './route-table.ts'
import type { Cluster, HashPolicy } from './route-table.ts'

const HOST = 'web.default.svc.cluster.local'

class ClusterSet {
  readonly #sources: ClusterSources
  readonly #made = new Map<string, Cluster>()

  constructor(sources: ClusterSources, names: Iterable<string>) {
    this.#sources = sources
    for (const name of names) for (const cluster of homeClusters(sources, name)) this.#made.set(cluster.id, cluster)
  }

  idFor(target: Target, caller: RuleCaller): string {
    const { id, cluster } = reach(this.#sources, target, caller)
    if (cluster !== undefined) this.#made.set(id, cluster)
    return id
  }

  hashFor(...[target, caller]: [Parameters<typeof hashFor>[1], RuleCaller]): HashPolicy | undefined {
    return hashFor(this.#sources, target, caller)
  }

  all(): Record<string, Cluster> {
    return Object.fromEntries([...this.#made].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }
}

function clustersOf(text: string): ClusterSet {
  const config = meshConfigOf([...deployed({ name: 'web', versions: { v1: 1, v2: -1 } }), ...objectsOf(text)])
  const hosts = buildRegistry(config)
  return new ClusterSet({ hosts, rules: indexRules(config.destinationRules), locality: '' }, hosts.keys())
}

const RULE = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec:
  host: web
  trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}, connectionPool: {tcp: {connectTimeout: 30ms, maxConnections: 7}, http: {idleTimeout: 5m}}}
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
`

function callerIn(namespace: string, labels: Readonly<Record<string, string>> = {}): RuleCaller {
  return { namespace, labels }
}

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
  expect(clusters.idFor(target, callerIn('default'))).toBe(clusterName(target))
  expect(clusters.idFor(target, callerIn('shop'))).toBe(`${clusterName(target)}@shop`)
  expect(clusters.all()[`${clusterName(target)}@shop`]?.endpoints).toEqual([])
  expect(clusters.all()[clusters.idFor({ ...target, subset: 'v9' }, callerIn('default'))]).toBeUndefined()
  expect(clusters.all()[clusters.idFor({ ...target, host: 'nowhere' }, callerIn('default'))]).toBeUndefined()
})

test('callers that a rule selects get variants, named after the rule, in the mesh too', () => {
  const some = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: some}
spec: {host: web, workloadSelector: {matchLabels: {app: shop}}, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true}}}}
`
  const clusters = clustersOf(some)
  const target = { host: HOST, port: 9080, subset: undefined }
  const id = clusters.idFor(target, callerIn('default', { app: 'shop' }))
  expect(id).toBe(`${clusterName(target)}@default/some`)
  expect(clusters.all()[id]?.balance).toBe('ring-hash')
  expect(clusters.hashFor(target, callerIn('default', { app: 'shop' }))).toEqual({ kind: 'source-ip' })
  expect(clusters.idFor(target, callerIn('default', { app: 'api' }))).toBe(clusterName(target))
  const caller = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop', labels: { app: 'shop' } } }
  const router = routerOf([...deployed({ name: 'web', versions: { v1: 1 } }), caller, ...objectsOf(some)])
  const from = (labels: Readonly<Record<string, string>>): string => {
    const decision = decide(
      router,
      meshScope(router.sourceLabels, { namespace: 'default', labels }, 9080),
      factsOf({ host: 'web' }),
      () => 0
    )
    return decision.kind === 'forward' ? decision.cluster : decision.kind
  }
  expect(from({ app: 'shop', version: 'v1' })).toBe(id)
  expect(from({ app: 'api' })).toBe(clusterName(target))
})

test('callers at another place get a variant where a rule asks for places, with their own priorities', () => {
  const labels = (zone: string): string => `{app: web, istio-locality: r1.${zone}}`
  const pod = (name: string, zone: string, address: string): string =>
    `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, labels: ${labels(zone)}}\nstatus: {podIP: ${address}}\n---\n`
  const slice = `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-2, namespace: default, labels: {kubernetes.io/service-name: web}}
ports: [{name: http, port: 80}]
endpoints: [{addresses: [10.1.1.1], conditions: {ready: true}}, {addresses: [10.1.1.2], conditions: {ready: true}}]
---
`
  const rule = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec: {host: web, trafficPolicy: {outlierDetection: {}}}
`
  const clusters = clustersOf(pod('a', 'z1', '10.1.1.1') + pod('b', 'z2', '10.1.1.2') + slice + rule)
  const target = { host: HOST, port: 9080, subset: undefined }
  const priorities = (zone: string): Record<string, number> => {
    const id = clusters.idFor(target, callerIn('default', { 'istio-locality': `r1.${zone}` }))
    expect(id).toBe(`${clusterName(target)}~r1/${zone}`)
    const endpoints = clusters.all()[id]?.endpoints.filter(({ address }) => address.startsWith('10.')) ?? []
    return Object.fromEntries(endpoints.map(({ address, priority }) => [address, priority]))
  }
  expect(priorities('z1')).toEqual({ '10.1.1.1': 0, '10.1.1.2': 1 })
  expect(priorities('z2')).toEqual({ '10.1.1.1': 1, '10.1.1.2': 0 })
  expect(clusters.idFor(target, callerIn('default'))).toBe(clusterName(target))
})

test('PASSTHROUGH has all endpoints of the port, whatever subset is named', () => {
  const passes = RULE.replace('simple: ROUND_ROBIN', 'simple: PASSTHROUGH')
  const cluster = clustersOf(passes).all()[`outbound|9080|v2|${HOST}`]
  expect([cluster?.balance, cluster?.endpoints.length]).toEqual(['passthrough', 1])
})
