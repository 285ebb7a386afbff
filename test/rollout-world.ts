// A world for rollouts: the embedded store, a virtual clock, answers set by the test for metrics and webhooks, and a stand-in for the
// kubelet. The controller under test is the real loop; it can be killed before any of its writes and started again.

import type { KubeObject, ResourceRef } from '../src/api/object.ts'
import { AlertPost, type AlertSettings, type Chat, type News } from '../src/control/alert-post.ts'
import { EventPost, type Happened, type WriteEvent } from '../src/control/event-post.ts'
import type { HookAttempt } from '../src/control/hook-caller.ts'
import type { RolloutListener } from '../src/control/rollout-listener.ts'
import type { CounterSource } from '../src/control/counter-source.ts'
import type { SeriesSource } from '../src/control/series-source.ts'
import type { AskedQuery } from '../src/control/query-source.ts'
import { RolloutLoop } from '../src/control/rollout-loop.ts'
import { ApiError, type KubeClient } from '../src/kube/kube-client.ts'
import type { HookPayload } from '../src/rollout/ask.ts'
import { configRefsOf } from '../src/canary/config-refs.ts'
import type { HookOutcome } from '../src/rollout/judge.ts'
import type { Measurement } from '../src/rollout/judge-metric.ts'
import type { LabelRules } from '../src/canary/label-rules.ts'
import { RESOURCES } from '../src/objects/write.ts'
import { type Moment, SimulatedCluster } from '../src/sim/cluster.ts'
import { deploymentStatus, wantedPods } from '../src/sim/pods.ts'
import { type Millis, type VirtualClock, wait } from '../src/std/clock.ts'
import { formatInstant } from '../src/std/instant.ts'
import { dig, sameJson } from '../src/std/json.ts'
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

/** A world with namespace `test` and these objects in it; the controller is not started. */
export function worldOf(...objects: readonly KubeObject[]): World {
  const world = new World()
  world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'test' } })
  for (const object of objects) world.create(object)
  return world
}

/** A world that begins at that moment; the controller is not started. */
export function worldAt(moment: Moment): World {
  return new World(moment)
}

/** Everything a test sets and sees. */
export class World {
  readonly clock: VirtualClock
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
  /** What becomes of an Event; they are taken at once where nothing is said. */
  takesEvent: ((signal: AbortSignal) => ReturnType<WriteEvent>) | undefined
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
  /** How long they take to answer, by the same name, and metrics by theirs; at once where nothing is said. After its timeout an answer does not count. */
  slowness: Record<string, Millis> = {}
  /** Kills the controller before one of its next writes: how many it may still make. */
  writesLeft = Infinity
  /** The same for everything that is seen outside: writes, webhook calls and Events. */
  effectsLeft = Infinity
  /** Objects that the controller asked for. */
  reads = 0
  /** Writes, webhook calls and Events so far. */
  effects = 0
  crashed = false
  /** Until when alerts and event webhooks may be told; undefined: as long as the controller runs. */
  telling: AbortSignal | undefined
  /** Resolves once alerts and event webhooks are told. */
  allTold: () => Promise<void> = () => Promise.resolve()
  /** Refuses a write of the controller; undefined lets it through. */
  refuse: (request: StoreRequest) => ApiError | undefined = () => undefined
  /** What stands between the controller and the API. */
  between: (client: KubeClient) => KubeClient = (client) => client
  /** How long a watch may be silent before it counts as dead; undefined: for ever. */
  silenceMax: Millis | undefined
  /** Resources that the API does not serve to the controller. */
  readonly unserved = new Set<string>()
  /** Sees each write of the controller as it is made. */
  watchWrites: (change: Change) => void = () => {}
  /** Whether the controller tracks ConfigMaps and Secrets; undefined: as by default. */
  trackConfigs: boolean | undefined
  /** What the controller is told of labels; undefined: as by default. */
  labels: LabelRules | undefined
  /** What the gate reads; undefined: no gate. */
  counters: CounterSource | undefined
  /** Where its streams of others' counters come from; undefined: nobody answers. */
  series: SeriesSource | undefined
  /** How often Releases are told of the evidence; undefined: as they are by default. */
  evidenceEvery: Millis | undefined
  /** Deployments whose pods never get ready, by image suffix. */
  stuckSuffix = ':stuck'
  /** Pods that are available at most, as if new ones took for ever. */
  slow = { available: Infinity }
  readonly #cluster: SimulatedCluster
  readonly #seenGeneration = new Map<string, number>()
  readonly #halting = new Set<string>()
  /** By workload: the template its pods were made from, and what the ConfigMaps they name said then. */
  readonly #pods = new Map<string, { readonly template: unknown; readonly read: readonly unknown[] }>()
  #stop = new AbortController()
  #running: Promise<unknown> = Promise.resolve()

