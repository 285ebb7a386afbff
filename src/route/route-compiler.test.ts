import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hostRules, hostService, hostSlice, meshObjects } from '../../test/large-mesh.ts'
import { meshChanges } from '../../test/mesh-changes.ts'
import { routerPicture } from '../../test/router-picture.ts'
import { objectsOf } from '../../test/route-mesh.ts'
import type { KubeObject } from '../api/object.ts'
import { compileRoutes, isBroken } from './compile-routes.ts'
import { fill, putObject } from './compiler-feed.ts'
import { diffTables } from './diff-tables.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { RouteCompiler } from './route-compiler.ts'
import { EMPTY_TABLE } from './route-table.ts'
import { applyChange, prepare } from './router.ts'

const compiler = (): RouteCompiler => new RouteCompiler({ isBroken: (each) => isBroken(each) })

describe('the table of a mesh that changes', () => {
  it('is what a compilation from nothing gives, and the changes bring a router to it', { timeout: 60_000 }, () => {
    const kinds = new Set<string>()
    let [puts, removals] = [0, 0]
    fc.assert(
      fc.property(meshChanges, (batches) => {
        const live = compiler()
        const router = prepare(EMPTY_TABLE)
        const objects = new Map<string, KubeObject>()
        let table = EMPTY_TABLE
        for (const batch of batches) {
          for (const { key, object } of batch) {
            const before = objects.get(key)
            if (object !== undefined) objects.set(key, object)
            else objects.delete(key)
            putObject(live, before, object)
          }
          const changes = live.compile()
          const fresh = compileRoutes(meshConfigOf(objects.values()), table).table
          expect(live.table).toEqual(fresh)
          expect(changes.map(textOf).toSorted()).toEqual(diffTables(table, fresh).map(textOf).toSorted())
          for (const each of changes) {
            kinds.add(each.kind)
            applyChange(router, each)
          }
          puts += changes.filter(({ kind }) => kind.startsWith('put') || kind === 'bind').length
          removals += changes.filter(({ kind }) => kind.startsWith('remove') || kind === 'unbind').length
          table = live.table
          expect(routerPicture(router)).toEqual(routerPicture(prepare(table)))
        }
      }),
      { numRuns: 80 }
    )
    expect(kinds.size).toBeGreaterThan(10)
    expect(puts).toBeGreaterThan(1000)
    expect(removals).toBeGreaterThan(200)
  })
})

it('answers for names and key sets are taken as they come', () => {
  const config = meshConfigOf(
    objectsOf(`apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: out, namespace: a}
spec: {hosts: [out.example], ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: g, namespace: a}
spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: istio-system}
spec: {jwtRules: [{issuer: i, jwksUri: 'http://127.0.0.1/keys'}]}
`)
  )
  const live = compiler()
  fill(live, config)
  live.compile()
  expect(live.hosts.namesToResolve()).toEqual(['out.example'])
  let { table } = live
  for (const settings of [
    { resolved: { 'out.example': ['1.1.1.1', '1.1.1.2'] }, keySets: {} },
    { resolved: { 'out.example': ['1.1.1.2'] }, keySets: { 'http://127.0.0.1/keys': '{}' } },
    { resolved: {}, keySets: {} }
  ]) {
    live.settle(settings)
    expect(live.compile()).not.toEqual([])
    expect(live.table).toEqual(compileRoutes({ ...config, ...settings }, table).table)
    table = live.table
    live.settle(settings)
    expect(live.compile()).toEqual([])
  }
})

describe('the work of one change among many hosts', () => {
  const HOSTS = 300
  const live = compiler()
  for (const object of meshObjects(HOSTS)) putObject(live, undefined, object)
  live.compile()

  const costOf = (...changes: readonly (readonly [KubeObject | undefined, KubeObject | undefined])[]): unknown => {
    const before = live.costs
    for (const [old, now] of changes) putObject(live, old, now)
    const kinds = live.compile().map(({ kind }) => kind)
    const { hosts, ruleSets, clusters, domains } = live.costs
    return {
      kinds: kinds.join(' '),
      hosts: hosts - before.hosts,
      ruleSets: ruleSets - before.ruleSets,
      clusters: clusters - before.clusters,
      domains: domains - before.domains
    }
  }

  it('changed weights compile one VirtualService: for its name and its address', () => {
    const cost = { kinds: 'put-entry', hosts: 0, ruleSets: 1, clusters: 0, domains: 2 }
    expect(costOf([hostRules(7), hostRules(7, 50)])).toEqual(cost)
    expect(costOf([hostRules(7, 50), hostRules(7, 10)])).toEqual(cost)
  })

  it('an endpoint that is not ready any more changes the clusters that have it, and no rule', () => {
    const cost = { hosts: 1, ruleSets: 0, clusters: 6, domains: 0 }
    expect(costOf([hostSlice(7), hostSlice(7, false)])).toEqual({ ...cost, kinds: 'put-cluster put-cluster' })
    expect(costOf([hostSlice(7, false), hostSlice(7)])).toEqual({ ...cost, kinds: 'put-cluster put-cluster' })
  })

  it('a host that comes is compiled alone, and its going leaves nothing', () => {
    const table = live.table
    const objects = [hostService(HOSTS * 2), hostRules(HOSTS * 2)].map((each) => ({
      ...each,
      metadata: { ...each.metadata, namespace: 'team-0' }
    }))
    expect(costOf(...objects.map((each) => [undefined, each] as const))).toMatchObject({ hosts: 1, ruleSets: 1, domains: 2 })
    expect(costOf(...objects.map((each) => [each, undefined] as const))).toMatchObject({ hosts: 0, ruleSets: 0, domains: 2 })
    expect({ ...live.table, version: 0 }).toEqual({ ...table, version: 0 })
  })
})

function textOf(change: unknown): string {
  return JSON.stringify(change)
}
