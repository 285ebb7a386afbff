import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { discoveredPorts } from './ports.ts'

const target = (...containers: readonly (readonly [name: string, ports: readonly unknown[]])[]): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {},
  spec: { template: { spec: { containers: containers.map(([name, ports]) => ({ name, ports })) } } }
})
const port = (name: string, number: number) => ({ name, protocol: 'TCP', port: number, targetPort: number })

test('ports that are not named already are opened, those of sidecars are not', () => {
  const app = target(
    [
      'app',
      [
        { name: 'http', containerPort: 8080 },
        { name: 'grpc', containerPort: 9000 },
        { containerPort: 9797, protocol: 'UDP' }
      ]
    ],
    ['istio-proxy', [{ name: 'stats', containerPort: 15_090 }]],
    ['side', [{ containerPort: 7000 }, { name: 'again', containerPort: 9000 }]]
  )
  const service = { port: 80, targetPort: 8080, portDiscovery: true }
  expect(discoveredPorts(service, app)).toEqual([port('grpc', 9000), port('tcp-app-2', 9797), port('tcp-side-0', 7000)])
  expect(discoveredPorts({ ...service, targetPort: 'http' }, app)).toEqual(discoveredPorts(service, app))
  expect(discoveredPorts({ ...service, portDiscovery: false }, app)).toEqual([])
  expect(discoveredPorts(service, target())).toEqual([])
})
