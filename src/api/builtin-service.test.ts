import { expect, test } from 'vitest'
import { prepareService } from './builtin-service.ts'
import type { KubeObject } from './object.ts'

const service = (spec: Record<string, unknown>): KubeObject => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec })
const ADDRESS = { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }

test('an update without addresses and node ports keeps them', () => {
  const old = service({
    type: 'NodePort',
    clusterIP: '10.0.0.1',
    clusterIPs: ['10.0.0.1'],
    ports: [{ port: 80, protocol: 'TCP', nodePort: 30_001 }]
  })
  const update = service({
    type: 'NodePort',
    ports: [
      { port: 80, protocol: 'TCP' },
      { port: 81, protocol: 'TCP' }
    ]
  })
  expect(prepareService(update, old)['spec']).toEqual({
    type: 'NodePort',
    clusterIP: '10.0.0.1',
    clusterIPs: ['10.0.0.1'],
    ports: [
      { port: 80, protocol: 'TCP', nodePort: 30_001 },
      { port: 81, protocol: 'TCP' }
    ]
  })
  expect(prepareService(service({ type: 'ClusterIP', ports: [{ port: 80 }] }), old)['spec']).toMatchObject({ ports: [{ port: 80 }] })
})

test('an address given alone is also the list of addresses', () => {
  expect(prepareService(service({ clusterIP: 'None' }), undefined)['spec']).toEqual({ clusterIP: 'None', clusterIPs: ['None'] })
  expect(prepareService(service({}), undefined)['spec']).toEqual({})
})

test('what only the type before had goes when the update leaves it alone', () => {
  const ports = [{ port: 80, protocol: 'TCP', nodePort: 30_001 }]
  const old = service({ ...ADDRESS, type: 'NodePort', externalTrafficPolicy: 'Cluster', ports })
  expect(prepareService(service({ ...ADDRESS, type: 'ClusterIP', externalTrafficPolicy: 'Cluster', ports }), old)['spec']).toEqual({
    ...ADDRESS,
    type: 'ClusterIP',
    ports: [{ port: 80, protocol: 'TCP' }]
  })
  const other = [{ port: 80, protocol: 'TCP', nodePort: 30_002 }]
  expect(prepareService(service({ ...ADDRESS, type: 'ClusterIP', ports: other }), old)['spec']).toMatchObject({ ports: other })
  const external = prepareService(service({ ...ADDRESS, type: 'ExternalName', externalName: 'a.example', ports }), old)
  expect(external['spec']).toEqual({ type: 'ExternalName', externalName: 'a.example', ports: [{ port: 80, protocol: 'TCP' }] })
})

test('the port for health checks goes with the policy that needs it', () => {
  const old = service({ ...ADDRESS, type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30_009 })
  const update = service({ ...ADDRESS, type: 'LoadBalancer', externalTrafficPolicy: 'Cluster', healthCheckNodePort: 30_009 })
  expect(prepareService(update, old)['spec']).toEqual({ ...ADDRESS, type: 'LoadBalancer', externalTrafficPolicy: 'Cluster' })
})

test('one node port is kept for one port alone', () => {
  const old = service({ ...ADDRESS, type: 'NodePort', ports: [{ port: 80, protocol: 'TCP', nodePort: 30_001 }] })
  const ports = [
    { name: 'a', port: 80, protocol: 'TCP' },
    { name: 'b', port: 81, protocol: 'TCP', nodePort: 30_001 }
  ]
  expect(prepareService(service({ ...ADDRESS, type: 'NodePort', ports }), old)['spec']).toMatchObject({ ports })
})
