// Runs the rollouts of all Canaries: ticks a Canary when it or an object it reads changes, and when its last tick said to look again.
// Owns what is known of each Canary between ticks; all of it can be lost.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { BackoffShape } from '../kube/backoff.ts'
import { KeyRunner } from '../kube/key-runner.ts'
import { keyOfObject, type ObjectEvent, Reflector } from '../kube/reflector.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { planOf } from '../canary/plan.ts'
import { requestsOf } from '../rollout/requests.ts'
import { contend } from '../canary/rivals.ts'
import type { Autoscaler } from '../canary/scaler.ts'
import { readState } from '../rollout/state.ts'
import { targetKindOf } from '../objects/targets.ts'
import { RESOURCES, SCALER_RESOURCES } from '../objects/write.ts'
import { sameJson } from '../std/json.ts'
import { type Millis, wait } from '../std/clock.ts'
import { printable } from '../std/printable.ts'
import { EventHooks } from './event-hooks.ts'
import { GateWatch, type Touch } from './gate-watch.ts'
import { Glimpses } from './glimpses.ts'
import { Readers } from './readers.ts'
import type { RolloutPorts } from './rollout-ports.ts'
import { type Memory, NO_MEMORY, tick } from './rollout-tick.ts'
import { baselineName } from '../canary/baseline-asked.ts'

interface Known {
  readonly canary: KubeObject
  memory: Memory
  /** Ends the questions that its tick is putting. */
  interrupt: AbortController | undefined
  /** Has these questions thought over: an object that the Canary reads has changed. */
  rethink: (() => void) | undefined
}

const SCALER_KINDS = ['HorizontalPodAutoscaler', 'ScaledObject'] as const
// How long the first looks wait for the watches of all kinds; one that is not served never comes.
const WARM_MOST: Millis = 5000
const CONFIG_RESOURCES: readonly string[] = [RESOURCES.configMaps.resource, RESOURCES.secrets.resource]
const ROUTES: string = RESOURCES.virtualServices.resource

// Ticks wait for webhooks and metrics most of their time: those of many Canaries must not keep a rollback from its turn.
const PARALLEL = 1024

/** How soon a tick that the API failed is tried again, by what its Canary is at. */
const BACKOFF = {
  // Callers may be with a revision that must go.
  analysis: { first: 500, most: 5000 },
  promotion: { first: 1000, most: 15_000 },
  rest: { first: 1000, most: 60_000 }
} as const satisfies Readonly<Record<string, BackoffShape>>

/** The rollout controller. */
export class RolloutLoop {
  readonly #ports: RolloutPorts
  readonly #eventHooks: EventHooks
  /** undefined where no counters are read. */
  readonly #gates: GateWatch | undefined
  /** Has a Canary ticked, while it runs. */
  #touch: Touch = () => undefined
  readonly #canaries = new Map<string, Known>()
  /** By `namespace/resource/name`: the objects of a Canary, and the ConfigMaps and Secrets that its pods read. */
  readonly #objects = new Readers()
  readonly #configs = new Readers()
  readonly #glimpses: Glimpses
  /** Resolved by the first Canary with a scaler of the kind: not every API server has it, nor every controller the right to it. */
  readonly #scalersWanted = { HorizontalPodAutoscaler: Promise.withResolvers<void>(), ScaledObject: Promise.withResolvers<void>() }

  constructor(ports: RolloutPorts) {
    const log = (line: string): void => ports.log(printable(line))
    this.#eventHooks = new EventHooks({ clock: ports.clock, hooks: ports.hooks, log, webhook: ports.eventWebhook })
    this.#glimpses = new Glimpses(ports.client)
    const { counters } = ports
    this.#gates = counters === undefined ? undefined : new GateWatch({ ...ports, counters, log }, (key, when) => this.#touch(key, when))
    const own = this.#gates === undefined ? [this.#eventHooks] : [this.#eventHooks, this.#gates]
    this.#ports = { ...ports, listeners: [...own, ...ports.listeners], log }
  }

