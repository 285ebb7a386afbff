import { expect, test } from 'vitest'
import { EMPTY_TABLE } from './route-table.ts'
import type { RouteTable } from './route-table.ts'
import { TableBuilder } from './table-builder.ts'
import type { EntryContent } from './table-builder.ts'

const content = (host: string, httpsRedirect = false, broken = false): EntryContent => ({ host, httpsRedirect, broken, routes: [] })

function build(previous: RouteTable, contents: Readonly<Record<string, EntryContent>>): RouteTable {
  const builder = new TableBuilder(previous)
  for (const [id, each] of Object.entries(contents)) {
    builder.open({ id, kind: 'gateway', port: 80, namespace: '', tls: false })
    builder.bind(id, 'h', each)
  }
  return builder.finish([], {})
}

test('scopes that say the same of a host share its entry, others get one of their own', () => {
  const table = build(EMPTY_TABLE, { a: content('h'), b: content('h'), c: content('h', true) })
  expect(Object.keys(table.entries)).toEqual(['gateway|80|h', 'gateway|80|h|c'])
  expect(table.scopes['b']?.hosts['h']).toBe('gateway|80|h')
})

test('what did not change keeps its version, and an unchanged table is the previous one', () => {
  const first = build(EMPTY_TABLE, { a: content('h'), b: content('h', true) })
  expect(build(first, { a: content('h'), b: content('h', true) })).toBe(first)
  const second = build(first, { a: content('h'), b: content('i', true) })
  expect(second.version).toBe(2)
  expect(Object.values(second.entries).map(({ version }) => version)).toEqual([1, 2])
})

test('a broken host keeps its entry; the first binding of a domain stays', () => {
  const first = build(EMPTY_TABLE, { a: content('h', true) })
  expect(build(first, { a: content('h', false, true) })).toBe(first)
  const builder = new TableBuilder(EMPTY_TABLE)
  builder.open({ id: 'a', kind: 'mesh', port: 80, namespace: '', tls: false })
  builder.bind('a', 'h', content('first'))
  builder.bind('a', 'h', content('second'))
  expect(builder.knows('a', 'h')).toBe(true)
  expect(builder.finish([], {}).scopes['a']?.hosts['h']).toBe('mesh|80|first')
})
