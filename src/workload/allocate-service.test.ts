import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { seeded } from '../std/draw.ts'
import { dig } from '../std/json.ts'
import { allocateService, NODE_PORTS, type ServiceAllocation } from './allocate-service.ts'

const PREFIX = '127.96'
const service = (name: string, spec: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'demo' },
  spec
})
const allocate = (made: KubeObject, all: readonly KubeObject[] = [], old?: KubeObject): ServiceAllocation =>
  allocateService({ service: made, old, all }, PREFIX, seeded(1))
const specOf = (answer: ServiceAllocation): unknown => (answer.kind === 'allocated' ? answer.object['spec'] : answer)

test('a Service gets an address of the block that no other has', () => {
  const all: KubeObject[] = []
  for (let number = 0; number < 300; number++) {
    const answer = allocate(service(`s${number}`, { type: 'ClusterIP' }), all)
    if (answer.kind === 'allocated') all.push(answer.object)
  }
  const addresses = all.map((each) => String(dig(each, 'spec', 'clusterIP')))
  expect(new Set(addresses).size).toBe(300)
  expect(addresses.every((address) => address.startsWith(`${PREFIX}.`))).toBe(true)
  expect(dig(all[0], 'spec', 'clusterIPs')).toEqual([addresses[0]])
})

test('headless and external Services get none, and one that has an address keeps it', () => {
  expect(specOf(allocate(service('a', { clusterIP: 'None' })))).toEqual({ clusterIP: 'None' })
  expect(specOf(allocate(service('a', { type: 'ExternalName' })))).toEqual({ type: 'ExternalName' })
  const old = service('a', { type: 'ClusterIP', clusterIP: '10.1.2.3' })
  expect(specOf(allocate(old, [old], old))).toMatchObject({ clusterIP: '10.1.2.3' })
})

test('an address that is taken or of another range is refused in the words of a real server', () => {
  const other = service('other', { clusterIP: '127.96.0.9' })
  expect(specOf(allocate(service('a', { clusterIP: '127.96.0.9', clusterIPs: ['127.96.0.9'] }), [other]))).toEqual({
    kind: 'refused',
    causes: [
      {
        reason: 'FieldValueInvalid',
        field: 'spec.clusterIPs',
        message: 'Invalid value: ["127.96.0.9"]: failed to allocate IP 127.96.0.9: provided IP is already allocated'
      }
    ]
  })
  expect(JSON.stringify(allocate(service('a', { clusterIP: '10.0.0.1' })))).toContain(
    'the provided network does not match the current range'
  )
})

test('a port open on nodes gets a number of its own, the same for both protocols of one port', () => {
  const ports = [
    { port: 53, protocol: 'TCP' },
    { port: 53, protocol: 'UDP' },
    { port: 80, protocol: 'TCP', nodePort: 30_080 }
  ]
  const answer = allocate(service('dns', { type: 'NodePort', ports }))
  const [tcp, udp, web] = (dig(specOf(answer), 'ports') as { nodePort: number }[]).map((port) => port.nodePort)
  expect(tcp).toBe(udp)
  expect(tcp).toBeGreaterThanOrEqual(NODE_PORTS.first)
  expect(tcp).toBeLessThanOrEqual(NODE_PORTS.last)
  expect([web, tcp === 30_080]).toEqual([30_080, false])
})

test('a node port that is taken or out of range is refused, its own is not', () => {
  const asked = (nodePort: number): object => ({ type: 'NodePort', ports: [{ port: 80, nodePort }] })
  const other = service('other', asked(30_080))
  expect(allocate(service('a', asked(30_080)), [other])).toMatchObject({
    causes: [{ field: 'spec.ports[0].nodePort', message: 'Invalid value: 30080: provided port is already allocated' }]
  })
  expect(allocate(service('a', asked(80)))).toMatchObject({
    causes: [{ message: 'Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767' }]
  })
  expect(allocate(other, [other], other).kind).toBe('allocated')
  expect(allocate(other, [other])).toMatchObject({ kind: 'refused' })
})

test('two ports of one Service cannot share a node port, and a local balancer gets one for health checks', () => {
  const ports = [
    { port: 80, nodePort: 30_080 },
    { port: 81, nodePort: 30_080 }
  ]
  expect(allocate(service('a', { type: 'NodePort', ports }))).toMatchObject({ causes: [{ field: 'spec.ports[1].nodePort' }] })
  const spec = specOf(allocate(service('b', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [{ port: 80 }] })))
  expect(dig(spec, 'healthCheckNodePort')).toBeGreaterThanOrEqual(NODE_PORTS.first)
  expect(dig(spec, 'ports', '0', 'nodePort')).not.toBe(dig(spec, 'healthCheckNodePort'))
})

test('a range that is used up is said', () => {
  const full = service('full', {
    ports: Array.from({ length: NODE_PORTS.last - NODE_PORTS.first + 1 }, (_, index) => ({ nodePort: NODE_PORTS.first + index }))
  })
  expect(allocate(service('a', { type: 'NodePort', ports: [{ port: 80 }] }), [full])).toEqual({
    kind: 'exhausted',
    message: 'failed to allocate a nodePort: range is full'
  })
})
