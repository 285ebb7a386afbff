// Labels, owners and small facts of objects that every reconcile function asks about.

import { requirementsOf, selects } from '../api/label-selector.ts'
import type { KubeObject, OwnerReference, ResourceRef } from '../api/object.ts'
import type { Millis } from '../std/clock.ts'
import { parseInstant } from '../std/instant.ts'
import { sameJson } from '../std/json.ts'
import type { LabelSelector, ReplicaSet } from '../api/builtin-types-apps.ts'
import type { Pod } from '../api/builtin-types-pod.ts'
import type { Write, WriteTarget } from './write.ts'

export const PODS: ResourceRef = { group: '', version: 'v1', resource: 'pods' }
export const REPLICA_SETS: ResourceRef = { group: 'apps', version: 'v1', resource: 'replicasets' }
export const DEPLOYMENTS: ResourceRef = { group: 'apps', version: 'v1', resource: 'deployments' }
export const DAEMON_SETS: ResourceRef = { group: 'apps', version: 'v1', resource: 'daemonsets' }
export const AUTOSCALERS: ResourceRef = { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' }
export const ENDPOINTS: ResourceRef = { group: '', version: 'v1', resource: 'endpoints' }
export const ENDPOINT_SLICES: ResourceRef = { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' }
export const SERVICES: ResourceRef = { group: '', version: 'v1', resource: 'services' }

/** The label of an EndpointSlice with the name of its Service. */
export const SERVICE_NAME = 'kubernetes.io/service-name'

/** The reference of the object's controller, undefined when it has none. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true)
}

/** A controller reference to `owner`. */
export function referenceTo(owner: KubeObject): OwnerReference {
  const { name = '', uid = '' } = owner.metadata
  return { apiVersion: owner.apiVersion, kind: owner.kind, name, uid, controller: true, blockOwnerDeletion: true }
}

/** Where writes about `object` go, guarded by its uid; `resourceVersion` too when `fresh`. */
export function targetOf(resource: ResourceRef, object: KubeObject, options: { readonly fresh: boolean }): WriteTarget {
  const { namespace = '', name = '', uid = '', resourceVersion = '' } = object.metadata
  return { ...resource, namespace, name, uid, ...(options.fresh ? { resourceVersion } : {}) }
}

/** Splits a namespace's objects into the owner's own, orphans it should adopt and own ones its selector no longer matches. */
export function claim<T extends KubeObject>(
  owner: KubeObject,
  selector: LabelSelector,
  objects: readonly T[]
): { readonly own: T[]; readonly adopt: T[]; readonly release: T[] } {
  const own: T[] = []
  const adopt: T[] = []
  const release: T[] = []
  const requirements = requirementsOf(selector)
  for (const object of objects) {
    if (object.metadata.namespace !== owner.metadata.namespace) continue
    const matches = selects(requirements, object.metadata.labels)
    const controller = controllerOf(object)
    if (controller?.uid === owner.metadata.uid) (matches ? own : release).push(object)
    if (controller === undefined && matches && object.metadata.deletionTimestamp === undefined) adopt.push(object)
  }
  return { own, adopt, release }
}

/** The writes that adopt and release, guarded by resourceVersion: two owners must not both believe they adopted. */
export function claimWrites(resource: ResourceRef, owner: KubeObject, claimed: { adopt: KubeObject[]; release: KubeObject[] }): Write[] {
  const references = (object: KubeObject, list: readonly OwnerReference[]): Write => ({
    kind: 'patch',
    target: targetOf(resource, object, { fresh: true }),
    body: { metadata: { ownerReferences: list } }
  })
  const without = (object: KubeObject): OwnerReference[] =>
    (object.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== owner.metadata.uid)
  return [
    ...claimed.adopt.map((object) => references(object, [...without(object), referenceTo(owner)])),
    ...claimed.release.map((object) => references(object, without(object)))
  ]
}

/** A merge patch that turns `before` into `after` at the top level, null for keys that go; undefined when nothing changes. */
export function statusPatch(before: object | undefined, after: object): Record<string, unknown> | undefined {
  const old: Readonly<Record<string, unknown>> = { ...before }
  const patch: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(after)) if (value !== undefined && !sameJson(old[key], value)) patch[key] = value
  for (const key of Object.keys(old)) if (!(key in after) || (after as Record<string, unknown>)[key] === undefined) patch[key] = null
  return Object.keys(patch).length === 0 ? undefined : patch
}

/** The Pod's Ready condition holds. */
export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
}

/** When the Ready condition began to hold, to the second. */
export function readySince(pod: Pod): Millis | undefined {
  return parseInstant(pod.status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'True')?.lastTransitionTime)
}

/** Neither finished nor being deleted: what a ReplicaSet counts. */
export function isActive(pod: Pod): boolean {
  const phase = pod.status?.phase
  return phase !== 'Succeeded' && phase !== 'Failed' && pod.metadata.deletionTimestamp === undefined
}

/** spec.replicas with its default. */
export function wantedOf(replicaSet: ReplicaSet): number {
  return replicaSet.spec.replicas ?? 1
}
