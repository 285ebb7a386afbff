import { expect, test } from 'vitest'
import { sidecarSpec } from './istio-sidecar.ts'
import { validate } from './validate.ts'

test.each([
  ['egress hosts are accepted', sidecarSpec, { egress: [{ hosts: ['./*'] }], outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } }, []],
  ['egress needs hosts, ingress a port', sidecarSpec, { egress: [{}], ingress: [{}] }, ['egress[0].hosts', 'ingress[0].port']]
])('%s', (_, schema, value, fields) => {
  expect(validate(schema, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
