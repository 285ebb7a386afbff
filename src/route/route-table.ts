// The compiled form of the Istio rules: plain data that travels from the control process to the mesh workers. No module changes a
// RouteTable after compileRoutes returned it. The unit of travel is one entry with a version; workers swap entries whole.

import type { Millis } from '../std/clock.ts'
import type { ClusterId } from './decision.ts'

/** A place traffic can go: one pod (or ServiceEntry address) and port, with the labels metrics need. */
export interface Endpoint {
  readonly address: string
  readonly port: number
  readonly weight: number
  readonly pod: string
  readonly namespace: string
  readonly workload: string
  /** Label `app`/`app.kubernetes.io/name`, and `version`, as Istio's canonical service and revision. */
  readonly app: string
  readonly version: string
}

/** A destination: one host, port and subset with its ready endpoints and traffic policy. */
export interface Cluster {
  readonly id: ClusterId
  /** Full host, e.g. reviews.default.svc.cluster.local. */
  readonly host: string
  readonly namespace: string
  readonly serviceName: string
  readonly port: number
  readonly subset: string | undefined
  readonly endpoints: readonly Endpoint[]
  readonly balance: 'round-robin' | 'least-request' | 'random'
  readonly connectTimeout: Millis
  readonly maxConnections: number
  readonly maxPendingRequests: number
  readonly maxRequests: number
  readonly maxRetries: number
  readonly maxRequestsPerConnection: number
  readonly idleTimeout: Millis
}

/** Who calls, for the source_* labels of metrics. A gateway's scope names the gateway workload. */
export interface Source {
  readonly workload: string
  readonly namespace: string
  readonly app: string
  readonly version: string
}
