import { expect, test } from 'vitest'
import { alertProviderSpec } from './flagger-alert-provider.ts'
import { validate } from './validate.ts'

test.each([
  ['an address is accepted', alertProviderSpec, { type: 'slack', address: 'http://s' }, []],
  ['address or secret, not both', alertProviderSpec, { type: 'slack', address: 'http://s', secretRef: { name: 'x' } }, ['<nil>']]
])('%s', (_, schema, value, fields) => {
  expect(validate(schema, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
