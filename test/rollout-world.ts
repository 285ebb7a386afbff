// A world for rollouts: the embedded store, a virtual clock, answers set by the test for metrics and webhooks, and a stand-in for the
// kubelet. The controller under test is the real loop; it can be killed before any of its writes and started again.

import type { KindSpec } from '../src/api/kind.ts'
import type { KubeObject, ResourceRef } from '../src/api/object.ts'
import { AlertPost, type AlertSettings, type Chat, type News } from '../src/control/alert-post.ts'
import type { RolloutListener } from '../src/control/rollout-listener.ts'
import type { AskedQuery } from '../src/control/query-source.ts'
import { RolloutLoop } from '../src/control/rollout-loop.ts'
import { ApiError, type KubeClient, type ListQuery, type ObjectKey, type WatchEvent } from '../src/kube/kube-client.ts'
import type { HookPayload } from '../src/rollout/ask.ts'
import type { HookOutcome } from '../src/rollout/judge.ts'
import type { Measurement } from '../src/rollout/judge-metric.ts'
import type { LabelRules } from '../src/rollout/label-rules.ts'
import { RESOURCES, SCALER_RESOURCES } from '../src/rollout/write.ts'
import { type Millis, VirtualClock } from '../src/std/clock.ts'
import { seeded } from '../src/std/draw.ts'
import { formatInstant } from '../src/std/instant.ts'
import { dig } from '../src/std/json.ts'
import type { KindRules } from '../src/store/kind-rules.ts'
import { Store } from '../src/store/store.ts'
import type { Change, StoreRequest } from '../src/store/store-request.ts'

/** A write of the controller, as the store made it. */
export interface Written {
  readonly t: number
  readonly change: Change
}

export interface Told {
  readonly t: number
  readonly type: string
  readonly message: string
}

/** A webhook call. */
export interface Hooked {
  readonly t: number
  readonly type: string
  readonly url: string
  readonly payload: HookPayload
  readonly timeout: Millis
}

/** An alert that reached a chat. */
export interface Alerted {
  readonly t: number
  readonly chat: Chat
  readonly news: News
}

/** A question to the metric source. */
export interface Queried {
  readonly t: number
  readonly metric: string
  /** `namespace/name`. */
  readonly workload: string
  readonly interval: Millis
  readonly quantile: number | undefined
}

export const START = Date.UTC(2026, 10, 21, 11, 0, 0)

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

const RULES: KindRules = {
  admit: (object) => ({ object, unknownFields: [] }),
  validate: () => [],
  prepare: (object) => object,
  kindOf: () => undefined,
  labelSelector: () => () => true,
  time: formatInstant
}

/** A world with namespace `test` and these objects in it; the controller is not started. */
export function worldOf(...objects: readonly KubeObject[]): World {
  const world = new World()
  world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'test' } })
  for (const object of objects) world.create(object)
  return world
}

/** Everything a test sets and sees. */
export class World {
  readonly clock = new VirtualClock(START)
  readonly writes: Written[] = []
  readonly told: Told[] = []
  /** Calls of webhooks but event ones; `type` is the last segment of the URL's path. */
  readonly hooks: Hooked[] = []
  readonly queries: Queried[] = []
  readonly log: string[] = []
  readonly alerts: Alerted[] = []
  alertSettings: AlertSettings = { clusterName: '', chat: undefined, noCrossNamespaceRefs: false }
  /** What becomes of an alert to a chat; it is taken where nothing else is said. */
  takesAlert: (
    chat: Chat
  ) => Promise<{ readonly kind: 'sent' } | { readonly kind: 'failed'; readonly because: string; readonly mayPass: boolean }> = () =>
    Promise.resolve({ kind: 'sent' })
  /** Who else hears of rollouts. */
  readonly listeners: RolloutListener[] = []
  success: Measurement = { kind: 'value', value: 100 }
  duration: Measurement = { kind: 'value', value: 100 }
  /** What Prometheus and the other providers answer to a query. */
  answerQuery: (asked: AskedQuery) => Measurement = () => ({ kind: 'down', because: 'nobody answers queries' })
  metricsServer: string | undefined
  ownPrometheus: string | undefined
  noCrossNamespaceRefs = false
  /** What a webhook's URL, by its last path segment, answers; 200 where nothing is said. */
  answers: Record<string, HookOutcome> = {}
  /** Kills the controller before one of its next writes: how many it may still make. */
  writesLeft = Infinity
  /** The same for everything that is seen outside: writes, webhook calls and Events. */
  effectsLeft = Infinity
  /** Objects that the controller asked for. */
  reads = 0
  /** Writes, webhook calls and Events so far. */
  effects = 0
  crashed = false
  /** Refuses a write of the controller; undefined lets it through. */
  refuse: (request: StoreRequest) => ApiError | undefined = () => undefined
  /** Resources that the API does not serve to the controller. */
  readonly unserved = new Set<string>()
  /** Sees each write of the controller as it is made. */
  watchWrites: (change: Change) => void = () => {}
  /** Whether the controller tracks ConfigMaps and Secrets; undefined: as by default. */
  trackConfigs: boolean | undefined
  /** What the controller is told of labels; undefined: as by default. */
  labels: LabelRules | undefined
  /** Deployments whose pods never get ready, by image suffix. */
  stuckSuffix = ':stuck'
  /** Pods that are available at most, as if new ones took for ever. */
  slow = { available: Infinity }
  readonly #store = new Store({ kinds: KINDS.map(kindOf), rules: RULES })
  readonly #draw = seeded(1)
  readonly #changes: Change[] = []
  readonly #watchers = new Set<(change: Change) => void>()
  readonly #seenGeneration = new Map<string, number>()
  readonly #halting = new Set<string>()
  #stop = new AbortController()
  #running: Promise<unknown> = Promise.resolve()

