import { expect, test } from 'vitest'
import { EMPTY_TABLE, gatewayScope, meshScope } from './route-table.ts'

test('a mesh scope names only the labels that some rule asks about', () => {
  const source = { namespace: 'shop', labels: { app: 'web', version: 'v1' } }
  expect(meshScope([], source, 80)).toBe('mesh|80|shop')
  expect(meshScope(['team', 'version'], source, 80)).toBe('mesh|80|shop|version=v1')
  expect(gatewayScope(443)).toBe('gateway|443')
  expect(EMPTY_TABLE.version).toBe(0)
})
