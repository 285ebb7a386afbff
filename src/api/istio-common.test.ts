import { expect, test } from 'vitest'
import { destination, headersRules, istioStatus } from './istio-common.ts'
import { validate } from './validate.ts'

test.each([
  ['a destination needs a host', destination, { port: { number: 80 } }, ['host']],
  ['a port is not negative', destination, { host: 'a', port: { number: -1 } }, ['port.number']],
  ['header values are texts', headersRules, { request: { add: { a: 1 } } }, ['request.add.a']],
  ['a generation is a number or a text', istioStatus, { observedGeneration: '3', conditions: [{ observedGeneration: 3 }], anything: 1 }, []]
])('%s', (_, schema, value, fields) => {
  expect(validate(schema, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
