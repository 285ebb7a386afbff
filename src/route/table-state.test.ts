import { expect, it } from 'vitest'
import { deployed } from '../../test/route-mesh.ts'
import { compileRoutes } from './compile-routes.ts'
import { diffTables } from './diff-tables.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { EMPTY_TABLE } from './route-table.ts'
import { TableState } from './table-state.ts'

it('the changes between two tables lead from one to the other, and back to nothing', () => {
  const { table } = compileRoutes(meshConfigOf(deployed({ name: 'web', versions: { v1: 1 } })))
  const state = new TableState()
  state.applyAll(diffTables(EMPTY_TABLE, table))
  expect(state.table).toEqual(table)
  expect(state.table).toBe(state.table)
  state.applyAll(diffTables(table, { ...EMPTY_TABLE, version: 2 }))
  expect(state.table).toEqual({ ...EMPTY_TABLE, version: 2 })
})
