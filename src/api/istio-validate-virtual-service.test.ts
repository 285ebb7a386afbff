import { expect, test } from 'vitest'
import { faultLines } from '../../test/istio-faults.ts'
import { validateVirtualService } from './istio-validate-virtual-service.ts'

const HTTP = 'http: [{route: [{destination: {host: b}}]}]'
const SNI = 'tls: [{match: [{sniHosts: [NAME]}], route: [{destination: {host: b}}]}]'

test.each([
  [`{hosts: [a, b], ${HTTP}}`, []],
  [`{hosts: ["*"], gateways: [g], ${HTTP}}`, []],
  [`{hosts: ["*"], gateways: [g, mesh], ${HTTP}}`, ['spec.hosts[0]']],
  [`{hosts: [1.1.1.1], ${HTTP}}`, []],
  [`{hosts: [outbound_.80_._.a.example], gateways: [g], ${HTTP}}`, []],
  [`{hosts: [outbound_.80_._.a.example], ${HTTP}}`, ['spec.hosts[0]']],
  [`{hosts: [a, "*.example", x.example, a], ${HTTP}}`, ['spec.hosts', 'spec.hosts']],
  [`{${HTTP}}`, []],
  [`{gateways: [g], tcp: [{route: [{destination: {host: b}}]}]}`, ['spec.gateways', 'spec.tcp']],
  [`{hosts: [a], exportTo: [".", "*"], ${HTTP}}`, ['spec.exportTo']],
  ['{hosts: [a]}', ['spec']],
  [`{hosts: ["*.example"], ${SNI.replace('NAME', 'a.example')}}`, []],
  [`{hosts: [a.example], ${SNI.replace('NAME', '"*.example"')}}`, ['spec.tls[0].match[0].sniHosts[0]']],
  [`{hosts: [a.example], ${SNI.replace('NAME', '')}}`, ['spec.tls[0].match[0]']],
  ['{hosts: [a], tls: [{match: []}]}', ['spec.tls[0]', 'spec.tls[0]']],
  [
    '{hosts: [a], tcp: [{match: [{destinationSubnets: [10.0.0.0/8, x], sourceNamespace: a.b}]}]}',
    ['spec.tcp[0].match[0].destinationSubnets[1]', 'spec.tcp[0]']
  ]
])('%s has errors at %o', (spec, paths) => {
  expect(faultLines('VirtualService', spec).map((line) => line.replace(/^error (.*?): .*$/s, '$1'))).toEqual(paths)
})

test('claims are asked of at gateways only, and a name that is an address is odd for TLS', () => {
  const claims = 'http: [{match: [{headers: {"@request.auth.claims.a": {exact: b}}}], route: [{destination: {host: b}}]}]'
  expect(faultLines('VirtualService', `{hosts: [a], gateways: [g], ${claims}}`)).toEqual([])
  expect(faultLines('VirtualService', `{hosts: [a], gateways: [g, mesh], ${claims}}`)).toHaveLength(1)
  expect(faultLines('VirtualService', `{hosts: [a], ${SNI.replace('NAME', '1.1.1.1')}}`)).toMatchObject([expect.stringMatching(/^warning/)])
})

test('an object without a namespace is judged as one of default', () => {
  const spec = { hosts: ['a'], exportTo: ['.', 'default'], http: [{ directResponse: { status: 200 } }] }
  const object = { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name: 'x' }, spec } as const
  expect(validateVirtualService(object)).toHaveLength(1)
})
