import { expect, test } from 'vitest'
import { faultLines } from '../../test/istio-faults.ts'
import { validateSidecar } from './istio-validate-sidecar.ts'

const PORT = 'port: {number: 80, protocol: HTTP}'

test.each([
  ['{workloadSelector: {labels: {app: a}}, egress: [{hosts: ["./*", istio-system/*]}]}', []],
  ['{egress: [{hosts: []}]}', ['spec.egress[0].hosts']],
  ['{egress: [{bind: 127.0.0.1, hosts: ["*/*"]}]}', ['spec.egress[0].bind']],
  [`{egress: [{${PORT}, hosts: ["*/*"]}, {hosts: ["*/*"]}]}`, []],
  [`{egress: [{hosts: ["*/*"]}, {${PORT}, hosts: ["*/*"]}]}`, ['spec.egress[0]']],
  [
    `{ingress: [{${PORT}, defaultEndpoint: "unix:///a"}, {${PORT}, defaultEndpoint: "10.0.0.1:80"}]}`,
    ['spec.ingress[1].defaultEndpoint', 'spec.ingress[1]']
  ],
  [`{ingress: [{${PORT}, defaultEndpoint: "127.0.0.1:0"}]}`, ['spec.ingress[0].defaultEndpoint.number']],
  ['{ingress: [{port: {number: 443, protocol: HTTPS}, tls: {mode: SIMPLE, serverCertificate: c, privateKey: k}}]}', []],
  [`{ingress: [{${PORT}, tls: {mode: SIMPLE, serverCertificate: c, privateKey: k}}]}`, ['spec.ingress[0].tls']],
  ['{outboundTrafficPolicy: {egressProxy: {host: a.example, port: {number: 1}}}}', ['spec.outboundTrafficPolicy']]
])('%s has errors at %o', (spec, paths) => {
  expect(faultLines('Sidecar', spec).map((line) => line.replace(/^error (.*?): .*$/s, '$1'))).toEqual(paths)
})

test('a Sidecar that says nothing is refused', () => {
  expect(validateSidecar({ apiVersion: 'networking.istio.io/v1', kind: 'Sidecar', metadata: {}, spec: {} })).toHaveLength(1)
})
