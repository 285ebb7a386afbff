import { expect, it } from 'vitest'
import { NO_UNIT, type UnitTable } from './domain-entries.ts'
import { PLAIN_CLUSTER } from './plain.ts'
import type { ScopeHead } from './route-table.ts'
import { TableState } from './table-state.ts'
import { TableWriter } from './table-writer.ts'

const HEAD: ScopeHead = { id: 's', kind: 'mesh', port: 80, namespace: '', tls: false }

function unit(broken: boolean, redirects = false): UnitTable {
  const content = { host: 'web', httpsRedirect: redirects, routes: [], broken }
  return { domain: 'web', binds: new Map([['s', 'e']]), entries: new Map([['e', content]]), own: new Map() }
}

function written(state: TableState, write: (writer: TableWriter) => void): string[] {
  const writer = new TableWriter(state, () => undefined)
  write(writer)
  const changes = writer.finish()
  state.applyAll(changes)
  return changes.map(({ kind }) => kind)
}

it('what comes is written in a safe order, what is the same is not written, and what goes goes last', () => {
  const state = new TableState()
  const first = written(state, (writer) => {
    writer.head(HEAD)
    writer.unit(NO_UNIT, unit(false))
    writer.cluster('c', { ...PLAIN_CLUSTER, id: 'c' })
  })
  expect(first).toEqual(['put-cluster', 'put-entry', 'put-scope', 'bind'])
  expect(written(state, (writer) => writer.unit(unit(false), unit(false)))).toEqual([])
  const last = written(state, (writer) => {
    writer.cluster('c', undefined)
    writer.removeScope('s')
    writer.unit(unit(false), NO_UNIT)
  })
  expect(last).toEqual(['remove-scope', 'remove-entry', 'remove-cluster'])
  expect(state.entries.size + state.scopes.size + state.clusters.size).toBe(0)
})

it('broken rules keep the entry that was there', () => {
  const state = new TableState()
  written(state, (writer) => {
    writer.head(HEAD)
    writer.unit(NO_UNIT, unit(false, true))
  })
  expect(written(state, (writer) => writer.unit(unit(false, true), unit(true)))).toEqual([])
  expect(state.entries.get('e')?.httpsRedirect).toBe(true)
  expect(written(state, (writer) => writer.unit(unit(true), unit(false)))).toEqual(['put-entry'])
})
