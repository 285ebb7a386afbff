// Sidecar (networking.istio.io): what a workload's proxy listens on and which hosts it may know.

import { destination, labelledWorkloads } from './istio-common.ts'
import type { IstioStatus } from './istio-common.ts'
import { serverTls } from './istio-gateway.ts'
import { connectionPool } from './istio-traffic-policy.ts'
import type { KubeObject } from './object.ts'
import type { Infer } from './schema-builder.ts'
import { array, choice, object, required, string, uint32 } from './schema-builder.ts'

const port = object('The port.', {
  name: string('Name of the port.'),
  number: uint32('Port number.'),
  protocol: string('HTTP, HTTPS, HTTP2, GRPC, TLS, TCP or MONGO.'),
  targetPort: uint32('Not in use.')
})
const captureMode = choice('How traffic reaches the listener.', 'DEFAULT', 'IPTABLES', 'NONE')

const egress = object('A listener for calls going out.', {
  bind: string('Address to listen on.'),
  captureMode,
  hosts: required(array('Hosts that may be called: namespace/host.', string('namespace/host.'))),
  port
})

const ingress = object('A listener for calls coming in.', {
  bind: string('Address to listen on.'),
  captureMode,
  connectionPool,
  defaultEndpoint: string('Where the application listens.'),
  port: required(port),
  tls: serverTls
})

/** spec of a Sidecar. */
export const sidecarSpec = object('What the proxies of some workloads do.', {
  egress: array('Listeners for calls going out.', egress),
  inboundConnectionPool: connectionPool,
  ingress: array('Listeners for calls coming in.', ingress),
  outboundTrafficPolicy: object('What becomes of calls to unknown hosts.', {
    egressProxy: destination,
    mode: choice('Refuse or let pass.', 'REGISTRY_ONLY', 'ALLOW_ANY')
  }),
  workloadSelector: labelledWorkloads
})
/** spec of a Sidecar. */
export type SidecarSpec = Infer<typeof sidecarSpec>

/** What the proxies of some workloads do. */
export interface Sidecar extends KubeObject {
  readonly kind: 'Sidecar'
  readonly spec: SidecarSpec
  readonly status?: IstioStatus
}
