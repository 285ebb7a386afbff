// ServiceEntry (networking.istio.io): hosts that are not Kubernetes Services, added to the registry.

import { exportTo, labelledWorkloads, port as portNumber } from './istio-common.ts'
import type { IstioStatus } from './istio-common.ts'
import { workloadEntrySpec } from './istio-workload-entry.ts'
import type { KubeObject } from './object.ts'
import type { Infer } from './schema-builder.ts'
import { array, choice, object, required, ruled, string } from './schema-builder.ts'

const port = object('A port of the hosts.', {
  name: required(string('Name of the port.', { maxLength: 256 })),
  number: required(portNumber('Port that is called.')),
  protocol: string('HTTP, HTTPS, HTTP2, GRPC, TLS, TCP or MONGO.', { maxLength: 256 }),
  targetPort: portNumber('Port of the endpoints; absent: the same.')
})
/** A port of a ServiceEntry. */
export type ServiceEntryPort = Infer<typeof port>

/** spec of a ServiceEntry. */
export const serviceEntrySpec = ruled(
  object('Hosts added to the registry.', {
    addresses: array('Virtual addresses, or CIDR.', string('Address.', { maxLength: 64 }), { maxItems: 256 }),
    endpoints: array('Where the hosts are.', workloadEntrySpec, { maxItems: 4096 }),
    exportTo,
    hosts: required(
      array('The hosts.', ruled(string('Host.'), ["self != '*'", 'hostname cannot be wildcard']), { minItems: 1, maxItems: 256 })
    ),
    location: choice('Whether they are part of the mesh.', 'MESH_EXTERNAL', 'MESH_INTERNAL'),
    ports: ruled(array('Their ports.', port, { maxItems: 256, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }), [
      'self.all(one, self.exists_one(other, other.number == one.number))',
      'port number cannot be duplicated'
    ]),
    resolution: choice('How endpoints are found.', 'NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS'),
    subjectAltNames: array('Names the hosts may prove.', string('Name.')),
    workloadSelector: labelledWorkloads
  }),
  ['!(has(self.workloadSelector) && has(self.endpoints))', 'only one of WorkloadSelector or Endpoints can be set'],
  [
    "!has(self.addresses) || !has(self.resolution) || self.resolution in ['NONE', 'STATIC'] || self.addresses.all(one, !one.contains('/'))",
    'CIDR addresses are allowed only for NONE/STATIC resolution types'
  ],
  ["(has(self.resolution) && self.resolution != 'NONE') || !has(self.endpoints)", 'NONE mode cannot set endpoints'],
  [
    "!has(self.resolution) || self.resolution != 'DNS_ROUND_ROBIN' || !has(self.endpoints) || size(self.endpoints) <= 1",
    'DNS_ROUND_ROBIN mode cannot have multiple endpoints'
  ]
)
/** spec of a ServiceEntry. */
export type ServiceEntrySpec = Infer<typeof serviceEntrySpec>

/** Hosts that are not Kubernetes Services. */
export interface ServiceEntry extends KubeObject {
  readonly kind: 'ServiceEntry'
  readonly spec: ServiceEntrySpec
  readonly status?: IstioStatus
}
