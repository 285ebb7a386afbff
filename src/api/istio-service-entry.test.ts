import { expect, test } from 'vitest'
import { serviceEntrySpec } from './istio-service-entry.ts'
import { validate } from './validate.ts'

test.each([
  [
    'a host is accepted',
    serviceEntrySpec,
    { hosts: ['a.example.com'], ports: [{ name: 'tls', number: 443, protocol: 'TLS' }], resolution: 'DNS' },
    []
  ],
  ['hosts are needed', serviceEntrySpec, { resolution: 'MAGIC' }, ['hosts', 'resolution']],
  ['there is at least one host', serviceEntrySpec, { hosts: [] }, ['hosts']],
  [
    'port names are unique',
    serviceEntrySpec,
    {
      hosts: ['a'],
      ports: [
        { name: 'x', number: 1 },
        { name: 'x', number: 2 }
      ]
    },
    ['ports[1]']
  ]
])('%s', (_, schema, value, fields) => {
  expect(validate(schema, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
