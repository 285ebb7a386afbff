// ServiceEntry (networking.istio.io): hosts that are not Kubernetes Services, added to the registry.

import { exportTo, labelledWorkloads } from './istio-common.ts'
import type { IstioStatus } from './istio-common.ts'
import { workloadEntrySpec } from './istio-workload-entry.ts'
import type { KubeObject } from './object.ts'
import type { Infer } from './schema-builder.ts'
import { array, choice, object, required, string, uint32 } from './schema-builder.ts'

const port = object('A port of the hosts.', {
  name: required(string('Name of the port.', { maxLength: 256 })),
  number: required(uint32('Port that is called.')),
  protocol: string('HTTP, HTTPS, HTTP2, GRPC, TLS, TCP or MONGO.', { maxLength: 256 }),
  targetPort: uint32('Port of the endpoints; absent: the same.')
})
/** A port of a ServiceEntry. */
export type ServiceEntryPort = Infer<typeof port>

/** spec of a ServiceEntry. */
export const serviceEntrySpec = object('Hosts added to the registry.', {
  addresses: array('Virtual addresses, or CIDR.', string('Address.', { maxLength: 64 }), { maxItems: 256 }),
  endpoints: array('Where the hosts are.', workloadEntrySpec, { maxItems: 4096 }),
  exportTo,
  hosts: required(array('The hosts.', string('Host.'), { minItems: 1, maxItems: 256 })),
  location: choice('Whether they are part of the mesh.', 'MESH_EXTERNAL', 'MESH_INTERNAL'),
  ports: array('Their ports.', port, { maxItems: 256, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
  resolution: choice('How endpoints are found.', 'NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS'),
  subjectAltNames: array('Names the hosts may prove.', string('Name.')),
  workloadSelector: labelledWorkloads
})
/** spec of a ServiceEntry. */
export type ServiceEntrySpec = Infer<typeof serviceEntrySpec>

/** Hosts that are not Kubernetes Services. */
export interface ServiceEntry extends KubeObject {
  readonly kind: 'ServiceEntry'
  readonly spec: ServiceEntrySpec
  readonly status?: IstioStatus
}
