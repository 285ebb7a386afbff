// A cluster in memory: the embedded store with the kinds that rollouts read and write, reads and watches over it, and a virtual clock. What
// happens to the objects (pods that get ready, a controller) is somebody else's.

import type { KindSpec } from '../api/kind.ts'
import type { KubeObject, ResourceRef } from '../api/object.ts'
import { ApiError, type KubeClient, type ListQuery, type ObjectKey, type WatchEvent } from '../kube/kube-client.ts'
import { RESOURCES, SCALER_RESOURCES } from '../objects/write.ts'
import { type Millis, VirtualClock } from '../std/clock.ts'
import { seeded } from '../std/draw.ts'
import { formatInstant } from '../std/instant.ts'
import type { KindRules } from '../store/kind-rules.ts'
import { Store } from '../store/store.ts'
import type { Change, StoreRequest } from '../store/store-request.ts'

/** What a cluster was at a moment: others can begin there. */
export interface Moment {
  readonly now: Millis
  readonly changes: readonly Change[]
}

/** How the controller names itself to the API. */
const OWN = { fieldManager: 'serin' }

const KINDS: readonly (readonly [ResourceRef, string])[] = [
  [{ group: '', version: 'v1', resource: 'namespaces' }, 'Namespace'],
  [RESOURCES.configMaps, 'ConfigMap'],
  [RESOURCES.secrets, 'Secret'],
  [{ group: 'flagger.app', version: 'v1beta1', resource: 'alertproviders' }, 'AlertProvider'],
  [{ group: 'flagger.app', version: 'v1beta1', resource: 'metrictemplates' }, 'MetricTemplate'],
  [RESOURCES.canaries, 'Canary'],
  [RESOURCES.deployments, 'Deployment'],
  [RESOURCES.daemonSets, 'DaemonSet'],
  [RESOURCES.services, 'Service'],
  [RESOURCES.destinationRules, 'DestinationRule'],
  [RESOURCES.virtualServices, 'VirtualService'],
  [RESOURCES.releases, 'Release'],
  [SCALER_RESOURCES.HorizontalPodAutoscaler, 'HorizontalPodAutoscaler'],
  [SCALER_RESOURCES.ScaledObject, 'ScaledObject']
]

// Of these it is asked who wrote what.
const KEPT: ReadonlySet<string> = new Set(
  [...Object.values(SCALER_RESOURCES), RESOURCES.services, RESOURCES.destinationRules, RESOURCES.virtualServices].map(
    ({ resource }) => resource
  )
)

// Objects are what somebody has checked: none is refused here.
const RULES: KindRules = {
  admit: (object) => ({ object, unknownFields: [] }),
  validate: () => [],
  prepare: (object) => object,
  kindOf: () => undefined,
  labelSelector: () => () => true,
  keepsManagers: ({ spec }) => KEPT.has(spec.plural),
  time: formatInstant
}

/** A write of a client, done. */
export interface Written {
  readonly object: KubeObject
  readonly changes: readonly Change[]
}

/** The objects and the time. Owns both. */
export class SimulatedCluster {
  readonly clock: VirtualClock
  readonly draw = seeded(1)
  readonly #store = new Store({ kinds: KINDS.map(kindOf), rules: RULES })
  readonly #changes: Change[] = []
  readonly #watchers = new Set<(change: Change) => void>()
  /** Hears of each change, after the watches. */
  readonly #changed: (change: Change) => void

  constructor({ now, changes }: Moment, changed: (change: Change) => void = () => {}) {
    this.clock = new VirtualClock(now)
    this.#changed = changed
    for (const change of changes) {
      this.#store.replay(change)
      this.#changes.push(change)
    }
  }

