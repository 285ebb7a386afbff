// WorkloadEntry (networking.istio.io): one endpoint outside Kubernetes. The same fields make the endpoints of a ServiceEntry.

import { port } from './istio-common.ts'
import type { IstioStatus } from './istio-common.ts'
import type { KubeObject } from './object.ts'
import type { Infer } from './schema-builder.ts'
import { map, object, ruled, string, uint32 } from './schema-builder.ts'

const ABSOLUTE = 'UDS must be an absolute path or abstract socket'

/** Fields of an endpoint: the template of a WorkloadGroup needs no address. */
export const workloadTemplate = ruled(
  object('An endpoint.', {
    address: ruled(
      string('IP address, host name, or unix:// path.', { maxLength: 256 }),
      ["!self.startsWith('unix://') || self.startsWith('unix:///') || self.startsWith('unix://@')", ABSOLUTE],
      ["!(self.startsWith('unix://') && self.endsWith('/'))", 'UDS may not be a dir']
    ),
    labels: map('Labels of the endpoint.', string('Label value.'), { maxProperties: 256 }),
    locality: string('region/zone/sub-zone.', { maxLength: 2048 }),
    network: string('Network it is reached in.', { maxLength: 2048 }),
    ports: ruled(map('Port numbers by the name of the service port.', port('Port number.'), { maxProperties: 128 }), [
      "self.all(name, size(name) < 63 && name.matches('^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$'))",
      'port name must be valid'
    ]),
    serviceAccount: string('Identity of the workload.', { maxLength: 253 }),
    weight: uint32('Share of the traffic, relative to other endpoints.')
  }),
  ["!(has(self.address) && self.address.startsWith('unix://') && has(self.ports))", 'UDS may not include ports']
)

/** spec of a WorkloadEntry; an endpoint of a ServiceEntry. */
export const workloadEntrySpec: typeof workloadTemplate = {
  ...workloadTemplate,
  'x-kubernetes-validations': [
    { rule: 'has(self.address) || has(self.network)', message: 'Address is required' },
    ...(workloadTemplate['x-kubernetes-validations'] ?? [])
  ]
}
/** spec of a WorkloadEntry. */
export type WorkloadEntrySpec = Infer<typeof workloadEntrySpec>

/** One endpoint outside Kubernetes. */
export interface WorkloadEntry extends KubeObject {
  readonly kind: 'WorkloadEntry'
  readonly spec: WorkloadEntrySpec
  readonly status?: IstioStatus
}
