// The shop of examples/shop as its user sees it: objects followed through the API, requests counted by the mesh. Changes nothing.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { KubeClient } from '../kube/kube-client.ts'
import { Reflector } from '../kube/reflector.ts'
import { quantile } from '../metrics/buckets.ts'
import type { WorkloadHistory } from '../metrics/workload-history.ts'
import type { Clock, Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'
import { type Rollout, rolloutOf, shareOf, tagOf } from './demo-objects.ts'
import type { VersionRow } from './demo-view.ts'
import { latestOf, type ReleaseFacts, releasesOf } from './release-facts.ts'

export const NAMESPACE = 'shop'
/** Name of the Deployment that is released, of its Canary and of its VirtualService. */
export const FRONTEND = 'frontend'
export const DEPLOYMENTS: ResourceRef = { group: 'apps', version: 'v1', resource: 'deployments' }
const CANARIES: ResourceRef = { group: 'flagger.app', version: 'v1beta1', resource: 'canaries' }
const VIRTUAL_SERVICES: ResourceRef = { group: 'networking.istio.io', version: 'v1', resource: 'virtualservices' }
const EVENTS: ResourceRef = { group: '', version: 'v1', resource: 'events' }

/** The span of success rate and p99: that of the Canary's own metrics. */
const WINDOW: Millis = 10_000

// Which route of which VirtualService leads to each Deployment.
const WORKLOADS = [
  { name: 'frontend-primary', route: FRONTEND, host: 'frontend-primary', subset: undefined },
  { name: FRONTEND, route: FRONTEND, host: 'frontend-canary', subset: undefined },
  { name: 'reviews-v1', route: 'reviews', host: 'reviews', subset: 'v1' },
  { name: 'reviews-v2', route: 'reviews', host: 'reviews', subset: 'v2' }
] as const

/** What the shop is seen with. `onEvent` gets what the controller says of the Canary, as it says it. */
export interface ShopOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly draw: Draw
  readonly history: WorkloadHistory
  readonly onEvent: (message: string, type: 'Normal' | 'Warning') => void
}

/** Owns the copies of the objects it follows. */
export class Shop {
  readonly #options: ShopOptions
  readonly #canaries: Reflector
  readonly #virtualServices: Reflector
  readonly #deployments: Reflector
  readonly #releases: Reflector
  readonly #events: Reflector
  readonly #waiting = new Set<() => void>()

  constructor(options: ShopOptions) {
    this.#options = options
    const { client, clock, draw } = options
    const follow = (resource: ResourceRef, seen: (object: KubeObject) => void): Reflector =>
      new Reflector({
        client,
        clock,
        draw,
        query: { ...resource, namespace: NAMESPACE },
        onEvent: ({ kind, object }) => {
          if (kind !== 'deleted') seen(object)
          for (const look of this.#waiting) look()
        }
      })
    this.#canaries = follow(CANARIES, () => undefined)
    this.#virtualServices = follow(VIRTUAL_SERVICES, () => undefined)
    this.#deployments = follow(DEPLOYMENTS, () => undefined)
    this.#releases = follow(RESOURCES.releases, () => undefined)
    this.#events = follow(EVENTS, (event) => this.#hear(event))
  }

  /** Follows the objects until the signal ends it. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(
      [this.#canaries, this.#virtualServices, this.#deployments, this.#releases, this.#events].map((each) => each.run(signal))
    )
  }

  rollout(): Rollout {
    return rolloutOf(this.#canaries.get(`${NAMESPACE}/${FRONTEND}`))
  }

  /** The release that is on its way, or was last. */
  release(): ReleaseFacts | null {
    const canary = this.#canaries.get(`${NAMESPACE}/${FRONTEND}`)
    return canary === undefined ? null : latestOf(releasesOf(canary, this.#releases.objects()))
  }

  /** The frontend's version that serves everybody, and the share of traffic it has. */
  primary(): { readonly version: string; readonly share: number } {
    return { version: tagOf(this.#deployment('frontend-primary')), share: this.#share(WORKLOADS[0]) ?? 0 }
  }

  /** One row for each version; requests are those since `since`. */
  rows(since: Millis): VersionRow[] {
    const { clock, history } = this.#options
    return WORKLOADS.map((workload) => {
      const key = `${NAMESPACE}/${workload.name}`
      const lately = history.over(key, WINDOW)
      return {
        name: workload.name,
        version: tagOf(this.#deployment(workload.name)),
        weight: this.#share(workload),
        requests: history.over(key, clock.now() - since).total,
        success: lately.total === 0 ? undefined : (100 * (lately.total - lately.failures)) / lately.total,
        p99: quantile(0.99, lately.buckets)
      }
    })
  }

  /** Resolves as soon as `is` holds: true, or false when it did not within `limit`. Rejects with the signal's reason. */
  until(is: () => boolean, limit: Millis, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        cancel()
        this.#waiting.delete(look)
        signal.removeEventListener('abort', stop)
        settle()
      }
      const look = (): void => {
        if (is()) end(() => resolve(true))
      }
      const stop = (): void => end(() => reject(signal.reason))
      const cancel = this.#options.clock.after(limit, () => end(() => resolve(false)))
      if (signal.aborted) return stop()
      signal.addEventListener('abort', stop)
      this.#waiting.add(look)
      look()
    })
  }

  #deployment(name: string): KubeObject | undefined {
    return this.#deployments.get(`${NAMESPACE}/${name}`)
  }

  #share({ route, host, subset }: (typeof WORKLOADS)[number]): number | undefined {
    return shareOf(this.#virtualServices.get(`${NAMESPACE}/${route}`), host, subset)
  }

  #hear(event: KubeObject): void {
    const message = event['message']
    if (dig(event, 'involvedObject', 'kind') !== 'Canary' || typeof message !== 'string') return
    this.#options.onEvent(message, event['type'] === 'Warning' ? 'Warning' : 'Normal')
  }
}
