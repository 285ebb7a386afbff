import { expect, test } from 'vitest'
import { faultLines } from '../../test/istio-faults.ts'
import { validateGateway } from './istio-validate-gateway.ts'

const server = (port: string, more = '', hosts = '["*"]'): string => `{servers: [{hosts: ${hosts}, port: ${port}${more}}]}`
const HTTP = '{number: 80, name: http, protocol: HTTP}'
const HTTPS = '{number: 443, name: https, protocol: HTTPS}'

test.each([
  [server(HTTP), []],
  [server(HTTP, '', '[a.example, ns/b.example, ./c.example, "*/d.example"]'), []],
  [server(HTTP, '', '[]'), ['spec.servers[0].hosts']],
  [server('{number: 80, name: "", protocol: HTTP, targetPort: 8080}'), ['spec.servers[0].port.name', 'spec.servers[0].port.targetPort']],
  [server('{number: 0, name: a, protocol: gopher}'), ['spec.servers[0].port.protocol', 'spec.servers[0].port.number']],
  [server(HTTPS), ['spec.servers[0]']],
  [server(HTTPS, ', tls: {mode: SIMPLE, credentialName: c}'), []],
  [server(HTTP, ', tls: {httpsRedirect: true}'), []],
  [server(HTTP, ', tls: {mode: PASSTHROUGH, privateKey: k}'), ['spec.servers[0].tls', 'spec.servers[0].tls']],
  [server('{number: 9000, name: tcp, protocol: TCP}', ', tls: {}'), ['spec.servers[0].tls']],
  ['{}', ['spec.servers']]
])('%s has faults at %o', (spec, paths) => {
  expect(faultLines('Gateway', spec).map((line) => line.replace(/^(?:error|warning) (.*?): .*$/s, '$1'))).toEqual(paths)
})

test('a redirect to https from https goes nowhere: a warning; the name is a label', () => {
  expect(faultLines('Gateway', server(HTTPS, ', tls: {httpsRedirect: true}'))).toMatchObject([expect.stringMatching(/^warning/)])
  const named = { apiVersion: 'networking.istio.io/v1', kind: 'Gateway', metadata: { name: 'a.b' }, spec: {} } as const
  expect(validateGateway(named).map(({ path }) => path)).toEqual(['metadata.name', 'spec.servers'])
})
