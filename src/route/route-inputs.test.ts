// The inputs of Istio's own route and listener tests, and its samples (../shared/data): every file compiles, the table travels as JSON, and
// each host of each scope answers requests of several kinds; what some files are about is held beside.

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dataPath } from '../../test/data.ts'
import { ask, factsOf, objectsOf } from '../../test/route-mesh.ts'
import type { KubeObject } from '../api/object.ts'
import { seeded } from '../std/draw.ts'
import { compileRoutes } from './compile-routes.ts'
import { decide } from './decide.ts'
import { diffTables } from './diff-tables.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { hostsIn } from './route-table.ts'
import { EMPTY_TABLE } from './route-table.ts'
import type { RouteTable } from './route-table.ts'
import { applyChange, prepare } from './router.ts'
import type { Router } from './router.ts'

const INPUTS = 'virtualservices/route-inputs'
const FOLDERS = [INPUTS, 'samples/istio']

function filesOf(folder: string): string[] {
  const path = dataPath(folder)
  if (!existsSync(path)) return []
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => /\.ya?ml$/.test(name))
  return names.toSorted().map((name) => join(folder, name))
}

function objectsIn(file: string): KubeObject[] {
  return objectsOf(readFileSync(dataPath(file), 'utf8')).filter(
    ({ kind, apiVersion }) => typeof kind === 'string' && typeof apiVersion === 'string'
  )
}

const REQUESTS = [
  { path: '/' },
  { path: '/a/../b?c=d', headers: { cookie: 'user=me', 'user-agent': 'x', 'content-type': 'application/grpc' } },
  { path: '/x', method: 'OPTIONS', headers: { origin: 'https://a.example', 'access-control-request-method': 'GET' } }
]

/** Clusters that requests to every host of every scope are sent to and that are not there. */
function missingIn(table: RouteTable): string[] {
  const router = prepare(table)
  const draw = seeded(1)
  const sent = new Set<string>()
  for (const scope of Object.values(table.scopes)) {
    for (const domain of Object.keys(hostsIn(table, scope.id))) {
      for (const request of REQUESTS) {
        const decision = decide(router, scope.id, factsOf({ ...request, host: domain.replace(/^\*\.?/, 'any.') }), draw)
        if (decision.kind === 'forward') sent.add(decision.cluster)
      }
    }
  }
  return [...sent].filter((cluster) => !router.clusters.has(cluster))
}

describe.each(FOLDERS)('%s', (folder) => {
  const files = filesOf(folder)

  test('the files are there', () => {
    expect(files.length).toBeGreaterThan(20)
  })

  test.each(files)('%s', (file) => {
    const { table } = compileRoutes(meshConfigOf(objectsIn(file)))
    expect(JSON.parse(JSON.stringify(table))).toEqual(table)
    const grown = prepare(EMPTY_TABLE)
    for (const change of diffTables(EMPTY_TABLE, table)) applyChange(grown, change, 0)
    expect([...grown.scopes.keys()].toSorted()).toEqual(Object.keys(table.scopes).toSorted())
    expect(missingIn(table)).toEqual([])
  })
})

function routerOf(name: string): Router {
  return prepare(compileRoutes(meshConfigOf(objectsIn(`${INPUTS}/${name}.yaml`))).table)
}

function reached(router: Router, request: Parameters<typeof ask>[1]): string {
  const decision = ask(router, request)
  return decision.kind === 'forward' ? decision.cluster : decision.kind
}

test('static-weighted-se: endpoints keep their weights and localities', () => {
  const slots = routerOf('static-weighted-se').clusters.get('outbound|80||weighted.static.svc.cluster.local')?.slots ?? []
  expect(slots.map(({ endpoint: { address, weight, locality } }) => [address, weight, locality])).toEqual([
    ['3.3.3.3', 1, 'a'],
    ['2.2.2.2', 8, 'a'],
    ['1.1.1.1', 3, 'b']
  ])
})

test('byon: a host outside of the registry goes to a ServiceEntry', () => {
  expect(reached(routerOf('byon'), { host: 'mybyon.test.istio.io', port: 80, namespace: 'testns' })).toBe('outbound|80||byon.test.istio.io')
})

test('sidecar-ns-scope: a Sidecar for its own namespace hides the hosts of others from its callers, and from nobody else', () => {
  const { table } = compileRoutes(meshConfigOf(objectsIn(`${INPUTS}/sidecar-ns-scope.yaml`)))
  const hosts = (namespace: string): string[] =>
    Object.values(table.scopes).flatMap(({ id, namespace: own }) =>
      id.startsWith('mesh') && own === namespace ? Object.keys(hostsIn(table, id)) : []
    )
  expect(hosts('ns1').filter((host) => host.includes('ns1'))).not.toEqual([])
  expect(hosts('istio-config').filter((host) => host.includes('ns1'))).toEqual([])
})
