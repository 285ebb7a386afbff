import { deserialize, serialize } from 'node:v8'
import { expect, it } from 'vitest'
import { meshObjects } from '../../test/large-mesh.ts'
import { Compactor } from './compact.ts'
import { compileRoutes } from './compile-routes.ts'
import { diffTables } from './diff-tables.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { EMPTY_TABLE } from './route-table.ts'
import type { TableChange } from './route-table.ts'

const { table } = compileRoutes(meshConfigOf(meshObjects(3)))
// As changes come over a channel: nothing in them is known here.
const come = (): TableChange[] => deserialize(serialize(diffTables(EMPTY_TABLE, table))) as TableChange[]

it('a change stays what it is', () => {
  const compactor = new Compactor()
  expect(come().map((change) => compactor.change(change))).toEqual(come())
})

it('equal parts of a message are one', () => {
  const compactor = new Compactor()
  const changes = come().map((change) => compactor.change(change))
  const routes = changes.flatMap((change) => (change.kind === 'put-entry' ? change.entry.routes : []))
  const retries = routes.flatMap(({ action }) => (action.kind === 'forward' && action.retry !== undefined ? [action.retry] : []))
  expect(retries.length).toBeGreaterThan(10)
  expect(new Set(retries).size).toBe(2)
  const endpoints = changes.flatMap((change) => (change.kind === 'put-cluster' ? change.cluster.endpoints : []))
  expect([endpoints.length, new Set(endpoints).size]).toEqual([6, 3])
})
