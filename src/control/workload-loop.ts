// Keeps Deployments, ReplicaSets, DaemonSets, autoscalers and Services as their specs say: watches say which to look at, a look reads the namespace afresh, so a
// look never acts on a copy older than its own last write.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import { KeyRunner } from '../kube/key-runner.ts'
import type { CallOptions, KubeClient, ListQuery } from '../kube/kube-client.ts'
import { Reflector } from '../kube/reflector.ts'
import type { Clock, Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { type AutoscalerView, reconcileAutoscaler, scaledResource } from '../workload/autoscaler.ts'
import { reconcileDaemonSet } from '../workload/daemon-set.ts'
import { reconcileDeployment } from '../workload/deployment.ts'
import type { Node } from '../workload/node-fit.ts'
import { AUTOSCALERS, DAEMON_SETS, DEPLOYMENTS, ENDPOINT_SLICES, ENDPOINTS, PODS, REPLICA_SETS, SERVICES } from '../workload/meta.ts'
import { CONFIG_MAPS, DEFAULT_ACCOUNT, NAMESPACES, reconcileNamespace, ROOT_CERTIFICATE, SERVICE_ACCOUNTS } from '../workload/namespace.ts'
import type { EndpointSlice, Service } from '../api/builtin-types.ts'
import type { DaemonSet, Deployment, HorizontalPodAutoscaler, ReplicaSet } from '../api/builtin-types-apps.ts'
import type { Pod } from '../api/builtin-types-pod.ts'
import { reconcileReplicaSet } from '../workload/replica-set.ts'
import { reconcileService } from '../workload/service.ts'
import type { Reconciled, WorkloadEvent } from '../workload/write.ts'
import { applyWrites } from './apply-writes.ts'
import { CERTIFICATES, DEFAULT_ACCOUNTS, Neighbours } from './workload-neighbours.ts'

/** What the loop needs from outside. `event` must not fail: a lost Event is no reason to stop. */
export interface WorkloadPorts {
  readonly client: KubeClient
  readonly clock: Clock
  readonly draw: Draw
  readonly event: (event: WorkloadEvent, signal: AbortSignal) => Promise<void>
  readonly log: (line: string) => void
  /** Where pods run. */
  readonly node: Node
  /** PEM of the authority that the API's certificate is from: every Namespace holds it. */
  readonly authority: string
}

const FOLLOWED: readonly ListQuery[] = [
  DEPLOYMENTS,
  REPLICA_SETS,
  DAEMON_SETS,
  AUTOSCALERS,
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
      case DAEMON_SETS.resource:
        return this.#reconcileDaemonSet(at, now, options)
      case AUTOSCALERS.resource:
        return this.#reconcileAutoscaler(at, now, options)
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

  async #reconcileDaemonSet(at: Place, now: Millis, options: CallOptions): Promise<Reconciled | undefined> {
    const daemonSet = await this.#get<DaemonSet>(DAEMON_SETS, at, options)
    if (daemonSet === undefined) return undefined
    const slices = await this.#list<EndpointSlice>(ENDPOINT_SLICES, at, options)
    const [services, pods] = [await this.#list<Service>(SERVICES, at, options), await this.#list<Pod>(PODS, at, options)]
    const { node, draw } = this.#ports
    return reconcileDaemonSet({ daemonSet, pods, services, slices, node, now, draw })
  }

  async #reconcileAutoscaler(at: Place, now: Millis, options: CallOptions): Promise<Reconciled | undefined> {
    const autoscaler = await this.#get<HorizontalPodAutoscaler>(AUTOSCALERS, at, options)
    if (autoscaler === undefined) return undefined
    const [resource, { name }] = [scaledResource(autoscaler), autoscaler.spec.scaleTargetRef]
    const target =
      resource === undefined
        ? undefined
        : await this.#get<NonNullable<AutoscalerView['target']>>(resource, { namespace: at.namespace, name }, options)
    return reconcileAutoscaler({ autoscaler, target, now })
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