  constructor(moment: Moment = { now: START, changes: [] }) {
    this.#cluster = new SimulatedCluster(moment, (change) => this.#noticed(change))
    this.clock = this.#cluster.clock
    for (const { resource, object } of moment.changes) {
      const { namespace = '', name = '', generation = 1 } = object.metadata
      this.#seenGeneration.set(`${resource}/${namespace}/${name}`, generation)
    }
  }

  /** Now, for other worlds to begin at. */
  moment(): Moment {
    return this.#cluster.moment()
  }

  /** Seconds since the start. */
  get t(): number {
    return (this.clock.now() - START) / 1000
  }

  /** One request of the user, or of the kubelet's stand-in. */
  request(request: StoreRequest): KubeObject {
    return this.#cluster.apply(request).object
  }

  create(object: KubeObject): void {
    this.#cluster.create(object)
  }

  patch(resource: ResourceRef, namespace: string, name: string, body: unknown): void {
    this.request({ verb: 'patch', target: { resource, namespace }, name, patchType: 'merge', body, options: {} })
  }

  /** Writes a live object anew, as `manager` does. */
  write(resource: ResourceRef, manager: string, change: (live: KubeObject) => KubeObject, name = 'api'): void {
    const live = this.named(resource, name)
    if (live === undefined) return
    const body = { ...change(live), metadata: { ...change(live).metadata, resourceVersion: live.metadata.resourceVersion } }
    this.request({ verb: 'update', target: { resource, namespace: 'test' }, name, body, options: { fieldManager: manager } })
  }

  get(resource: ResourceRef, namespace: string, name: string): KubeObject | undefined {
    return this.#cluster.get(resource, namespace, name)
  }

  /** An object of namespace `test`; `api` by default. */
  named(resource: ResourceRef, name = 'api'): KubeObject | undefined {
    return this.get(resource, 'test', name)
  }

  /** All objects of a resource in namespace `test`. */
  all(resource: ResourceRef): readonly KubeObject[] {
    return this.#cluster.all(resource, 'test')
  }

  /** The status of the Canary `api`. */
  status(): unknown {
    return this.named(RESOURCES.canaries)?.['status']
  }

  /** What the ConfigMaps said that the pods of a workload name, when these pods began; undefined without pods. */
  readBy(name: string): readonly unknown[] | undefined {
    return this.#pods.get(name)?.read
  }

  /** What the ConfigMaps say that the pods of a workload name. */
  readable(name: string): readonly unknown[] {
    const spec = dig(this.named(RESOURCES.deployments, name) ?? this.named(RESOURCES.daemonSets, name), 'spec', 'template', 'spec')
    return configRefsOf(spec).map((ref) => this.named(RESOURCES.configMaps, ref.name)?.['data'])
  }

  /** Whether the Canary `api` is in this phase, by Flagger's name. */
  isIn(phase: string): boolean {
    return dig(this.status(), 'phase') === phase
  }

