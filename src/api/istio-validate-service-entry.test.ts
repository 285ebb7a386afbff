import { expect, test } from 'vitest'
import { faultLines } from '../../test/istio-faults.ts'
import { validateServiceEntry, validateWorkloadEntry } from './istio-validate-service-entry.ts'

const WEB = 'ports: [{name: web, number: 80, protocol: HTTP}]'
const TCP = 'ports: [{name: tcp, number: 90, protocol: TCP}]'

test.each([
  [`{hosts: [a.example], ${WEB}}`, []],
  [`{hosts: ["*"], ${WEB}}`, ['error spec.hosts[0]']],
  [`{hosts: ["*a.example"], ${WEB}}`, ['warning spec.hosts[0]']],
  [`{hosts: [a.example], ${TCP}}`, ['warning spec.ports[0]']],
  [`{hosts: [a.example], addresses: [10.1.1.1], ${TCP}}`, []],
  [`{hosts: [a.example], addresses: [10.0.0.0/8, x], resolution: DNS, ${WEB}}`, ['error spec.addresses[0]', 'error spec.addresses[1]']],
  [`{hosts: [a.example], ports: [{name: web, number: 80, protocol: HTTP, targetPort: 81}]}`, ['warning spec.ports[0].targetPort']],
  [
    '{hosts: [a.example], ports: [{name: a.b, number: 0, protocol: x}]}',
    ['error spec.ports[0].name', 'error spec.ports[0].protocol', 'error spec.ports[0].number']
  ],
  [`{hosts: [a.example], resolution: STATIC, endpoints: [{address: a.example}], ${WEB}}`, ['error spec.endpoints[0].address']],
  [
    `{hosts: [a.example], resolution: STATIC, endpoints: [{address: 1.1.1.1, ports: {x: 1}}], ${WEB}}`,
    ['error spec.endpoints[0].ports["x"]']
  ],
  [`{hosts: [a.example], resolution: STATIC, endpoints: [{address: "unix:///a"}], ${WEB}}`, []],
  ['{hosts: [a.example], resolution: STATIC, endpoints: [{address: "unix:///a"}]}', ['error spec.endpoints[0].address']],
  [`{hosts: [a.example], resolution: STATIC, endpoints: [{}], ${WEB}}`, ['error spec.endpoints[0]']],
  [`{hosts: [a.example], resolution: DNS, endpoints: [{}], ${WEB}}`, ['error spec.endpoints[0].address']],
  [`{hosts: ["*.example"], resolution: DNS, ${WEB}}`, ['error spec.hosts[0]']],
  [`{hosts: ["*.example"], resolution: DYNAMIC_DNS, addresses: [10.1.1.1], ${WEB}}`, ['error spec.addresses']],
  [`{hosts: [a.example, b.example], resolution: DNS, addresses: [10.1.1.1], ${TCP}}`, ['error spec.hosts', 'warning spec.hosts']],
  [`{hosts: [a.example, b.example], addresses: [10.1.1.1], ${TCP}}`, []],
  [`{hosts: [a.example], workloadSelector: {}, ${WEB}}`, ['warning spec.workloadSelector', 'warning spec.resolution']],
  [`{hosts: [a.example], exportTo: ["~"], ${WEB}}`, []]
])('%s: %o', (spec, wanted) => {
  expect(faultLines('ServiceEntry', spec).map((line) => line.replace(/^(\w+ .*?): .*$/s, '$1'))).toEqual(wanted)
})

test('TCP without addresses has a code of its own; an entry of the default namespace is judged so', () => {
  const entry = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: {},
    spec: { hosts: ['a.example'], exportTo: ['.', 'default'], ports: [{ name: 'x', number: 1 }] }
  } as const
  expect(validateServiceEntry(entry).map(({ istio }) => istio)).toEqual(['IST0134', 'IST0106'])
  expect(validateWorkloadEntry({ spec: {} })).toHaveLength(1)
})
