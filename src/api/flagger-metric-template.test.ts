import { expect, test } from 'vitest'
import { metricTemplateSpec } from './flagger-metric-template.ts'
import { validate } from './validate.ts'

test.each([
  ['a query of Prometheus is accepted', metricTemplateSpec, { provider: { type: 'prometheus', address: 'http://p' }, query: 'up' }, []],
  ['provider and query are needed', metricTemplateSpec, { provider: {} }, ['query', 'provider.type']]
])('%s', (_, schema, value, fields) => {
  expect(validate(schema, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
