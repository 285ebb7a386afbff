import { expect, it } from 'vitest'
import { NO_UNIT, isEmptyUnit, nameMeanings } from './domain-entries.ts'
import type { Meaning } from './compile-mesh.ts'
import { UNKNOWN } from './route-table.ts'
import type { EntryContent } from './table-limits.ts'

const content = (host: string, redirects = false): EntryContent => ({ host, httpsRedirect: redirects, routes: [], broken: false })

function meaning(namespace: string, what: EntryContent | undefined): Meaning {
  const base = namespace === '' ? {} : { base: 'mesh|80|' }
  return { scope: { id: `mesh|80|${namespace}`, kind: 'mesh', port: 80, namespace, tls: false, ...base }, content: what }
}

const NONE = (): never => {
  throw new Error('no address')
}

it('equal meanings have one entry; the first scope names it after the host alone', () => {
  const bound = [
    meaning('b', content('web', true)),
    meaning('', content('web')),
    meaning('c', content('web', true)),
    meaning('a', undefined)
  ]
  const unit = nameMeanings('web', { bound, own: [] }, NONE)
  expect([...unit.binds]).toEqual([
    ['mesh|80|', 'mesh|80|web'],
    ['mesh|80|a', UNKNOWN],
    ['mesh|80|b', 'mesh|80|web|mesh|80|b'],
    ['mesh|80|c', 'mesh|80|web|mesh|80|b']
  ])
  expect([...unit.entries.keys()]).toEqual(['mesh|80|web', 'mesh|80|web|mesh|80|b'])
})

it('what is as usual is not bound again', () => {
  const unit = nameMeanings('web', { bound: [meaning('', content('web')), meaning('a', content('web'))], own: [] }, NONE)
  expect([...unit.binds.keys()]).toEqual(['mesh|80|'])
  expect(isEmptyUnit(nameMeanings('web', { bound: [meaning('a', undefined)], own: [] }, NONE))).toBe(true)
  expect(isEmptyUnit(NO_UNIT)).toBe(true)
})

it('an address has the entries of its host', () => {
  const host = nameMeanings('web', { bound: [meaning('', content('web'))], own: [] }, NONE)
  const address = nameMeanings('10.0.0.1', { bound: [meaning('', content('web'))], own: [] }, () => host.entries)
  expect([...address.binds]).toEqual([['mesh|80|', 'mesh|80|web']])
  expect(address.entries.size).toBe(0)
})
