// Autoscalers in random histories: the scaler of a target, a stand-in for what acts on it and on the primary's, and what must hold of them.

import { type KubeObject, type ResourceRef, isOwned } from '../src/api/object.ts'
import { PAUSED_ANNOTATION } from '../src/canary/scaler.ts'
import { RESOURCES, SCALER_RESOURCES } from '../src/objects/write.ts'
import { dig } from '../src/std/json.ts'
import type { World } from './rollout-world.ts'

/** What scales a target; undefined: nobody. */
export type ScaledBy = keyof typeof SCALER_RESOURCES | undefined

/** The fewest and the most pods. */
export interface Bounds {
  readonly least: number
  readonly most: number
}

const FIELDS = {
  HorizontalPodAutoscaler: { apiVersion: 'autoscaling/v2', least: 'minReplicas', most: 'maxReplicas' },
  ScaledObject: { apiVersion: 'keda.sh/v1alpha1', least: 'minReplicaCount', most: 'maxReplicaCount' }
} as const

/** The autoscaler of a target in one history. */
export class Scaling {
  /** Pods that the load asks for. */
  wanted = 2
  /** Moments in a row in which a target at rest might have been scaled. */
  #loose = 0
  #wasLoose = false
  readonly #world: World
  readonly #kind: keyof typeof SCALER_RESOURCES

  constructor(world: World, kind: keyof typeof SCALER_RESOURCES) {
    this.#world = world
    this.#kind = kind
  }

  /** Gives the scaler of the target these bounds. */
  bind({ least, most }: Bounds): void {
    const fields = FIELDS[this.#kind]
    this.#world.patch(this.#resource, 'test', 'api', { spec: { [fields.least]: least, [fields.most]: most } })
  }

  /** Lets target and primary have the pods that the load asks for, within bounds, as what runs in a cluster would. */
  act(): void {
    this.#loose = this.#rests() && !this.#isHeld() ? this.#loose + 1 : 0
    // A controller that dies needs a moment.
    this.#wasLoose ||= this.#loose > 3
    for (const name of ['api', 'api-primary']) {
      const [scaler, deployment] = [this.#world.named(this.#resource, name), this.#world.named(RESOURCES.deployments, name)]
      if (scaler === undefined || deployment === undefined) continue
      const now = Number(dig(deployment, 'spec', 'replicas'))
      const then = this.#count(scaler, now)
      if (then !== now) this.#world.patch(RESOURCES.deployments, 'test', name, { spec: { replicas: then } })
    }
  }

  /** What does not hold of the scalers of a rollout at rest. */
  faults(): readonly string[] {
    const [target, primary, canary] = [this.#scaler('api'), this.#scaler('api-primary'), this.#world.named(RESOURCES.canaries)]
    const fields = FIELDS[this.#kind]
    const bounds = (scaler: KubeObject | undefined): string =>
      [fields.least, fields.most].map((field) => String(dig(scaler, 'spec', field))).join(' to ')
    const pods = Number(dig(this.#world.named(RESOURCES.deployments, 'api-primary'), 'spec', 'replicas'))
    return [
      ...(primary !== undefined && canary !== undefined && isOwned(primary, canary) ? [] : ["the primary's scaler is gone"]),
      ...(bounds(primary) === bounds(target) ? [] : [`bounds of ${bounds(primary)} instead of ${bounds(target)}`]),
      ...(dig(primary, 'spec', 'scaleTargetRef', 'name') === 'api-primary' ? [] : ["the primary's scaler scales something else"]),
      ...(this.#isHeld() && !this.#wasLoose ? [] : ['KEDA might have scaled a target at rest']),
      ...(pods === this.#count(primary, pods) ? [] : [`the primary has ${pods} pods`])
    ]
  }

  #isHeld(): boolean {
    return this.#kind === 'HorizontalPodAutoscaler' || this.#scaler('api')?.metadata.annotations?.[PAUSED_ANNOTATION] === '0'
  }

  #rests(): boolean {
    const status = this.#world.status()
    const phase = String(dig(status, 'phase'))
    return ['Initialized', 'Waiting', 'Succeeded'].includes(phase) || (phase === 'Failed' && dig(status, 'canaryWeight') === 0)
  }

  get #resource(): ResourceRef {
    return SCALER_RESOURCES[this.#kind]
  }

  #scaler(name: string): KubeObject | undefined {
    return this.#world.named(this.#resource, name)
  }

  // A HorizontalPodAutoscaler leaves a target without pods alone; KEDA does what it is held at, and wakes one that has load.
  #count(scaler: KubeObject | undefined, now: number): number {
    const fields = FIELDS[this.#kind]
    const [least, most] = [fields.least, fields.most].map((field) => Number(dig(scaler, 'spec', field)))
    const held = scaler?.metadata.annotations?.[PAUSED_ANNOTATION]
    if (held !== undefined) return Number(held)
    if (now === 0 && this.#kind === 'HorizontalPodAutoscaler') return 0
    return Math.min(most ?? 1, Math.max(least ?? 1, this.wanted))
  }
}

/** The scaler of the target. */
export function scalerOf(kind: keyof typeof SCALER_RESOURCES, { least, most }: Bounds): KubeObject {
  const fields = FIELDS[kind]
  const spec = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' }, [fields.least]: least, [fields.most]: most }
  return { apiVersion: fields.apiVersion, kind, metadata: { name: 'api', namespace: 'test' }, spec }
}
