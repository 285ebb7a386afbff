// The Service `kubernetes` in namespace default, as the API server of a cluster keeps it: where the API is, for who looks it up.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { CallOptions, KubeClient } from '../kube/kube-client.ts'

const NAME = 'kubernetes'
const NAMESPACE = 'default'
const SERVICES: ResourceRef = { group: '', version: 'v1', resource: 'services' }
const ENDPOINTS: ResourceRef = { group: '', version: 'v1', resource: 'endpoints' }
const SLICES: ResourceRef = { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' }

/** Makes Service, EndpointSlice and Endpoints say that the API is at this address; what is there already is brought up to date. */
export async function announceApi(
  client: KubeClient,
  at: { readonly address: string; readonly port: number },
  options: CallOptions
): Promise<void> {
  const { address, port } = at
  const labels = { component: 'apiserver', provider: NAME }
  const ports = [{ name: 'https', port, protocol: 'TCP' }]
  const spec = { type: 'ClusterIP', sessionAffinity: 'None', ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }] }
  await put(client, SERVICES, { ...head('v1', 'Service', labels), spec }, options)
  const endpoints = [{ addresses: [address], conditions: { ready: true } }]
  const slice = {
    ...head('discovery.k8s.io/v1', 'EndpointSlice', { 'kubernetes.io/service-name': NAME }),
    addressType: 'IPv4',
    endpoints,
    ports
  }
  await put(client, SLICES, slice, options)
  const subsets = [{ addresses: [{ ip: address }], ports }]
  await put(client, ENDPOINTS, { ...head('v1', 'Endpoints', { 'endpointslice.kubernetes.io/skip-mirror': 'true' }), subsets }, options)
}

function head(apiVersion: string, kind: string, labels: Readonly<Record<string, string>>): KubeObject {
  return { apiVersion, kind, metadata: { name: NAME, namespace: NAMESPACE, labels } }
}

async function put(client: KubeClient, resource: ResourceRef, object: KubeObject, options: CallOptions): Promise<void> {
  const key = { ...resource, namespace: NAMESPACE, name: NAME }
  if ((await client.get(key, options)) === undefined) await client.create(resource, object, options)
  else await client.patch(key, { kind: 'merge', body: object }, options)
}
