// DestinationRule (networking.istio.io): the subsets of a host and the settings of the connections to it.

import { exportTo, matchedWorkloads } from './istio-common.ts'
import type { IstioStatus } from './istio-common.ts'
import { trafficPolicy } from './istio-traffic-policy.ts'
import type { KubeObject } from './object.ts'
import type { Infer } from './schema-builder.ts'
import { array, map, object, required, string } from './schema-builder.ts'

const subset = object('A named part of the endpoints.', {
  labels: map('Labels that its endpoints have.', string('Label value.')),
  name: required(string('Name used by VirtualServices.')),
  trafficPolicy
})
/** A named part of the endpoints of a host. */
export type Subset = Infer<typeof subset>

/** spec of a DestinationRule. */
export const destinationRuleSpec = object('Settings of the traffic to a host, after routing.', {
  exportTo,
  host: required(string('Name of a service in the registry.')),
  subsets: array('Named parts of the endpoints.', subset),
  trafficPolicy,
  workloadSelector: matchedWorkloads
})
/** spec of a DestinationRule. */
export type DestinationRuleSpec = Infer<typeof destinationRuleSpec>

/** Subsets of a host and the settings of the connections to it. */
export interface DestinationRule extends KubeObject {
  readonly kind: 'DestinationRule'
  readonly spec: DestinationRuleSpec
  readonly status?: IstioStatus
}
