// Kubernetes objects of any kind sorted into what routing reads. Objects are taken as decoded: one parser per kind, elsewhere.

import type { KubeObject } from '../api/object.ts'
import { isObject } from '../std/json.ts'
import { EMPTY_CONFIG } from './mesh-config.ts'
import type { MeshConfig } from './mesh-config.ts'

// Other groups have kinds of the same names: Knative's Service, the Gateway API's Gateway.
const GROUPS: Readonly<Record<keyof typeof LISTS, string>> = {
  VirtualService: 'networking.istio.io/',
  DestinationRule: 'networking.istio.io/',
  Gateway: 'networking.istio.io/',
  ServiceEntry: 'networking.istio.io/',
  WorkloadEntry: 'networking.istio.io/',
  Sidecar: 'networking.istio.io/',
  EnvoyFilter: 'networking.istio.io/',
  RequestAuthentication: 'security.istio.io/',
  Service: 'v1',
  EndpointSlice: 'discovery.k8s.io/',
  Pod: 'v1',
  Node: 'v1'
}

const LISTS = {
  VirtualService: 'virtualServices',
  DestinationRule: 'destinationRules',
  Gateway: 'gateways',
  ServiceEntry: 'serviceEntries',
  WorkloadEntry: 'workloadEntries',
  Sidecar: 'sidecars',
  EnvoyFilter: 'envoyFilters',
  RequestAuthentication: 'requestAuthentications',
  Service: 'services',
  EndpointSlice: 'endpointSlices',
  Pod: 'pods',
  Node: 'nodes'
} as const satisfies Record<string, keyof MeshConfig>

/** The kinds that routing reads. */
export const MESH_KINDS: readonly string[] = [...Object.keys(LISTS), 'Namespace']

/** The list of a config that an object belongs to, if any. */
export function meshListOf(object: KubeObject): (typeof LISTS)[keyof typeof LISTS] | undefined {
  const { kind } = object
  if (!isMeshKind(kind) || !object.apiVersion.startsWith(GROUPS[kind])) return undefined
  return GROUPS[kind].endsWith('.istio.io/') && !isObject(object['spec']) ? undefined : LISTS[kind]
}

/** The config of some objects: left out are kinds that routing does not read, kinds of other groups, and Istio's objects without spec. */
export function meshConfigOf(objects: Iterable<KubeObject>): MeshConfig {
  const lists: Record<string, KubeObject[]> = {}
  const namespaces: string[] = []
  for (const object of objects) {
    if (object.kind === 'Namespace') namespaces.push(object.metadata.name ?? '')
    const list = meshListOf(object)
    if (list !== undefined) (lists[list] ??= []).push(object)
  }
  // The kind names the type: each list holds the objects of one kind, decoded when they were read.
  return { ...EMPTY_CONFIG, ...(lists as Partial<MeshConfig>), namespaces }
}

function isMeshKind(kind: string): kind is keyof typeof LISTS {
  return Object.hasOwn(LISTS, kind)
}
