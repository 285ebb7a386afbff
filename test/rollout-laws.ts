// Laws that hold for every rollout, whatever happens: no share of traffic without pods behind it, no phase after one that it cannot follow,
// nothing promoted that did not pass.

import type { KubeObject } from '../src/api/object.ts'
import { type Request, REQUESTS } from '../src/rollout/requests.ts'
import { destinationsOf } from '../src/rollout/virtual-service.ts'
import { RESOURCES } from '../src/rollout/write.ts'
import { dig } from '../src/std/json.ts'
import type { Change } from '../src/store/store-request.ts'
import type { World } from './rollout-world.ts'

// What may follow what, by Flagger's names (flagger.md 2.2). A phase that stays is not a transition.
const LEGAL: readonly string[] = [
  '>Initializing',
  'Initializing>Initialized',
  ...['Initialized', 'Succeeded', 'Failed', 'Waiting'].flatMap((from) => [`${from}>Progressing`, `${from}>Waiting`]),
  'Waiting>Failed',
  ...['Waiting', 'Progressing', 'WaitingPromotion'].map((from) => `${from}>Initialized`),
  'Progressing>WaitingPromotion',
  'Progressing>Promoting',
  'Progressing>Failed',
  'WaitingPromotion>Progressing',
  'WaitingPromotion>Promoting',
  'WaitingPromotion>Failed',
  'Promoting>Finalising',
  'Finalising>Succeeded',
  'Promoting>Failed',
  'Finalising>Failed',
  'Failed>Promoting'
]

/** The image of a Deployment's first container. */
export function imageOf(deployment: KubeObject | undefined): unknown {
  const containers = dig(deployment, 'spec', 'template', 'spec', 'containers')
  return Array.isArray(containers) ? dig(containers[0], 'image') : undefined
}

/** Judges each write of the controller as it is made. */
export class Laws {
  readonly broken: string[] = []
  /** Phases, as `from>to`. */
  readonly transitions: string[] = []
  /** The canary's shares, as they were written. */
  readonly weights: number[] = []
  readonly #world: World

  constructor(world: World) {
    this.#world = world
    world.watchWrites = (change) => this.#judge(change)
  }

  #judge({ object, previous }: Change): void {
    if (object.kind === 'VirtualService') this.#routes(weights(object), previous === undefined ? { canary: 0 } : weights(previous))
    if (object.kind === 'Canary') this.#status(object, previous)
    const copied = object.metadata.name === 'api-primary' && previous !== undefined && imageOf(object) !== imageOf(previous)
    if (copied && phaseOf(this.#world.named(RESOURCES.canaries)) !== 'Initializing') this.#promotion(object)
  }

  #routes({ primary, canary }: { readonly primary: number; readonly canary: number }, before: { readonly canary: number }): void {
    if (canary !== this.weights.at(-1)) this.weights.push(canary)
    if (primary + canary !== 100) this.broken.push(`weights ${primary} + ${canary}`)
    if (canary > before.canary && this.#pods('api') === 0) this.broken.push(`${canary} % to a canary without pods`)
    if (canary < before.canary && this.#pods('api-primary') === 0) this.broken.push(`${primary} % to a primary without pods`)
  }

  #status(object: KubeObject, previous: KubeObject | undefined): void {
    const [from, to] = [previous, object].map(phaseOf)
    const transition = `${from}>${to}`
    if (from !== to) this.transitions.push(transition)
    if (from !== to && !LEGAL.includes(transition)) this.broken.push(`transition ${transition}`)
    this.#paused(object, previous)
    const routes = this.#world.named(RESOURCES.virtualServices)
    const share = shareOf(object)
    if (routes !== undefined && weights(routes).canary !== share) this.broken.push(`status says ${share} in ${to}`)
  }

  #promotion(primary: KubeObject): void {
    const target = this.#world.named(RESOURCES.deployments)
    if (imageOf(primary) !== imageOf(target)) this.broken.push('the primary got what the target does not run')
    if (String(imageOf(primary)).endsWith(':stuck')) this.broken.push('a revision that never ran was promoted')
    const { success } = this.#world
    // A person may know better than the numbers, but for a revision that never ran. After a promotion that failed the target has all
    // traffic already, whatever it runs.
    const canary = this.#world.named(RESOURCES.canaries)
    if (isAsked(canary, 'promote') || dig(canary, 'status', 'canaryWeight') === 100) return
    if (success.kind !== 'value' || success.value < 99) this.broken.push('a revision with bad or no numbers was promoted')
  }

  // What was paused stays where it is or goes back; what was begun before the pause came may end.
  #paused(object: KubeObject, previous: KubeObject | undefined): void {
    if (!isAsked(object, 'pause') || !isAsked(previous, 'pause')) return
    const [before, now] = [previous, object].map((each) => Number(dig(each, 'status', 'canaryWeight') ?? 0))
    if (now !== undefined && before !== undefined && now > before && now < 100)
      this.broken.push(`from ${before} % to ${now} % while paused`)
  }

  #pods(name: string): number {
    return Number(dig(this.#world.named(RESOURCES.deployments, name), 'status', 'availableReplicas') ?? 0)
  }
}

function isAsked(canary: KubeObject | undefined, request: Request): boolean {
  return canary?.metadata.annotations?.[REQUESTS[request]] === 'true'
}

/** The phase of a Canary, '' before the first. */
export function phaseOf(canary: KubeObject | undefined): string {
  const phase = dig(canary, 'status', 'phase')
  return typeof phase === 'string' ? phase : ''
}

// The canary's share by the status: its weight, or what its iterations stand for (flagger.md 2.7).
function shareOf(canary: KubeObject): number {
  const [weight, iterations] = ['canaryWeight', 'iterations'].map((key) => Number(dig(canary, 'status', key)))
  const wanted = Number(dig(canary, 'spec', 'analysis', 'iterations') ?? 0)
  const first = dig(canary, 'spec', 'analysis', 'match') === undefined ? wanted + 1 : 1
  return wanted > 0 && weight === 0 && (iterations ?? 0) >= first ? 100 : (weight ?? 0)
}

/** The shares of primary and canary, in percent, of the callers that are split: those of the last entry that knows both. */
export function weights(virtualService: KubeObject): { readonly primary: number; readonly canary: number } {
  const http = dig(virtualService, 'spec', 'http')
  const entries = (Array.isArray(http) ? http : []).map(destinationsOf)
  const split = entries.findLast((entry) => entry.some(({ host }) => host === 'api-canary')) ?? []
  const of = (host: string): number => split.find((to) => to.host === host)?.weight ?? 0
  return { primary: of('api-primary'), canary: of('api-canary') }
}
