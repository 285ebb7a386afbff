import { expect, test } from 'vitest'
import { gatewaySpec, serverTls } from './istio-gateway.ts'
import { validate } from './validate.ts'

test.each([
  [
    'a server is accepted',
    gatewaySpec,
    { selector: { istio: 'ingressgateway' }, servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] },
    []
  ],
  ['a server needs port and hosts', gatewaySpec, { servers: [{}] }, ['servers[0].hosts', 'servers[0].port']],
  ['the mode is one of a list', serverTls, { mode: 'EASY' }, ['mode']],
  ['one or two certificates', serverTls, { credentialNames: [], tlsCertificates: [{}, {}, {}] }, ['credentialNames', 'tlsCertificates']]
])('%s', (_, schema, value, fields) => {
  expect(validate(schema, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
