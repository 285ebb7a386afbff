// Whether traffic can find a pod that is ready: the Services that select it say so in their EndpointSlices. In Kubernetes a Deployment may
// be available before that, and rules that follow its status send requests to a Service without endpoints.

import type { EndpointSlice, Service } from '../api/builtin-types.ts'
import type { Pod } from '../api/builtin-types-pod.ts'
import { hasLabels } from '../api/label-selector.ts'
import type { Millis } from '../std/clock.ts'
import { parseInstant } from '../std/instant.ts'
import { readySince, SERVICE_NAME } from './meta.ts'

/** What says where traffic goes; both may be of the whole namespace. */
export interface Listings {
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
}

/** A pod that has been ready for so long does not wait for Services any more: a slice that cannot be written must not stop a rollout. */
export const LISTED_WITHIN: Millis = 10_000

/** Whether a ready pod is in the slices of every Service that selects it, but for those that came after it was ready. */
export function isListed(pod: Pod, { services, slices }: Listings, now: Millis): boolean {
  const since = readySince(pod) ?? now
  if (since + LISTED_WITHIN <= now) return true
  return services.every((service) => !awaits(pod, service, since) || slices.some((slice) => lists(slice, service, pod)))
}

function awaits(pod: Pod, { metadata, spec }: Service, since: Millis): boolean {
  const { selector } = spec
  if (selector === undefined || Object.keys(selector).length === 0 || spec.type === 'ExternalName') return false
  if (metadata.namespace !== pod.metadata.namespace || metadata.deletionTimestamp !== undefined) return false
  if ((parseInstant(metadata.creationTimestamp) ?? 0) > since) return false
  // Without an address there is nothing to list.
  return (pod.status?.podIP ?? '') !== '' && hasLabels(pod.metadata.labels, selector)
}

function lists({ metadata, endpoints = [] }: EndpointSlice, service: Service, pod: Pod): boolean {
  if (metadata.namespace !== service.metadata.namespace || metadata.labels?.[SERVICE_NAME] !== service.metadata.name) return false
  return endpoints.some(({ targetRef, conditions }) => targetRef?.uid === pod.metadata.uid && conditions?.ready === true)
}