  /** Runs until the signal ends it; rejects only for a bug. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, draw, log } = this.#ports
    // Without it the first looks would ask the API for everything that the watches are about to tell.
    const warm = Promise.withResolvers<void>()
    const run = async (key: string, stop: AbortSignal): Promise<Millis | undefined> => {
      await warm.promise
      return this.#tick(key, stop)
    }
    const runner = new KeyRunner(
      { clock, draw, backoff: (key) => this.#backoff(key), parallel: PARALLEL, log: (line) => log(`canary ${line}`), run },
      signal
    )
    const watches = this.#watched().map((query) => this.#reflectorOf(query, runner))
    const scalers = SCALER_KINDS.map(async (kind) => {
      await this.#scalersWanted[kind].promise
      await this.#reflectorOf(SCALER_RESOURCES[kind], runner).run(signal)
    })
    const release = (): void => SCALER_KINDS.forEach((kind) => this.#scalersWanted[kind].resolve())
    if (signal.aborted) release()
    else signal.addEventListener('abort', release, { once: true })
    this.#touch = (key, when) => {
      if (when === 'at once') this.#canaries.get(key)?.interrupt?.abort(new Error('the gate has a verdict'))
      runner.touch(key)
    }
    const synced = Promise.all(watches.map((watch) => watch.whenSynced()))
    Promise.race([synced, wait(clock, WARM_MOST, signal)]).then(() => warm.resolve(), () => warm.resolve()) // prettier-ignore
    const running = Promise.all([...watches.map((watch) => watch.run(signal)), ...scalers])
    const gates = this.#gates === undefined ? [] : [this.#gates.failed]
    await Promise.race([runner.failed, this.#eventHooks.failed, ...gates, running])
  }

  /** Resolves once event webhooks are told all there was to tell. */
  told(): Promise<void> {
    return this.#eventHooks.idle()
  }

  #reflectorOf(query: ResourceRef, runner: KeyRunner): Reflector {
    const { client, clock, draw, log } = this.#ports
    let before = ''
    const onError = (error: unknown): void => {
      if (String(error) !== before) log(`watching ${query.resource}: ${String(error)}`)
      before = String(error)
    }
    const onEvent = (event: ObjectEvent): void => this.#seen(query, event, runner)
    const holds = CONFIG_RESOURCES.includes(query.resource) ? 'named' : 'whole'
    const keep = holds === 'named' ? nameOf : query.resource === ROUTES ? undefined : withoutManagers
    const reflector = new Reflector({ client, clock, draw, query, onError, onEvent, ...(keep && { keep }) })
    this.#glimpses.hold(query, reflector, holds)
    return reflector
  }

  #backoff(key: string): BackoffShape {
    const { phase } = readState(this.#canaries.get(key)?.canary['status'])
    if (phase === 'promoting' || phase === 'finalising') return BACKOFF.promotion
    return phase === 'progressing' || phase === 'waiting-promotion' ? BACKOFF.analysis : BACKOFF.rest
  }

  #watched(): readonly ResourceRef[] {
    // Nothing is decided by a Release.
    const { configMaps, secrets, releases: _, ...others } = RESOURCES
    return [...Object.values(others), ...(this.#ports.trackConfigs === false ? [] : [configMaps, secrets])]
  }

  #seen(query: ResourceRef, event: ObjectEvent, runner: KeyRunner): void {
    const { object, kind } = event
    const { resource } = query
    if (CONFIG_RESOURCES.includes(resource)) this.#glimpses.changed(query, event)
    if (resource === RESOURCES.canaries.resource) return this.#canarySeen(object, kind, runner)
    if (isScalerStatus(resource, event)) return
    const seen = `${object.metadata.namespace ?? ''}/${resource}/${object.metadata.name ?? ''}`
    for (const key of [...this.#objects.of(seen), ...this.#configs.of(seen)]) {
      this.#canaries.get(key)?.rethink?.()
      runner.touch(key)
    }
  }

  #canarySeen(object: KubeObject, kind: ObjectEvent['kind'], runner: KeyRunner): void {
    const key = keyOfObject(object)
    const before = this.#canaries.get(key)?.canary
    this.#know(object, kind)
    runner.touch(key)
    for (const canary of [object, ...(before === undefined ? [] : [before])]) {
      for (const rival of this.#contenders(canary)) runner.touch(keyOfObject(rival))
    }
  }

  // Those that want objects that this one wants.
  #contenders(canary: KubeObject): readonly KubeObject[] {
    const keys = new Set([...readsOf(canary)].flatMap((name) => this.#objects.of(name)))
    return [...keys].flatMap((key) => {
      const other = this.#canaries.get(key)?.canary
      return other !== undefined && contend(other, canary) ? [other] : []
    })
  }

  #know(canary: KubeObject, kind: ObjectEvent['kind']): void {
    const key = keyOfObject(canary)
    if (kind === 'deleted') return this.#forget(key, canary)
    const known = this.#canaries.get(key)
    const before = known?.canary.metadata.uid === canary.metadata.uid ? known : undefined
    if (before === undefined) this.#forgetConfigs(this.#configs.delete(key))
    this.#objects.set(key, readsOf(canary))
    this.#canaries.set(key, { ...(before ?? NEWLY_KNOWN), canary })
    if (before !== undefined && cannotWait(before.canary, canary)) before.interrupt?.abort(new Error('the Canary changed'))
    const { autoscaler } = planOf(canary)
    if (autoscaler !== undefined) this.#scalersWanted[autoscaler.kind].resolve()
  }

  #forget(key: string, canary: KubeObject): void {
    this.#canaries.get(key)?.interrupt?.abort(new Error('the Canary is gone'))
    for (const listener of this.#ports.listeners) listener.gone?.(canary)
    this.#canaries.delete(key)
    this.#objects.delete(key)
    this.#forgetConfigs(this.#configs.delete(key))
  }

  #forgetConfigs(names: readonly string[]): void {
    for (const name of names) this.#glimpses.drop(name)
  }

  async #tick(key: string, signal: AbortSignal): Promise<Millis | undefined> {
    const known = this.#canaries.get(key)
    if (known === undefined) return undefined
    const { namespace = '', name = '', uid } = known.canary.metadata
    const others = this.#contenders(known.canary)
    // It may be seen anew meanwhile, or another may take its name.
    const latest = (): Known | undefined => {
      const found = this.#canaries.get(key)
      return found?.canary.metadata.uid === uid ? found : undefined
    }
    const reading = (names: readonly string[]): void => {
      if (latest() !== undefined) this.#forgetConfigs(this.#configs.set(key, new Set(names.map((each) => `${namespace}/${each}`))))
    }
    const interrupt = new AbortController()
    known.interrupt = interrupt
    const evidence = (canary: KubeObject): ClusterView['evidence'] => this.#gates?.evidenceOf(canary)
    const seeing = (hear: (() => void) | undefined): void => {
      const found = latest()
      if (found !== undefined) found.rethink = hear
    }
    const ticked = { namespace, name, others, reading, evidence, seeing, glimpses: this.#glimpses, interrupted: interrupt.signal }
    const result = await tick(this.#ports, ticked, known.memory, signal)
    if (result.kind === 'gone') return undefined
    const after = latest()
    if (after !== undefined) after.memory = result.memory
    if (result.kind === 'failed') throw result.error
    return result.wake
  }
}

