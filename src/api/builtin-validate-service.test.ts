import { expect, test } from 'vitest'
import { serviceFaults } from './builtin-validate-service.ts'

const PORTS = [{ port: 80, protocol: 'TCP' }]
const faults = (spec: object, old?: object): readonly string[] =>
  serviceFaults({ spec }, old === undefined ? undefined : { spec: old }).map(({ field, message }) => `${field}: ${message.slice(0, 90)}`)

// Each text is what kube-apiserver 1.36 answered to the same Service.
test.each([
  [{ ports: PORTS, type: 'ClusterIP' }, []],
  [{}, ['spec.ports: Required value']],
  [{ clusterIP: 'None' }, []],
  [
    { ports: PORTS, clusterIP: 'None', type: 'NodePort' },
    [`spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services`]
  ],
  [
    { ports: PORTS, clusterIP: 'foo' },
    ['spec.clusterIPs[0]: Invalid value: "foo": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
  ],
  [
    { ports: PORTS, clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.2'] },
    ['spec.clusterIPs: Invalid value: ["10.0.0.2"]: first value must match `clusterIP`']
  ],
  [
    { ports: [{ port: 80, nodePort: 30_080 }], type: 'ClusterIP' },
    ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]
  ],
  [{ type: 'ExternalName' }, ['spec.externalName: Required value']],
  [
    { type: 'ExternalName', externalName: 'a.b', clusterIP: '10.0.0.1' },
    ['spec.clusterIPs: Forbidden: may not be set for ExternalName services']
  ],
  [
    { ports: [PORTS[0], PORTS[0]] },
    ['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value', expect.stringContaining('"Port":80')]
  ],
  [
    {
      ports: [
        { port: 80, name: 'a' },
        { port: 81, name: 'a' }
      ]
    },
    ['spec.ports[1].name: Duplicate value: "a"']
  ]
])('of %j are refused %j', (spec, want) => expect(faults(spec)).toEqual(want))

test('an address may be left out of an update, but not changed', () => {
  const old = { ports: PORTS, type: 'ClusterIP', clusterIP: '10.0.0.1' }
  expect(faults({ ports: PORTS, type: 'ClusterIP' }, old)).toEqual([])
  expect(faults({ ...old, clusterIP: '10.0.0.2' }, old)).toEqual([
    'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set'
  ])
})

test('only a balancer has an ingress', () => {
  const status = { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } }
  expect(serviceFaults({ spec: { ports: PORTS, type: 'ClusterIP' }, status }, undefined)).toMatchObject([
    { field: 'status.loadBalancer.ingress' }
  ])
  expect(serviceFaults({ spec: { ports: PORTS, type: 'LoadBalancer' }, status }, undefined)).toEqual([])
})
