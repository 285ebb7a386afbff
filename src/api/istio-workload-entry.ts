// WorkloadEntry (networking.istio.io): one endpoint outside Kubernetes. The same fields make the endpoints of a ServiceEntry.

import type { IstioStatus } from './istio-common.ts'
import type { KubeObject } from './object.ts'
import type { Infer } from './schema-builder.ts'
import { map, object, string, uint32 } from './schema-builder.ts'

/** spec of a WorkloadEntry; an endpoint of a ServiceEntry; template of a WorkloadGroup. */
export const workloadEntrySpec = object('An endpoint.', {
  address: string('IP address, host name, or unix:// path.', { maxLength: 256 }),
  labels: map('Labels of the endpoint.', string('Label value.'), { maxProperties: 256 }),
  locality: string('region/zone/sub-zone.', { maxLength: 2048 }),
  network: string('Network it is reached in.', { maxLength: 2048 }),
  ports: map('Port numbers by the name of the service port.', uint32('Port number.'), { maxProperties: 128 }),
  serviceAccount: string('Identity of the workload.', { maxLength: 253 }),
  weight: uint32('Share of the traffic, relative to other endpoints.')
})
/** spec of a WorkloadEntry. */
export type WorkloadEntrySpec = Infer<typeof workloadEntrySpec>

/** One endpoint outside Kubernetes. */
export interface WorkloadEntry extends KubeObject {
  readonly kind: 'WorkloadEntry'
  readonly spec: WorkloadEntrySpec
  readonly status?: IstioStatus
}
