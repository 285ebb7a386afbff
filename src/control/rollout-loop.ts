// Runs the rollouts of all Canaries: ticks a Canary when it or an object it reads changes, and when its last tick said to look again.
// Owns what is known of each Canary between ticks; all of it can be lost.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { BackoffShape } from '../kube/backoff.ts'
import { KeyRunner } from '../kube/key-runner.ts'
import { keyOfObject, type ObjectEvent, Reflector } from '../kube/reflector.ts'
import { planOf } from '../rollout/plan.ts'
import { contend } from '../rollout/rivals.ts'
import type { Autoscaler } from '../rollout/scaler.ts'
import { targetKindOf } from '../rollout/targets.ts'
import { RESOURCES, SCALER_RESOURCES } from '../rollout/write.ts'
import { sameJson } from '../std/json.ts'
import type { Millis } from '../std/clock.ts'
import { printable } from '../std/printable.ts'
import { EventHooks } from './event-hooks.ts'
import { Readers } from './readers.ts'
import type { RolloutPorts } from './rollout-ports.ts'
import { type Memory, NO_MEMORY, tick } from './rollout-tick.ts'

interface Known {
  readonly canary: KubeObject
  memory: Memory
}

const SCALER_KINDS = ['HorizontalPodAutoscaler', 'ScaledObject'] as const
const BACKOFF: BackoffShape = { first: 1000, most: 60_000 }

/** The rollout controller. */
export class RolloutLoop {
  readonly #ports: RolloutPorts
  readonly #eventHooks: EventHooks
  readonly #canaries = new Map<string, Known>()
  /** By `namespace/resource/name`: the objects of a Canary, and the ConfigMaps and Secrets that its pods read. */
  readonly #objects = new Readers()
  readonly #configs = new Readers()
  /** Resolved by the first Canary with a scaler of the kind: not every API server has it, nor every controller the right to it. */
  readonly #scalersWanted = { HorizontalPodAutoscaler: Promise.withResolvers<void>(), ScaledObject: Promise.withResolvers<void>() }

  constructor(ports: RolloutPorts) {
    const log = (line: string): void => ports.log(printable(line))
    this.#eventHooks = new EventHooks({ clock: ports.clock, hooks: ports.hooks, log, webhook: ports.eventWebhook })
    this.#ports = { ...ports, listeners: [this.#eventHooks, ...ports.listeners], log }
  }

  /** Runs until the signal ends it; rejects only for a bug. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, clock, draw, log } = this.#ports
    const runner = new KeyRunner(
      { clock, draw, backoff: BACKOFF, log: (line) => log(`canary ${line}`), run: (key, stop) => this.#tick(key, stop) },
      signal
    )
    const watch = (query: ResourceRef): Promise<void> => {
      let before = ''
      const onError = (error: unknown): void => {
        if (String(error) !== before) log(`watching ${query.resource}: ${String(error)}`)
        before = String(error)
      }
      const onEvent = (event: ObjectEvent): void => this.#seen(query, event, runner)
      return new Reflector({ client, clock, draw, query, onError, onEvent }).run(signal)
    }
    const scalers = SCALER_KINDS.map(async (kind) => {
      await this.#scalersWanted[kind].promise
      await watch(SCALER_RESOURCES[kind])
    })
    const release = (): void => SCALER_KINDS.forEach((kind) => this.#scalersWanted[kind].resolve())
    if (signal.aborted) release()
    else signal.addEventListener('abort', release, { once: true })
    await Promise.race([runner.failed, this.#eventHooks.failed, Promise.all([...this.#watched().map(watch), ...scalers])])
  }

  #watched(): readonly ResourceRef[] {
    // Nothing is decided by a Release.
    const { configMaps, secrets, releases: _, ...others } = RESOURCES
    return [...Object.values(others), ...(this.#ports.trackConfigs === false ? [] : [configMaps, secrets])]
  }

  #seen({ resource }: ResourceRef, event: ObjectEvent, runner: KeyRunner): void {
    const { object, kind } = event
    if (resource === RESOURCES.canaries.resource) {
      const key = keyOfObject(object)
      const before = this.#canaries.get(key)?.canary
      this.#know(object, kind)
      runner.touch(key)
      for (const canary of [object, ...(before === undefined ? [] : [before])]) {
        for (const rival of this.#contenders(canary)) runner.touch(keyOfObject(rival))
      }
      return
    }
    if (isScalerStatus(resource, event)) return
    const seen = `${object.metadata.namespace ?? ''}/${resource}/${object.metadata.name ?? ''}`
    for (const key of [...this.#objects.of(seen), ...this.#configs.of(seen)]) runner.touch(key)
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
    if (kind === 'deleted') {
      for (const listener of this.#ports.listeners) listener.gone?.(canary)
      this.#canaries.delete(key)
      this.#objects.delete(key)
      this.#configs.delete(key)
      return
    }
    const known = this.#canaries.get(key)
    const before = known?.canary.metadata.uid === canary.metadata.uid ? known : undefined
    if (before === undefined) this.#configs.delete(key)
    this.#objects.set(key, readsOf(canary))
    this.#canaries.set(key, { canary, memory: before?.memory ?? NO_MEMORY })
    const { autoscaler } = planOf(canary)
    if (autoscaler !== undefined) this.#scalersWanted[autoscaler.kind].resolve()
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
      if (latest() !== undefined) this.#configs.set(key, new Set(names.map((each) => `${namespace}/${each}`)))
    }
    const result = await tick(this.#ports, { namespace, name, others, reading }, known.memory, signal)
    if (result.kind === 'gone') return undefined
    const ticked = latest()
    if (ticked !== undefined) ticked.memory = result.memory
    return result.wake
  }
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
    ...['', '-canary', '-primary'].map((role) => `services/${apex}${role}`),
    `destinationrules/${apex}-canary`,
    `destinationrules/${apex}-primary`,
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
