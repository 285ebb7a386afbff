import { expect, test } from 'vitest'
import { destinationRuleSpec } from './istio-destination-rule.ts'
import { validate } from './validate.ts'

test.each([
  ['subsets with labels are accepted', destinationRuleSpec, { host: 'a', subsets: [{ name: 'v1', labels: { version: 'v1' } }] }, []],
  ['host and subset names are needed', destinationRuleSpec, { subsets: [{}] }, ['host', 'subsets[0].name']]
])('%s', (_, schema, value, fields) => {
  expect(validate(schema, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