  /** Now, for other clusters to begin at. */
  moment(): Moment {
    return { now: this.clock.now(), changes: [...this.#changes] }
  }

  /** One request; throws an ApiError when the store refuses it. */
  apply(request: StoreRequest): Written {
    const { answer, changes } = this.#store.apply(request, { now: this.clock.now(), draw: this.draw })
    if (answer.kind === 'failure') throw new ApiError(answer.status.code, answer.status.reason, answer.status.message)
    for (const change of changes) this.#tell(change)
    return { object: answer.kind === 'object' ? answer.object : NO_OBJECT, changes }
  }

  /** Makes an object, in its namespace; of a kind that rollouts do not know nothing is made. */
  create(object: KubeObject): void {
    const resource = KINDS.find(([, kind]) => kind === object.kind)?.[0]
    if (resource === undefined) return
    const { namespace } = object.metadata
    const target = { resource, ...(namespace === undefined ? {} : { namespace }) }
    this.apply({ verb: 'create', target, body: object, options: {} })
  }

  /** undefined where there is none. */
  get(resource: ResourceRef, namespace: string, name: string): KubeObject | undefined {
    try {
      return this.apply({ verb: 'get', target: { resource, namespace }, name }).object
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }

  /** All objects of a resource in a namespace. */
  all(resource: ResourceRef, namespace: string): readonly KubeObject[] {
    const { answer } = this.#store.apply({ verb: 'list', target: { resource, namespace } }, { now: this.clock.now(), draw: this.draw })
    return answer.kind === 'list' ? answer.items : []
  }

  /** A client whose writes go through `write`. */
  client(write: (request: StoreRequest) => KubeObject = (request) => this.apply(request).object): KubeClient {
    const submit = (request: StoreRequest): Promise<KubeObject> => new Promise((resolve) => resolve(write(request)))
    return {
      get: (key) => Promise.resolve(this.get(key, key.namespace ?? '', key.name)),
      list: (query) => {
        const { answer } = this.#store.apply({ verb: 'list', ...targetOf(query) }, { now: this.clock.now(), draw: this.draw })
        return answer.kind === 'list' ? Promise.resolve(answer) : Promise.reject(new Error('no list'))
      },
      watch: (query, { signal }) => this.#watch(query, signal),
      create: (ref, object) => submit({ verb: 'create', target: placeOf(ref, object), body: object, options: OWN }),
      update: (ref, object, { subresource }) =>
        submit({
          verb: 'update',
          target: placeOf(ref, object),
          name: object.metadata.name ?? '',
          ...(subresource === undefined ? {} : { subresource }),
          body: object,
          options: {}
        }),
      patch: (key, patch) =>
        submit({
          verb: 'patch',
          ...targetOf(key),
          name: key.name,
          patchType: patch.kind,
          body: patch.kind === 'json' ? patch.operations : patch.body,
          options: OWN
        }),
      delete: async (key) => {
        await submit({ verb: 'delete', ...targetOf(key), name: key.name, body: {}, options: {} })
      }
    }
  }

  #tell(change: Change): void {
    this.#changes.push(change)
    for (const watcher of this.#watchers) watcher(change)
    this.#changed(change)
  }

  async *#watch({ resource, resourceVersion }: Parameters<KubeClient['watch']>[0], signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const concerns = (change: Change): boolean => change.resource === resource && change.resourceVersion > Number(resourceVersion)
    const queue = this.#changes.filter(concerns)
    let wake: () => void = () => {}
    const watcher = (change: Change): void => {
      if (!concerns(change)) return
      queue.push(change)
      wake()
    }
    this.#watchers.add(watcher)
    signal.addEventListener('abort', () => wake(), { once: true })
    try {
      for (;;) {
        if (signal.aborted) throw signal.reason
        const change = queue.shift()
        if (change !== undefined) yield { kind: change.kind, object: change.object }
        else
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
    } finally {
      this.#watchers.delete(watcher)
    }
  }
}

const NO_OBJECT: KubeObject = { apiVersion: '', kind: '', metadata: {} }

function targetOf({ group, version, resource, namespace }: ListQuery | ObjectKey): Pick<StoreRequest, 'target'> {
  return { target: { resource: { group, version, resource }, ...(namespace === undefined ? {} : { namespace }) } }
}

function placeOf(resource: ResourceRef, { metadata }: KubeObject): StoreRequest['target'] {
  return { resource, namespace: metadata.namespace ?? '' }
}

function kindOf([ref, kind]: readonly [ResourceRef, string]): KindSpec {
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const
  return {
    group: ref.group,
    kind,
    listKind: `${kind}List`,
    plural: ref.resource,
    singular: kind.toLowerCase(),
    shortNames: [],
    categories: [],
    scope: kind === 'Namespace' ? 'Cluster' : 'Namespaced',
    versions: [{ name: ref.version, served: true, storage: true, schema, columns: [] }],
    origin: ref.group === '' || ref.group === 'apps' ? 'built-in' : 'custom',
    status: kind === 'Release' ? 'none' : 'subresource',
    selectableFields: []
  }
}
