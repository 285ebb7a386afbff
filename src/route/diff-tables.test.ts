import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deployed, objectsOf } from '../../test/route-mesh.ts'
import { routerPicture } from '../../test/router-picture.ts'
import type { KubeObject } from '../api/object.ts'
import { compileRoutes } from './compile-routes.ts'
import { diffTables } from './diff-tables.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { EMPTY_TABLE } from './route-table.ts'
import type { RouteTable, TableChange } from './route-table.ts'
import { applyChange, prepare } from './router.ts'

function byText(a: string, b: string): number {
  return a < b ? -1 : 1
}

interface World {
  readonly pods: Readonly<Record<string, number>>
  readonly weights: readonly [number, number] | undefined
  readonly subsets: readonly string[]
  readonly gateway: boolean
  readonly label: boolean
}

const WORLD: fc.Arbitrary<World> = fc.record({
  pods: fc.record({ v1: fc.integer({ min: 0, max: 3 }), v2: fc.integer({ min: 0, max: 2 }) }),
  weights: fc.option(fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 1, max: 100 })), { nil: undefined }),
  subsets: fc.subarray(['v1', 'v2']),
  gateway: fc.boolean(),
  label: fc.boolean()
})

function objectsIn({ pods, weights, subsets, gateway, label }: World): KubeObject[] {
  const match = label ? '  - {match: [{sourceLabels: {team: a}}], route: [{destination: {host: r, subset: v2}}]}\n' : ''
  const rule =
    weights === undefined
      ? ''
      : `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: r}
spec:
  hosts: [r, '*.shop.example']
  gateways: [mesh${gateway ? ', g' : ''}]
  http:
${match}  - route: [{destination: {host: r, subset: v1}, weight: ${weights[0]}}, {destination: {host: r, subset: v2}, weight: ${weights[1]}}]
`
  const rules = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: r}
spec: {host: r, subsets: [${subsets.map((name) => `{name: ${name}, labels: {version: ${name}}}`).join(', ')}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: g}
spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
---
${rule}`
  const caller: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'caller', labels: { team: 'a' } } }
  return [...deployed({ name: 'r', versions: pods }), caller, ...objectsOf(rules)]
}

test('compiling, diffing and applying gives what compiling afresh gives', () => {
  const reached = new Set<string>()
  fc.assert(
    fc.property(fc.array(WORLD, { minLength: 1, maxLength: 4 }), (worlds) => {
      let table: RouteTable = EMPTY_TABLE
      const router = prepare(table)
      for (const world of worlds) {
        const next = compileRoutes(meshConfigOf(objectsIn(world)), table).table
        for (const change of diffTables(table, next)) {
          reached.add(change.kind)
          applyChange(router, change)
        }
        table = next
      }
      expect(routerPicture(router)).toEqual(routerPicture(prepare(table)))
    }),
    { numRuns: 150, seed: 42 }
  )
  expect([...reached].toSorted(byText)).toEqual(
    ['bind', 'put-cluster', 'put-entry', 'put-scope', 'remove-cluster', 'remove-entry', 'remove-scope', 'source-labels', 'unbind'].toSorted(
      byText
    )
  )
})

const pods = deployed({ name: 'r', versions: { v1: 1, v2: 1 } })
const world = (weights: readonly [number, number], subsets: readonly string[]): KubeObject[] => [
  ...pods,
  ...objectsIn({ pods: {}, weights, subsets, gateway: false, label: false }).filter(
    ({ kind }) => kind !== 'Service' && kind !== 'EndpointSlice' && kind !== 'Pod'
  )
]

/** Kinds in order, repeats in a row once. */
function kindsOf(list: readonly TableChange[]): string[] {
  return list.map(({ kind }) => kind).filter((kind, at, all) => kind !== all[at - 1])
}

function changes(before: readonly KubeObject[], after: readonly KubeObject[]): readonly TableChange[] {
  const old = compileRoutes(meshConfigOf(before)).table
  return diffTables(old, compileRoutes(meshConfigOf(after), old).table)
}

test('a new subset comes before the routes that use it, a removed one goes after them', () => {
  expect(kindsOf(changes(world([100, 1], ['v1']), world([90, 10], ['v1', 'v2'])))).toEqual(['put-cluster', 'put-entry'])
  expect(kindsOf(changes(world([90, 10], ['v1', 'v2']), world([100, 1], ['v1'])))).toEqual(['put-entry', 'remove-cluster'])
})

test('a weight change among many hosts costs the entries of its host only', () => {
  const many = Array.from({ length: 50 }, (_, at) => deployed({ name: `other-${at}`, versions: { v1: 1 } })).flat()
  const kinds = changes([...many, ...world([90, 10], ['v1', 'v2'])], [...many, ...world([50, 50], ['v1', 'v2'])])
  expect(new Set(kinds.map((change) => (change.kind === 'put-entry' ? change.entry.host : change.kind)))).toEqual(
    new Set(['r.default.svc.cluster.local', '*.shop.example'])
  )
})

test('a cluster whose endpoints are replaced is first grown, then shrunk; slots of kept endpoints survive', () => {
  const endpoint = (at: number) => ({
    address: `127.0.0.${at}`,
    port: 1,
    weight: 1,
    locality: '',
    priority: 0,
    pod: '',
    namespace: '',
    workload: '',
    app: '',
    version: ''
  })
  const base = Object.values(compileRoutes(meshConfigOf(pods)).table.clusters)[0]
  if (base === undefined) throw new Error('the Service has a cluster')
  const tableOf = (version: number, ...ats: number[]): RouteTable => ({
    ...EMPTY_TABLE,
    version,
    clusters: { [base.id]: { ...base, endpoints: ats.map(endpoint) } }
  })
  const list = diffTables(tableOf(1, 1, 2), tableOf(2, 2, 3))
  expect(
    list.map((change) => (change.kind === 'put-cluster' ? change.cluster.endpoints.map(({ address }) => address.at(-1)) : change.kind))
  ).toEqual([
    ['2', '3', '1'],
    ['2', '3']
  ])
  const router = prepare(tableOf(1, 1, 2))
  const kept = router.clusters.get(base.id)?.slots[1]
  for (const change of list) applyChange(router, change)
  expect(router.clusters.get(base.id)?.slots[0]).toBe(kept)
  expect(router.version).toBe(2)
})
