import { expect, test } from 'vitest'
import { faultLines } from '../../test/istio-faults.ts'
import { validateWorkloadGroup } from './istio-validate-workload-group.ts'

test.each([
  ['{template: {ports: {http: 80}}, probe: {httpGet: {port: 80, scheme: HTTP, httpHeaders: [{name: x-a, value: b}]}}}', []],
  ['{template: {}, probe: {tcpSocket: {port: 80}, periodSeconds: 5}}', []],
  ['{template: {}, probe: {exec: {command: []}}}', ['spec.probe.exec.command']],
  ['{template: {}, probe: {httpGet: {port: 0, scheme: ftp}}}', ['spec.probe.httpGet.port', 'spec.probe.httpGet.scheme']],
  ['{template: {}, probe: {grpc: {port: 80}}}', []],
  ['{template: {labels: {"/": x}}}', ['spec.template.labels["/"]']]
])('%s has errors at %o', (spec, paths) => {
  expect(faultLines('WorkloadGroup', spec).map((line) => line.replace(/^error (.*?): .*$/s, '$1'))).toEqual(paths)
})

test('a probe that asks nothing is refused', () => {
  const group = { apiVersion: 'networking.istio.io/v1', kind: 'WorkloadGroup', metadata: {}, spec: { template: {}, probe: {} } } as const
  expect(validateWorkloadGroup(group)).toHaveLength(1)
})
