// Laws that hold for every rollout, whatever happens: no share of traffic without pods behind it, no phase after one that it cannot follow,
// nothing promoted that did not pass.

import type { KubeObject } from '../src/api/object.ts'
import { type Request, REQUESTS } from '../src/rollout/requests.ts'
import { destinationsOf } from '../src/objects/virtual-service.ts'
import { RESOURCES } from '../src/objects/write.ts'
import { dig } from '../src/std/json.ts'
import type { Change } from '../src/store/store-request.ts'
import type { World } from './rollout-world.ts'

/** What may follow what, by Flagger's names (flagger.md 2.2). A phase that stays is not a transition. */
export const LEGAL: readonly string[] = [
  '>Initializing',
  'Initializing>Initialized',
  ...['Initialized', 'Succeeded', 'Failed'].flatMap((from) => [`${from}>Progressing`, `${from}>Waiting`]),
  'Waiting>Progressing',
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
  /** The canary's share that was written last by a controller whom no pause bound; one bound by it may lower it. */
  #free = 0
  /** Templates of the primary before the promotions since the last that succeeded. */
  readonly #overwritten = new Set<string>()
  /** What a primary read when it was the promoted one, by its template. */
  readonly #read = new Map<string, string>()
  /** What the canary was at the last step of its analysis. */
  #analysed = ''

  constructor(world: World) {
    this.#world = world
    world.watchWrites = (change) => this.#judge(change)
  }

  #judge({ object, previous }: Change): void {
    if (object.kind === 'VirtualService') this.#routes(weights(object), previous === undefined ? { canary: 0 } : weights(previous))
    if (object.kind === 'Canary') this.#status(object, previous)
    const pods = object.kind === 'Deployment' || object.kind === 'DaemonSet'
    if (pods && object.metadata.name === 'api-primary' && previous !== undefined) this.#primary(object, previous)
  }

  #primary(object: KubeObject, previous: KubeObject): void {
    const [now, before] = [object, previous].map((each) => JSON.stringify(dig(each, 'spec', 'template')))
    if (now === before || now === undefined || before === undefined) return
    const asked = isAsked(this.#world.named(RESOURCES.canaries), 'abort')
    if (this.#overwritten.has(now) || (asked && this.#overwritten.size === 0)) return this.#restored(now)
    this.#overwritten.add(before)
    if (object.kind === 'Deployment') this.#size(object, previous)
    if (phaseOf(this.#world.named(RESOURCES.canaries)) !== 'Initializing') this.#promotion(object)
  }

  // What it reads is written before it.
  #restored(template: string): void {
    const copies = this.#read.get(template)
    if (copies !== undefined && copies !== this.#copies()) this.broken.push('a primary was restored without what it read')
  }

  #copies(): string {
    const [map, secret] = [
      this.#world.named(RESOURCES.configMaps, 'colours-primary'),
      this.#world.named(RESOURCES.secrets, 'token-primary')
    ]
    return JSON.stringify([map?.['data'], secret?.['data']])
  }

  #routes({ primary, canary }: { readonly primary: number; readonly canary: number }, before: { readonly canary: number }): void {
    if (canary !== this.weights.at(-1)) this.weights.push(canary)
    const paused = isAsked(this.#world.named(RESOURCES.canaries), 'pause')
    this.#free = paused ? Math.min(this.#free, canary) : canary
    if (canary > before.canary && this.#analyses()) this.#fresh(`${canary} % to`)
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
    this.#steps(object, previous)
    if (from !== to) this.#comes(object, { from, to })
    const routes = this.#world.named(RESOURCES.virtualServices)
    const share = shareOf(object)
    if (routes !== undefined && weights(routes).canary !== share) this.broken.push(`status says ${share} in ${to}`)
  }

  #steps(object: KubeObject, previous: KubeObject | undefined): void {
    const [now, before] = [object, previous].map(progressIn)
    if (phaseOf(object) === 'Progressing' && (now ?? 0) > (before ?? 0)) this.#analysed = this.#canary()
  }

  // A promotion that fails, and nothing else, may leave the canary its traffic.
  #comes(object: KubeObject, { from = '', to = '' }: { readonly from: string | undefined; readonly to: string | undefined }): void {
    if (to === 'Initialized' || to === 'Succeeded') {
      this.#overwritten.clear()
      this.#read.set(JSON.stringify(dig(this.#workload('api-primary'), 'spec', 'template')), this.#copies())
    }
    const failed = to === 'Failed' && from !== 'Promoting' && from !== 'Finalising'
    if (failed && shareOf(object) !== 0) this.broken.push(`a failure leaves the canary ${shareOf(object)} %`)
  }

  #promotion(primary: KubeObject): void {
    const target = this.#workload('api')
    if (imageOf(primary) !== imageOf(target)) this.broken.push('the primary got what the target does not run')
    if (String(imageOf(primary)).endsWith(':stuck')) this.broken.push('a revision that never ran was promoted')
    const { success } = this.#world
    // A person may know better than the numbers, but for a revision that never ran. After a promotion that failed the target has all
    // traffic already, whatever it runs.
    const canary = this.#world.named(RESOURCES.canaries)
    if (dig(canary, 'status', 'canaryWeight') !== 100) this.#fresh('the promotion of')
    if (isAsked(canary, 'promote') || dig(canary, 'status', 'canaryWeight') === 100) return
    if (success.kind !== 'value' || success.value < 99) this.broken.push('a revision with bad or no numbers was promoted')
    if (this.#analysed !== this.#canary()) this.broken.push('what was promoted is not what was analysed')
  }

  // What a scaler sets is the scaler's; without one the primary gets as many pods as the canary has, which had as many as it.
  #size(primary: KubeObject, previous: KubeObject): void {
    const scaled = dig(this.#world.named(RESOURCES.canaries), 'spec', 'autoscalerRef') !== undefined
    const [before, now, canary] = [previous, primary, this.#world.named(RESOURCES.deployments)].map((each) =>
      Number(dig(each, 'spec', 'replicas'))
    )
    if (now !== (scaled ? before : canary)) this.broken.push(`a promotion scales the primary from ${before ?? 0} to ${now ?? 0}`)
  }

  // What was paused stays where it is or goes back; what was begun before the pause came may end.
  #paused(object: KubeObject, previous: KubeObject | undefined): void {
    if (!isAsked(object, 'pause') || !isAsked(previous, 'pause')) return
    const [before, now] = [previous, object].map((each) => Number(dig(each, 'status', 'canaryWeight') ?? 0))
    if (now !== undefined && before !== undefined && now > before && now < 100 && now !== this.#free)
      this.broken.push(`from ${before} % to ${now} % while paused`)
  }

  // What makes the canary's revision: its template, and what the template's pods read.
  #canary(): string {
    return JSON.stringify([dig(this.#workload('api'), 'spec', 'template'), this.#world.readable('api')])
  }

  #analyses(): boolean {
    return phaseOf(this.#world.named(RESOURCES.canaries)) === 'Progressing'
  }

  #fresh(what: string): void {
    const [read, now] = [this.#world.readBy('api'), this.#world.readable('api')].map((each) => JSON.stringify(each))
    if (read !== now) this.broken.push(`${what} a canary that read ${read ?? 'nothing'} instead of ${now ?? 'nothing'}`)
  }

  #pods(name: string): number {
    const status = this.#workload(name)?.['status']
    return Number(dig(status, 'availableReplicas') ?? dig(status, 'numberAvailable') ?? 0)
  }

  #workload(name: string): KubeObject | undefined {
    return this.#world.named(RESOURCES.deployments, name) ?? this.#world.named(RESOURCES.daemonSets, name)
  }
}

// Steps of an analysis: by weights, or by iterations.
function progressIn(canary: KubeObject | undefined): number {
  return Number(dig(canary, 'status', 'canaryWeight') ?? 0) + Number(dig(canary, 'status', 'iterations') ?? 0)
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