  /** Passes time until the Canary `api` is in this phase, starting the controller again when it dies. */
  async comesTo(phase: string): Promise<void> {
    for (let halves = 0; halves < 400 && !this.isIn(phase); halves++) {
      await this.clock.advance(500)
      if (!this.crashed) continue
      await this.stop()
      this.start()
    }
    if (!this.isIn(phase)) throw new Error(`never ${phase}: ${JSON.stringify(this.status())}`)
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
    const client = this.between(this.#client())
    const log = (line: string): void => void this.log.push(line)
    const events = new EventPost({ clock: this.clock, log, write: (happened, signal) => this.#event(happened, signal) })
    const sender = { send: (chat: Chat, news: News) => this.#alert(chat, news) }
    const post = new AlertPost({ client, clock: this.clock, sender, events, settings: this.alertSettings, log })
    const loop = new RolloutLoop({
      client,
      clock: this.clock,
      draw: this.#cluster.draw,
      hooks: { call: (attempt, signal) => this.#hook(attempt, signal) },
      metrics: {
        available: () => Promise.resolve({ kind: 'up' }),
        successRate: ({ namespace, name }, interval, signal) =>
          this.#measure({ metric: 'success', workload: `${namespace}/${name}`, interval, quantile: undefined }, () => this.success, signal),
        duration: ({ namespace, name }, interval, quantile, signal) =>
          this.#measure({ metric: 'duration', workload: `${namespace}/${name}`, interval, quantile }, () => this.duration, signal)
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
      telling: this.telling,
      trackConfigs: this.trackConfigs,
      labels: this.labels,
      counters: this.counters,
      series: this.series,
      evidenceEvery: this.evidenceEvery
    })
    this.allTold = async () => void (await Promise.all([post.idle(), loop.told(), events.idle()]))
    this.#running = loop.run(this.#stop.signal)
  }

  /** Ends the controller as a crash would: nothing it has in hand is finished. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'))
    await this.#running
    // What a WeakRef has led to, as in AbortSignal.any, stays until the event loop turns, which virtual time alone never makes it do:
    // thousands of worlds came to gigabytes.
    await new Promise<void>((resolve) => void setImmediate(resolve))
  }

  /** Lets time pass until `holds`, at most `seconds`. */
  async until(holds: () => boolean, seconds: number): Promise<boolean> {
    for (let left = seconds * 10; left > 0 && !holds(); left--) await this.clock.advance(100)
    return holds()
  }

  async #measure(query: Omit<Queried, 't'>, measured: () => Measurement, signal: AbortSignal): Promise<Measurement> {
    this.queries.push({ t: this.t, ...query })
    const slowness = this.slowness[query.metric]
    if (slowness !== undefined) await wait(this.clock, slowness, signal)
    return measured()
  }

  async #event({ type, message, at }: Happened, signal: AbortSignal): ReturnType<WriteEvent> {
    const failure = this.takesEvent && (await this.takesEvent(signal))
    if (failure !== undefined) return failure
    this.#spend('effect')
    this.told.push({ t: (at - START) / 1000, type, message })
    return undefined
  }

  async #alert(chat: Chat, news: News): ReturnType<World['takesAlert']> {
    const outcome = await this.takesAlert(chat)
    if (outcome.kind === 'sent') this.alerts.push({ t: this.t, chat, news })
    return outcome
  }

  async #hook({ url, payload, timeout }: HookAttempt, signal: AbortSignal): Promise<HookOutcome> {
    this.#spend('effect')
    const type = url.split('/').at(-1) ?? ''
    if (type !== 'event') this.hooks.push({ t: this.t, type, url, payload, timeout })
    const slowness = this.slowness[type]
    if (slowness !== undefined) await wait(this.clock, Math.min(slowness, timeout), signal)
    if (slowness !== undefined && slowness > timeout) return { kind: 'unreachable', because: `no answer from hooks in ${timeout} ms` }
    return this.answers[type] ?? { kind: 'answered', status: 200, body: '' }
  }

  #noticed(change: Change): void {
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
    const wanted = wantedPods(live)
    const containers = dig(live, 'spec', 'template', 'spec', 'containers')
    const image = Array.isArray(containers) ? String(dig(containers[0], 'image')) : ''
    const stuck = wanted > 0 && image.endsWith(this.stuckSuffix)
    if (this.#halting.has(name)) return this.#halt(live, wanted)
    this.#makePods(name, live, wanted)
    const available = stuck ? 0 : Math.min(wanted, this.slow.available)
    const status = deploymentStatus(live, { available, stuck }, formatInstant(this.clock.now()))
    const target = { resource: RESOURCES.deployments, namespace }
    this.request({ verb: 'update', target, name, subresource: 'status', body: { ...live, status }, options: {} })
  }

  // Pods are made where there were none, or from another template; the others keep what they read.
  #makePods(name: string, live: KubeObject, wanted: number): void {
    const template = dig(live, 'spec', 'template')
    if (wanted === 0) this.#pods.delete(name)
    else if (!sameJson(this.#pods.get(name)?.template, template)) this.#pods.set(name, { template, read: this.readable(name) })
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
    this.#makePods(name, live, wanted)
    const status = {
      observedGeneration: live.metadata.generation,
      currentNumberScheduled: wanted,
      desiredNumberScheduled: wanted,
      updatedNumberScheduled: wanted,
      numberAvailable: stuck ? 0 : wanted
    }
    const target = { resource: RESOURCES.daemonSets, namespace }
    this.request({ verb: 'update', target, name, subresource: 'status', body: { ...live, status }, options: {} })
  }

  // One more thing that is seen outside, or the end of the controller before it.
  #spend(what: 'write' | 'effect'): void {
    if (this.#stop.signal.aborted && (what === 'write' || this.telling === undefined)) throw this.#stop.signal.reason
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
    const { object, changes } = this.#cluster.apply(request)
    for (const change of changes) {
      this.writes.push({ t: this.t, change })
      this.watchWrites(change)
    }
    return object
  }

  #client(): KubeClient {
    const client = this.#cluster.client((request) => this.#controllerWrite(request))
    const unknown = ({ resource }: ResourceRef): Promise<never> | undefined =>
      this.unserved.has(resource)
        ? Promise.reject(new ApiError(404, 'NotFound', 'the server could not find the requested resource'))
        : undefined
    return {
      ...client,
      silenceMax: this.silenceMax,
      get: (key, options) => {
        this.reads++
        return unknown(key) ?? client.get(key, options)
      },
      list: (query, options) => unknown(query) ?? client.list(query, options)
    }
  }
}
