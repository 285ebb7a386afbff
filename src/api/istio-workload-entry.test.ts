import { expect, test } from 'vitest'
import { workloadEntrySpec } from './istio-workload-entry.ts'
import { validate } from './validate.ts'

test.each([
  ['an endpoint is accepted', workloadEntrySpec, { address: '10.0.0.1', ports: { http: 8080 }, weight: 1 }, []],
  ['ports are numbers', workloadEntrySpec, { ports: { http: 'eighty' } }, ['ports.http']]
])('%s', (_, schema, value, fields) => {
  expect(validate(schema, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
