import { expect, test } from 'vitest'
import { workloadGroupSpec } from './istio-workload-group.ts'
import { validate } from './validate.ts'

test.each([
  ['a template is accepted', workloadGroupSpec, { template: { serviceAccount: 'a' }, probe: { httpGet: { port: 80 } } }, []],
  ['a template is needed', workloadGroupSpec, { probe: { exec: {} } }, ['template', 'probe.exec.command']],
  ['one way to probe', workloadGroupSpec, { template: {}, probe: { tcpSocket: { port: 1 }, grpc: {} } }, ['<nil>']]
])('%s', (_, schema, value, fields) => {
  expect(validate(schema, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