const NEWLY_KNOWN: Omit<Known, 'canary'> = { memory: NO_MEMORY, interrupt: undefined, rethink: undefined }

// What people want of a rollout, and a new spec, do not wait for slow webhooks to answer the old questions.
function cannotWait(before: KubeObject, now: KubeObject): boolean {
  const [old, asked] = [requestsOf(before), requestsOf(now)]
  const deleted = now.metadata.deletionTimestamp !== before.metadata.deletionTimestamp
  return deleted || now.metadata.generation !== before.metadata.generation || asked.some((request) => !old.includes(request))
}

// There may be many that no rollout reads, and some are secret.
function nameOf({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  const { name = '', namespace = '', uid = '', resourceVersion = '' } = metadata
  return { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion } }
}

// They are as long as the rest of most objects; a rollout reads those of its routes alone.
function withoutManagers(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

function readsOf(canary: KubeObject): ReadonlySet<string> {
  const plan = planOf(canary)
  const { target, apex, autoscaler } = plan
  const { resource, primaryName } = targetKindOf(plan)
  const scalers = autoscaler === undefined ? [] : ['', '-primary'].map((role) => scalerName(autoscaler, role))
  const names = [
    ...scalers,
    `${resource.resource}/${target}`,
    `${resource.resource}/${primaryName(plan)}`,
    `${resource.resource}/${baselineName(plan)}`,
    ...(plan.baseline.kind === 'workload' ? [`${resource.resource}/${plan.baseline.name}`] : []),
    ...['', '-canary', '-primary', '-baseline'].map((role) => `services/${apex}${role}`),
    `destinationrules/${apex}-canary`,
    `destinationrules/${apex}-primary`,
    `destinationrules/${apex}-baseline`,
    `virtualservices/${apex}`
  ]
  return new Set(names.map((name) => `${plan.namespace}/${name}`))
}

function scalerName({ kind, name }: Autoscaler, role: string): string {
  return `${SCALER_RESOURCES[kind].resource}/${name}${role}`
}

// Scalers say what they measure every few seconds: a rollout reads their specs and annotations only.
function isScalerStatus(resource: string, { kind, object, previous }: ObjectEvent): boolean {
  if (kind !== 'modified' || previous === undefined) return false
  if (!Object.values(SCALER_RESOURCES).some((scaler) => scaler.resource === resource)) return false
  const read = ({ spec, metadata }: KubeObject): unknown => [spec, metadata.annotations ?? {}, metadata.ownerReferences ?? []]
  return sameJson(read(object), read(previous))
}
