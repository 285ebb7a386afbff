// Caches of several kinds of objects, kept equal to the API's. What its owner does with them is not decided here.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { KubeClient } from '../kube/kube-client.ts'
import { type ObjectEvent, Reflector } from '../kube/reflector.ts'
import type { Clock } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'

/** What to follow, for whom. */
export interface FollowingOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly draw: Draw
  readonly log: (line: string) => void
  /** Stands before what is logged. */
  readonly part: string
  readonly resources: readonly ResourceRef[]
  /** Called at every difference, from the first list on. */
  readonly changed: (event: ObjectEvent) => void
}

/** Owns the caches. */
export class Following {
  readonly #reflectors: readonly Reflector[]

  constructor({ client, clock, draw, log, part, resources, changed }: FollowingOptions) {
    this.#reflectors = resources.map(
      (query) =>
        new Reflector({
          client,
          clock,
          draw,
          query,
          onEvent: changed,
          onError: (error) => log(`${part}: ${query.resource}: ${String(error)}`)
        })
    )
  }

  /** Follows the API until the signal ends it; goes on with `listed` once everything has been listed. */
  async run(signal: AbortSignal, listed: () => Promise<void>): Promise<void> {
    const running = this.#reflectors.map((reflector) => reflector.run(signal))
    await Promise.race([Promise.all(this.#reflectors.map((reflector) => reflector.whenSynced())), ...running])
    await listed()
    await Promise.all(running)
  }

  /** Every object, as last seen. */
  objects(): KubeObject[] {
    return this.#reflectors.flatMap((reflector) => reflector.objects())
  }
}
