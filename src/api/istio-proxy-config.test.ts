import { expect, test } from 'vitest'
import { proxyConfigSpec } from './istio-proxy-config.ts'
import { validate } from './validate.ts'

test.each([
  ['concurrency may be null', proxyConfigSpec, { concurrency: null, image: { imageType: 'debug' } }, []],
  ['concurrency is not negative', proxyConfigSpec, { concurrency: -1 }, ['concurrency']]
])('%s', (_, schema, value, fields) => {
  expect(validate(schema, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
