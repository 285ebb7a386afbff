import { expect, test } from 'vitest'
import { envoyFilterSpec } from './istio-envoy-filter.ts'
import { validate } from './validate.ts'

test.each([
  [
    'a patch keeps any value',
    envoyFilterSpec,
    { configPatches: [{ applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: { any: [1] } } }] },
    []
  ],
  ['one thing is matched', envoyFilterSpec, { configPatches: [{ match: { listener: {}, cluster: {} } }] }, ['<nil>']],
  [
    'a target needs kind and name',
    envoyFilterSpec,
    { targetRefs: [{ group: 'UPPER' }] },
    ['targetRefs[0].kind', 'targetRefs[0].name', 'targetRefs[0].group']
  ]
])('%s', (_, schema, value, fields) => {
  expect(validate(schema, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