  /** Seconds since the start. */
  get t(): number {
    return (this.clock.now() - START) / 1000
  }

  /** One request of the user, or of the kubelet's stand-in. */
  request(request: StoreRequest): KubeObject | undefined {
    const { answer, changes } = this.#store.apply(request, { now: this.clock.now(), draw: this.#draw })
    if (answer.kind === 'failure') throw new ApiError(answer.status.code, answer.status.reason, answer.status.message)
    for (const change of changes) this.#noticed(change)
    return answer.kind === 'object' ? answer.object : undefined
  }

  create(object: KubeObject): void {
    const resource = KINDS.find(([, kind]) => kind === object.kind)?.[0]
    if (resource === undefined) return
    const { namespace } = object.metadata
    const target = { resource, ...(namespace === undefined ? {} : { namespace }) }
    this.request({ verb: 'create', target, body: object, options: {} })
  }

  patch(resource: ResourceRef, namespace: string, name: string, body: unknown): void {
    this.request({ verb: 'patch', target: { resource, namespace }, name, patchType: 'merge', body, options: {} })
  }

  get(resource: ResourceRef, namespace: string, name: string): KubeObject | undefined {
    try {
      return this.request({ verb: 'get', target: { resource, namespace }, name })
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }

  /** An object of namespace `test`; `api` by default. */
  named(resource: ResourceRef, name = 'api'): KubeObject | undefined {
    return this.get(resource, 'test', name)
  }

  /** All objects of a resource in namespace `test`. */
  all(resource: ResourceRef): readonly KubeObject[] {
    const { answer } = this.#store.apply(
      { verb: 'list', target: { resource, namespace: 'test' } },
      { now: this.clock.now(), draw: this.#draw }
    )
    return answer.kind === 'list' ? answer.items : []
  }

  /** The status of the Canary `api`. */
  status(): unknown {
    return this.named(RESOURCES.canaries)?.['status']
  }

  /** Whether the Canary `api` is in this phase, by Flagger's name. */
  isIn(phase: string): boolean {
    return dig(this.status(), 'phase') === phase
  }

  /** Gives the Deployment `api` another image. */
  release(image: string): void {
    this.patch(RESOURCES.deployments, 'test', 'api', { spec: { template: { spec: { containers: [{ name: 'api', image }] } } } })
  }

  /** Whether the rollouts of a Deployment, from its next change on, come to nothing. */
  halts(name: string, on: boolean): void {
    if (on) this.#halting.add(name)
    else if (this.#halting.delete(name)) this.clock.after(500, () => this.#playKubelet('test', name))
  }

  /** Starts the controller. */
  start(): void {
    this.#stop = new AbortController()
    this.crashed = false
    this.writesLeft = Infinity
    this.effectsLeft = Infinity
    const client = this.#client()
    const events = {
      record: async (_: KubeObject, type: 'Normal' | 'Warning', message: string): Promise<void> => {
        this.#spend('effect')
        this.told.push({ t: this.t, type, message })
      }
    }
    const log = (line: string): void => void this.log.push(line)
    const sender = { send: (chat: Chat, news: News) => this.#alert(chat, news) }
    const post = new AlertPost({ client, clock: this.clock, sender, events, settings: this.alertSettings, log })
    const loop = new RolloutLoop({
      client,
      clock: this.clock,
      draw: this.#draw,
      hooks: { call: ({ url, payload, timeout }) => this.#hook(url, payload, timeout) },
      metrics: {
        available: () => Promise.resolve({ kind: 'up' }),
        successRate: ({ namespace, name }, interval) =>
          this.#measure({ metric: 'success', workload: `${namespace}/${name}`, interval, quantile: undefined }, this.success),
        duration: ({ namespace, name }, interval, quantile) =>
          this.#measure({ metric: 'duration', workload: `${namespace}/${name}`, interval, quantile }, this.duration)
      },
      queries: { measure: (asked) => Promise.resolve(this.answerQuery(asked)) },
      settings: {
        metricsServer: this.metricsServer,
        ownPrometheus: () => this.ownPrometheus,
        noCrossNamespaceRefs: this.noCrossNamespaceRefs
      },
      events,
      listeners: [post, ...this.listeners],
      log,
      trackConfigs: this.trackConfigs,
      labels: this.labels
    })
    this.#running = loop.run(this.#stop.signal)
  }

  /** Ends the controller as a crash would: nothing it has in hand is finished. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'))
    await this.#running
  }

  /** Lets time pass until `holds`, at most `seconds`. */
  async until(holds: () => boolean, seconds: number): Promise<boolean> {
    for (let left = seconds * 10; left > 0 && !holds(); left--) await this.clock.advance(100)
    return holds()
  }

  #measure(query: Omit<Queried, 't'>, measurement: Measurement): Promise<Measurement> {
    this.queries.push({ t: this.t, ...query })
    return Promise.resolve(measurement)
  }

  async #alert(chat: Chat, news: News): ReturnType<World['takesAlert']> {
    const outcome = await this.takesAlert(chat)
    if (outcome.kind === 'sent') this.alerts.push({ t: this.t, chat, news })
    return outcome
  }

  async #hook(url: string, payload: HookPayload, timeout: Millis): Promise<HookOutcome> {
    this.#spend('effect')
    const type = url.split('/').at(-1) ?? ''
    if (type !== 'event') this.hooks.push({ t: this.t, type, url, payload, timeout })
    return this.answers[type] ?? { kind: 'answered', status: 200, body: '' }
  }

  #noticed(change: Change): void {
    this.#changes.push(change)
    for (const watcher of this.#watchers) watcher(change)
    const { namespace = '', name = '', generation = 1 } = change.object.metadata
    const isWorkload = change.resource === 'deployments' || change.resource === 'daemonsets'
    if (!isWorkload || change.kind === 'deleted') return
    const key = `${change.resource}/${namespace}/${name}`
    if (this.#seenGeneration.get(key) === generation) return
    this.#seenGeneration.set(key, generation)
    this.clock.after(500, () => (change.resource === 'deployments' ? this.#playKubelet(namespace, name) : this.#playNodes(namespace, name)))
  }

  #playKubelet(namespace: string, name: string): void {
    const live = this.get(RESOURCES.deployments, namespace, name)
    if (live === undefined) return
    const wanted = Number(dig(live, 'spec', 'replicas') ?? 1)
    const containers = dig(live, 'spec', 'template', 'spec', 'containers')
    const image = Array.isArray(containers) ? String(dig(containers[0], 'image')) : ''
    const stuck = wanted > 0 && image.endsWith(this.stuckSuffix)
    const at = formatInstant(this.clock.now())
    if (this.#halting.has(name)) return this.#halt(live, wanted)
    const available = stuck ? 0 : Math.min(wanted, this.slow.available)
    const status = {
      observedGeneration: live.metadata.generation,
      replicas: wanted,
      updatedReplicas: wanted,
      readyReplicas: available,
      availableReplicas: available,
      conditions: [
        { type: 'Progressing', status: 'True', reason: stuck ? 'ReplicaSetUpdated' : 'NewReplicaSetAvailable', lastUpdateTime: at },
        stuck
          ? { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', lastUpdateTime: at }
          : { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', lastUpdateTime: at }
      ]
    }
    const target = { resource: RESOURCES.deployments, namespace }
    this.request({ verb: 'update', target, name, subresource: 'status', body: { ...live, status }, options: {} })
  }

  // New pods do not come to be, and its deadline is over; the old ones stay.
  #halt(live: KubeObject, wanted: number): void {
    const { namespace = '', name = '', generation } = live.metadata
    const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }]
    const pods = { replicas: wanted + 1, updatedReplicas: 1, readyReplicas: wanted, availableReplicas: wanted }
    const status = { observedGeneration: generation, ...pods, conditions }
    const target = { resource: RESOURCES.deployments, namespace }
    this.request({ verb: 'update', target, name, subresource: 'status', body: { ...live, status }, options: {} })
  }

  // Two nodes, without labels.
  #playNodes(namespace: string, name: string): void {
    const live = this.get(RESOURCES.daemonSets, namespace, name)
    if (live === undefined) return
    const spec = dig(live, 'spec', 'template', 'spec')
    const wanted = Object.keys(Object(dig(spec, 'nodeSelector'))).length > 0 ? 0 : 2
    const containers = dig(spec, 'containers')
    const stuck = Array.isArray(containers) && String(dig(containers[0], 'image')).endsWith(this.stuckSuffix)
    const status = {
      observedGeneration: live.metadata.generation,
      desiredNumberScheduled: wanted,
      updatedNumberScheduled: wanted,
      numberAvailable: stuck ? 0 : wanted
    }
    const target = { resource: RESOURCES.daemonSets, namespace }
    this.request({ verb: 'update', target, name, subresource: 'status', body: { ...live, status }, options: {} })
  }

  // One more thing that is seen outside, or the end of the controller before it.
  #spend(what: 'write' | 'effect'): void {
    if (this.#stop.signal.aborted) throw this.#stop.signal.reason
    if (this.effectsLeft <= 0 || (what === 'write' && this.writesLeft <= 0)) {
      this.crashed = true
      this.#stop.abort(new Error('crashed'))
      throw this.#stop.signal.reason
    }
    this.effects++
    this.effectsLeft--
    if (what === 'write') this.writesLeft--
  }

  #controllerWrite(request: StoreRequest): KubeObject {
    const refusal = this.refuse(request)
    if (refusal !== undefined) throw refusal
    this.#spend('write')
    const { answer, changes } = this.#store.apply(request, { now: this.clock.now(), draw: this.#draw })
    if (answer.kind === 'failure') throw new ApiError(answer.status.code, answer.status.reason, answer.status.message)
    for (const change of changes) {
      this.writes.push({ t: this.t, change })
      this.watchWrites(change)
      this.#noticed(change)
    }
    return answer.kind === 'object' ? answer.object : { apiVersion: '', kind: '', metadata: {} }
  }

  #client(): KubeClient {
    const write = (request: StoreRequest): Promise<KubeObject> =>
      new Promise((resolve) => {
        resolve(this.#controllerWrite(request))
      })
    const at = ({ group, version, resource, namespace }: ListQuery | ObjectKey): Pick<StoreRequest, 'target'> => ({
      target: { resource: { group, version, resource }, ...(namespace === undefined ? {} : { namespace }) }
    })
    const unknown = ({ resource }: ResourceRef): Promise<never> | undefined =>
      this.unserved.has(resource)
        ? Promise.reject(new ApiError(404, 'NotFound', 'the server could not find the requested resource'))
        : undefined
    return {
      get: (key) => {
        this.reads++
        return unknown(key) ?? Promise.resolve(this.get(key, key.namespace ?? '', key.name))
      },
      list: (query) => {
        const { answer } = this.#store.apply({ verb: 'list', ...at(query) }, { now: this.clock.now(), draw: this.#draw })
        return unknown(query) ?? (answer.kind === 'list' ? Promise.resolve(answer) : Promise.reject(new Error('no list')))
      },
      watch: (query, { signal }) => this.#watch(query, signal),
      create: (ref, object) =>
        write({ verb: 'create', target: { resource: ref, namespace: object.metadata.namespace ?? '' }, body: object, options: {} }),
      update: (ref, object, { subresource }) =>
        write({
          verb: 'update',
          target: { resource: ref, namespace: object.metadata.namespace ?? '' },
          name: object.metadata.name ?? '',
          ...(subresource === undefined ? {} : { subresource }),
          body: object,
          options: {}
        }),
      patch: (key, patch) =>
        write({
          verb: 'patch',
          ...at(key),
          name: key.name,
          patchType: patch.kind,
          body: patch.kind === 'json' ? patch.operations : patch.body,
          options: {}
        }),
      delete: async (key) => {
        await write({ verb: 'delete', ...at(key), name: key.name, body: {}, options: {} })
      }
    }
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
