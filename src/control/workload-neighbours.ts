// Which of the workload loop's keys (`resource/namespace/name`) a change concerns.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { ListQuery } from '../kube/kube-client.ts'
import type { ObjectEvent } from '../kube/reflector.ts'
import { scaledResource } from '../workload/autoscaler.ts'
import {
  AUTOSCALERS,
  controllerOf,
  DAEMON_SETS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  ENDPOINTS,
  PODS,
  REPLICA_SETS,
  SERVICE_NAME,
  SERVICES
} from '../workload/meta.ts'
import { CONFIG_MAPS, DEFAULT_ACCOUNT, NAMESPACES, ROOT_CERTIFICATE, SERVICE_ACCOUNTS } from '../workload/namespace.ts'
import type { EndpointSlice } from '../api/builtin-types.ts'
import type { HorizontalPodAutoscaler } from '../api/builtin-types-apps.ts'

/** The ServiceAccount and the certificate that every Namespace has. */
export const DEFAULT_ACCOUNTS: ListQuery = { ...SERVICE_ACCOUNTS, fieldSelector: `metadata.name=${DEFAULT_ACCOUNT}` }
export const CERTIFICATES: ListQuery = { ...CONFIG_MAPS, fieldSelector: `metadata.name=${ROOT_CERTIFICATE}` }

/** What owns pods, by kind. */
const POD_OWNERS: Readonly<Record<string, ResourceRef>> = { ReplicaSet: REPLICA_SETS, DaemonSet: DAEMON_SETS }

interface Owner {
  readonly resource: ResourceRef
  readonly name: string
}

/**
 * Tells which keys a change concerns. Owns the names of what owns others, since an object without a controller may be anyone's, whose each
 * pod is, since slices name pods only, and which autoscalers look at what.
 */
export class Neighbours {
  readonly #runner: { touch(key: string): void }
  readonly #names = new Map<string, Set<string>>()
  readonly #owners = new Map<string, Owner>()
  readonly #scalers = new Map<string, Set<string>>()

  constructor(runner: { touch(key: string): void }) {
    this.#runner = runner
  }

  seen(resource: ResourceRef, event: ObjectEvent): void {
    const { namespace = '', name = '' } = event.object.metadata
    if (resource === ENDPOINT_SLICES) return this.#seenSlice(event, namespace)
    if (resource === ENDPOINTS) return this.#touch(SERVICES, namespace, name)
    if (resource === DEFAULT_ACCOUNTS || resource === CERTIFICATES) return this.#touch(NAMESPACES, '', namespace)
    if (resource === PODS) return this.#seenPod(event, namespace)
    if (resource === AUTOSCALERS) this.#scales(event, namespace)
    this.#seenNamed(resource, event, namespace)
  }

  #seenNamed(resource: ResourceRef, { kind, object }: ObjectEvent, namespace: string): void {
    const { name = '' } = object.metadata
    const known = this.#namesOf(resource, namespace)
    if (kind === 'deleted') known.delete(name)
    else known.add(name)
    this.#touch(resource, namespace, name)
    if (resource === REPLICA_SETS) this.#touchOwner(DEPLOYMENTS, namespace, object)
    for (const scaler of this.#scalers.get(keyOf(resource, namespace, name)) ?? []) this.#touch(AUTOSCALERS, namespace, scaler)
  }

  #scales({ kind, object, previous }: ObjectEvent, namespace: string): void {
    const { name = '' } = object.metadata
    if (previous !== undefined) this.#scalers.get(scaledKey(previous, namespace))?.delete(name)
    if (kind === 'deleted') return
    const key = scaledKey(object, namespace)
    const known = this.#scalers.get(key)
    if (known === undefined) this.#scalers.set(key, new Set([name]))
    else known.add(name)
  }

  // A pod counts as available once it is listed.
  #seenSlice({ object, previous }: ObjectEvent, namespace: string): void {
    this.#touch(SERVICES, namespace, object.metadata.labels?.[SERVICE_NAME])
    for (const pod of new Set([...podsIn(object), ...podsIn(previous)])) {
      const owner = this.#owners.get(`${namespace}/${pod}`)
      if (owner !== undefined) this.#touch(owner.resource, namespace, owner.name)
    }
  }

  #seenPod({ object: pod, kind }: ObjectEvent, namespace: string): void {
    const key = `${namespace}/${pod.metadata.name}`
    const controller = controllerOf(pod)
    const resource = POD_OWNERS[controller?.kind ?? '']
    const owner = controller === undefined || resource === undefined ? undefined : { resource, name: controller.name }
    if (kind === 'deleted' || owner === undefined) this.#owners.delete(key)
    else this.#owners.set(key, owner)
    if (owner !== undefined) this.#touch(owner.resource, namespace, owner.name)
    else if (controller === undefined) for (const each of Object.values(POD_OWNERS)) this.#touchOwner(each, namespace, pod)
    // Its labels may have changed: which Services it left is not known here.
    for (const service of this.#namesOf(SERVICES, namespace)) this.#touch(SERVICES, namespace, service)
  }

  #touchOwner(resource: ResourceRef, namespace: string, object: KubeObject): void {
    const owner = controllerOf(object)?.name
    if (owner !== undefined) return this.#touch(resource, namespace, owner)
    for (const name of this.#namesOf(resource, namespace)) this.#touch(resource, namespace, name)
  }

  #touch(resource: ResourceRef, namespace: string, name: string | undefined): void {
    if (name !== undefined) this.#runner.touch(keyOf(resource, namespace, name))
  }

  #namesOf(resource: ResourceRef, namespace: string): Set<string> {
    const key = `${resource.resource}/${namespace}`
    const known = this.#names.get(key) ?? new Set()
    this.#names.set(key, known)
    return known
  }
}

function keyOf({ resource }: ResourceRef, namespace: string, name: string): string {
  return `${resource}/${namespace}/${name}`
}

// The API server decoded it.
function scaledKey(object: KubeObject, namespace: string): string {
  const autoscaler = object as HorizontalPodAutoscaler
  const resource = scaledResource(autoscaler)
  return resource === undefined ? '' : keyOf(resource, namespace, autoscaler.spec.scaleTargetRef.name)
}

function podsIn(slice: KubeObject | undefined): (string | undefined)[] {
  // The API server decoded it.
  const endpoints = slice?.['endpoints'] as EndpointSlice['endpoints']
  return (endpoints ?? []).map(({ targetRef }) => targetRef?.name)
}
