import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import type { Service } from '../api/builtin-types.ts'
import type { Pod } from '../api/builtin-types-pod.ts'
import { reconcileService } from './service.ts'
import type { Write } from './write.ts'

function service(spec: Partial<Service['spec']> = {}): Service {
  const ports = [{ name: 'http', port: 80, targetPort: 'web' }]
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'shop', namespace: 'test', uid: 's', labels: { team: 'a' } },
    spec: { type: 'ClusterIP', clusterIP: '127.96.0.2', selector: { app: 'shop' }, ports, ...spec }
  }
}

function pod(
  name: string,
  ip: string,
  facts: { ready?: boolean; leaving?: boolean; port?: number; phase?: 'Failed' | 'Running' } = {}
): Pod {
  const { ready = true, leaving = false, port = 8080, phase = 'Running' } = facts
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'test',
      uid: name,
      labels: { app: 'shop' },
      ...(leaving ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {})
    },
    spec: { nodeName: 'node', containers: [{ name: 'c', ports: [{ name: 'web', containerPort: port }] }] },
    status: { phase, podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] }
  }
}

const look = (of: Service, pods: readonly Pod[], slices: readonly KubeObject[] = [], endpoints?: KubeObject): readonly Write[] =>
  reconcileService({ service: of, pods, slices, endpoints }).writes
const created = (writes: readonly Write[], kind: string): KubeObject[] =>
  writes.flatMap((write) => (write.kind === 'create' && write.object.kind === kind ? [write.object] : []))

test('ready, unready and leaving pods are told apart, and named ports are resolved in the pod', () => {
  const pods = [
    pod('a', '127.10.0.2'),
    pod('b', '127.10.0.3', { ready: false }),
    pod('c', '127.10.0.4', { leaving: true }),
    pod('d', '127.10.0.5', { phase: 'Failed' })
  ]
  const writes = look(service(), pods)
  const [slice] = created(writes, 'EndpointSlice')
  expect(slice?.metadata.labels).toMatchObject({ 'kubernetes.io/service-name': 'shop', team: 'a' })
  expect(slice).toMatchObject({
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: [
      { addresses: ['127.10.0.2'], conditions: { ready: true, serving: true, terminating: false }, targetRef: { kind: 'Pod', name: 'a' } },
      { addresses: ['127.10.0.3'], conditions: { ready: false, serving: false, terminating: false } },
      { addresses: ['127.10.0.4'], conditions: { ready: false, serving: true, terminating: true } }
    ]
  })
  const [endpoints] = created(writes, 'Endpoints')
  expect(endpoints?.['subsets']).toMatchObject([
    { addresses: [{ ip: '127.10.0.2' }], notReadyAddresses: [{ ip: '127.10.0.3' }], ports: [{ port: 8080 }] }
  ])
})

test('what is already right is not written again, what changed is patched in place', () => {
  const pods = [pod('a', '127.10.0.2')]
  const first = look(service(), pods)
  const slices = created(first, 'EndpointSlice')
  const [endpoints] = created(first, 'Endpoints')
  expect(look(service(), pods, slices, endpoints)).toEqual([])
  const moved = look(service(), [pod('a', '127.10.0.9')], slices, endpoints)
  expect(moved.map((write) => write.kind === 'patch' && write.target.resource)).toEqual(['endpointslices', 'endpoints'])
})

test('a Service without pods has one empty slice and Endpoints without subsets', () => {
  const writes = look(service(), [])
  expect(created(writes, 'EndpointSlice')).toMatchObject([{ endpoints: [], ports: [] }])
  expect(created(writes, 'Endpoints')[0]).not.toHaveProperty('subsets')
})

test('pods whose named port differs get slices of their own, removed when they go', () => {
  const both = look(service(), [pod('a', '127.10.0.2'), pod('b', '127.10.0.3', { port: 9090 })])
  const slices = created(both, 'EndpointSlice')
  expect(slices.map((slice) => slice['ports'])).toMatchObject([[{ port: 8080 }], [{ port: 9090 }]])
  const later = look(service(), [pod('a', '127.10.0.2')], slices, created(both, 'Endpoints')[0])
  expect(later.filter(({ kind }) => kind === 'delete')).toHaveLength(1)
})

test('unready addresses are published when the Service asks for it, and headless ones are marked', () => {
  const [slice] = created(
    look(service({ publishNotReadyAddresses: true, clusterIP: 'None' }), [pod('a', '127.10.0.2', { ready: false })]),
    'EndpointSlice'
  )
  expect(slice?.['endpoints']).toMatchObject([{ conditions: { ready: true } }])
  expect(slice?.metadata.labels).toHaveProperty(['service.kubernetes.io/headless'])
})

test('a Service without selector, or of type ExternalName, is left alone', () => {
  expect(look(service({ selector: {} }), [pod('a', '127.10.0.2')])).toEqual([])
  expect(look(service({ type: 'ExternalName' }), [pod('a', '127.10.0.2')])).toEqual([])
})
