import { expect, test } from 'vitest'
import { MESH_KINDS, meshConfigOf } from './mesh-objects.ts'

test('objects are sorted by kind; other kinds and Gateways of the Gateway API are left out', () => {
  const object = (apiVersion: string, kind: string, name: string) => ({ apiVersion, kind, metadata: { name }, spec: {} })
  const config = meshConfigOf([
    object('networking.istio.io/v1', 'Gateway', 'istio'),
    object('gateway.networking.k8s.io/v1', 'Gateway', 'other'),
    { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name: 'empty' } },
    object('v1', 'Namespace', 'shop'),
    object('v1', 'Secret', 's'),
    object('v1', 'Service', 'web')
  ])
  expect(config.gateways.map(({ metadata }) => metadata.name)).toEqual(['istio'])
  expect(config.virtualServices).toEqual([])
  expect(config.services.map(({ metadata }) => metadata.name)).toEqual(['web'])
  expect(config.namespaces).toEqual(['shop'])
  expect(MESH_KINDS).toContain('EndpointSlice')
})
