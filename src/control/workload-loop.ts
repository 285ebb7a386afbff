// Keeps Deployments, ReplicaSets and Services as their specs say: watches say which to look at, a look reads the namespace afresh, so a
// look never acts on a copy older than its own last write.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import { KeyRunner } from '../kube/key-runner.ts'
import type { CallOptions, KubeClient, ListQuery } from '../kube/kube-client.ts'
import { type ObjectEvent, Reflector } from '../kube/reflector.ts'
import type { Clock, Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { reconcileDeployment } from '../workload/deployment.ts'
import { controllerOf, DEPLOYMENTS, ENDPOINT_SLICES, ENDPOINTS, PODS, REPLICA_SETS, SERVICE_NAME, SERVICES } from '../workload/meta.ts'
import { CONFIG_MAPS, DEFAULT_ACCOUNT, NAMESPACES, reconcileNamespace, ROOT_CERTIFICATE, SERVICE_ACCOUNTS } from '../workload/namespace.ts'
import type { EndpointSlice, Service } from '../api/builtin-types.ts'
import type { Deployment, ReplicaSet } from '../api/builtin-types-apps.ts'
import type { Pod } from '../api/builtin-types-pod.ts'
import { reconcileReplicaSet } from '../workload/replica-set.ts'
import { reconcileService } from '../workload/service.ts'
import type { Reconciled, WorkloadEvent } from '../workload/write.ts'
import { applyWrites } from './apply-writes.ts'

/** What the loop needs from outside. `event` must not fail: a lost Event is no reason to stop. */
export interface WorkloadPorts {
  readonly client: KubeClient
  readonly clock: Clock
  readonly draw: Draw
  readonly event: (event: WorkloadEvent, signal: AbortSignal) => Promise<void>
  readonly log: (line: string) => void
  /** PEM of the authority that the API's certificate is from: every Namespace holds it. */
  readonly authority: string
}

const DEFAULT_ACCOUNTS: ListQuery = { ...SERVICE_ACCOUNTS, fieldSelector: `metadata.name=${DEFAULT_ACCOUNT}` }
const CERTIFICATES: ListQuery = { ...CONFIG_MAPS, fieldSelector: `metadata.name=${ROOT_CERTIFICATE}` }
const FOLLOWED: readonly ListQuery[] = [
  DEPLOYMENTS,
  REPLICA_SETS,
  PODS,
  SERVICES,
  ENDPOINT_SLICES,
  ENDPOINTS,
  NAMESPACES,
  DEFAULT_ACCOUNTS,
  CERTIFICATES
]

/** The workload controllers. */
export class WorkloadLoop {
  readonly #ports: WorkloadPorts

  constructor(ports: WorkloadPorts) {
    this.#ports = ports
  }

  /** Runs until the signal ends it; rejects only for a bug. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, clock, draw, log } = this.#ports
    const runner = new KeyRunner({ clock, draw, log, run: (key, stop) => this.#look(key, { signal: stop }) }, signal)
    const neighbours = new Neighbours(runner)
    const watches = FOLLOWED.map((query) => {
      const onError = (error: unknown): void => log(`watching ${query.resource}: ${String(error)}`)
      return new Reflector({ client, clock, draw, query, onError, onEvent: (event) => neighbours.seen(query, event) }).run(signal)
    })
    await Promise.race([runner.failed, Promise.all(watches)])
  }

  async #look(key: string, options: CallOptions): Promise<Millis | undefined> {
    const [resource = '', namespace = '', name = ''] = key.split('/')
    const outcome = await this.#reconcile(resource, { namespace, name }, options)
    if (outcome === undefined) return undefined
    await applyWrites(this.#ports.client, outcome.writes, options)
    for (const event of outcome.events) await this.#ports.event(event, options.signal)
    return outcome.wake
  }

  async #reconcile(resource: string, at: Place, options: CallOptions): Promise<Reconciled | undefined> {
    const now = this.#ports.clock.now()
    switch (resource) {
      case DEPLOYMENTS.resource: {
        const deployment = await this.#get<Deployment>(DEPLOYMENTS, at, options)
        if (deployment === undefined) return undefined
        const [replicaSets, pods] = [await this.#list<ReplicaSet>(REPLICA_SETS, at, options), await this.#list<Pod>(PODS, at, options)]
        return reconcileDeployment({ deployment, replicaSets, pods, now })
      }
      case REPLICA_SETS.resource: {
        const replicaSet = await this.#get<ReplicaSet>(REPLICA_SETS, at, options)
        if (replicaSet === undefined) return undefined
        const slices = await this.#list<EndpointSlice>(ENDPOINT_SLICES, at, options)
        const [services, pods] = [await this.#list<Service>(SERVICES, at, options), await this.#list<Pod>(PODS, at, options)]
        return reconcileReplicaSet({ replicaSet, pods, services, slices, now, draw: this.#ports.draw })
      }
      case NAMESPACES.resource: {
        const namespace = await this.#get(NAMESPACES, { name: at.name }, options)
        if (namespace === undefined) return undefined
        const account = await this.#get(SERVICE_ACCOUNTS, { namespace: at.name, name: DEFAULT_ACCOUNT }, options)
        const certificate = await this.#get(CONFIG_MAPS, { namespace: at.name, name: ROOT_CERTIFICATE }, options)
        return reconcileNamespace({ namespace, account, certificate, authority: this.#ports.authority })
      }
      default: {
        const service = await this.#get<Service>(SERVICES, at, options)
        if (service === undefined) return undefined
        const [pods, slices] = [await this.#list<Pod>(PODS, at, options), await this.#list(ENDPOINT_SLICES, at, options)]
        return reconcileService({ service, pods, slices, endpoints: await this.#get(ENDPOINTS, at, options) })
      }
    }
  }

  // The API server has checked the objects of built-in kinds against their schemas: the casts add nothing to that.
  async #get<T extends KubeObject>(
    resource: ResourceRef,
    at: Partial<Place> & Pick<Place, 'name'>,
    options: CallOptions
  ): Promise<T | undefined> {
    return (await this.#ports.client.get({ ...resource, ...at }, options)) as T | undefined
  }

  async #list<T extends KubeObject>(resource: ResourceRef, at: Place, options: CallOptions): Promise<readonly T[]> {
    return (await this.#ports.client.list({ ...resource, namespace: at.namespace }, options)).items as readonly T[]
  }
}

interface Place {
  readonly namespace: string
  readonly name: string
}

/**
 * Tells which keys a change concerns. Owns the names of what owns others, since an object without a controller may be anyone's, and whose
 * each pod is, since slices name pods only.
 */
class Neighbours {
  readonly #runner: { touch(key: string): void }
  readonly #names = new Map<string, Set<string>>()
  readonly #owners = new Map<string, string>()

  constructor(runner: { touch(key: string): void }) {
    this.#runner = runner
  }

  seen(resource: ResourceRef, event: ObjectEvent): void {
    const { object, kind } = event
    const { namespace = '', name = '' } = object.metadata
    if (resource === ENDPOINT_SLICES) return this.#seenSlice(event, namespace)
    if (resource === ENDPOINTS) return this.#touch(SERVICES, namespace, name)
    if (resource === DEFAULT_ACCOUNTS || resource === CERTIFICATES) return this.#touch(NAMESPACES, '', namespace)
    if (resource === PODS) return this.#seenPod(event, namespace)
    const known = this.#namesOf(resource, namespace)
    if (kind === 'deleted') known.delete(name)
    else known.add(name)
    this.#touch(resource, namespace, name)
    if (resource === REPLICA_SETS) this.#touchOwner(DEPLOYMENTS, namespace, object)
  }

  // A pod counts as available once it is listed.
  #seenSlice({ object, previous }: ObjectEvent, namespace: string): void {
    this.#touch(SERVICES, namespace, object.metadata.labels?.[SERVICE_NAME])
    for (const pod of new Set([...podsIn(object), ...podsIn(previous)]))
      this.#touch(REPLICA_SETS, namespace, this.#owners.get(`${namespace}/${pod}`))
  }

  #seenPod({ object: pod, kind }: ObjectEvent, namespace: string): void {
    const key = `${namespace}/${pod.metadata.name}`
    const owner = controllerOf(pod)?.name
    if (kind === 'deleted' || owner === undefined) this.#owners.delete(key)
    else this.#owners.set(key, owner)
    this.#touchOwner(REPLICA_SETS, namespace, pod)
    // Its labels may have changed: which Services it left is not known here.
    for (const service of this.#namesOf(SERVICES, namespace)) this.#touch(SERVICES, namespace, service)
  }

  #touchOwner(resource: ResourceRef, namespace: string, object: KubeObject): void {
    const owner = controllerOf(object)?.name
    if (owner !== undefined) return this.#touch(resource, namespace, owner)
    for (const name of this.#namesOf(resource, namespace)) this.#touch(resource, namespace, name)
  }

  #touch(resource: ResourceRef, namespace: string, name: string | undefined): void {
    if (name !== undefined) this.#runner.touch(`${resource.resource}/${namespace}/${name}`)
  }

  #namesOf(resource: ResourceRef, namespace: string): Set<string> {
    const key = `${resource.resource}/${namespace}`
    const known = this.#names.get(key) ?? new Set()
    this.#names.set(key, known)
    return known
  }
}

function podsIn(slice: KubeObject | undefined): (string | undefined)[] {
  // The API server decoded it.
  const endpoints = slice?.['endpoints'] as EndpointSlice['endpoints']
  return (endpoints ?? []).map(({ targetRef }) => targetRef?.name)
}
