import { expect, test } from 'vitest'
import { EMPTY_TABLE, UNKNOWN, gatewayScope, hostsIn, meshScope } from './route-table.ts'
import type { Scope } from './route-table.ts'

test('a mesh scope names only the labels that some rule asks about', () => {
  const source = { namespace: 'shop', labels: { app: 'web', version: 'v1' } }
  expect(meshScope([], source, 80)).toBe('mesh|80|shop')
  expect(meshScope(['team', 'version'], source, 80)).toBe('mesh|80|shop|version=v1')
  expect(gatewayScope(443)).toBe('gateway|443')
  expect(EMPTY_TABLE.version).toBe(0)
})

test('a scope knows what its base knows, but for what it says itself', () => {
  const scope = (id: string, hosts: Readonly<Record<string, string>>): Scope => ({
    id,
    kind: 'mesh',
    port: 80,
    namespace: '',
    tls: false,
    hosts
  })
  const base = scope('base', { a: 'a', b: 'b', c: 'c' })
  const own = { ...scope('own', { b: 'other', c: UNKNOWN, d: 'd' }), base: 'base' }
  expect(hostsIn({ scopes: { base, own } }, 'own')).toEqual({ a: 'a', b: 'other', d: 'd' })
  expect(hostsIn({ scopes: { base, own } }, 'base')).toEqual(base.hosts)
  expect(hostsIn({ scopes: {} }, 'none')).toEqual({})
})
