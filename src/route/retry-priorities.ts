// retryRemoteLocalities (istio.md 1.15): after every second try a request prefers the priorities it has not tried yet, which is where the
// endpoints of other localities are. When all were tried it begins anew.

import { loadWithout } from './priority-load.ts'

/** Tries between two looks at what was tried. */
const LOOK_EVERY = 2

/** Owns the priorities that one request has tried. */
export class TriedPriorities {
  readonly #excluded = new Set<number>()
  #tried: number[] = []
  // The load as of the last look, and the number of tries then.
  #load: readonly number[] | undefined
  #looked = 0

  /** A try was made at an endpoint of this priority. */
  add(priority: number): void {
    this.#tried.push(priority)
  }

  /** Percents by priority for the next try: `load` as it is before the first look; `health` is that of each priority, in percent. */
  loadFrom(load: readonly number[], health: readonly number[]): readonly number[] {
    if (this.#tried.length < LOOK_EVERY) return load
    if (this.#tried.length % LOOK_EVERY === 0 && this.#looked !== this.#tried.length) this.#look(health)
    return this.#load ?? load
  }

  #look(health: readonly number[]): void {
    this.#looked = this.#tried.length
    for (const priority of this.#tried) this.#excluded.add(priority)
    this.#load = loadWithout(health, this.#excluded)
    if (this.#load !== undefined) return
    this.#excluded.clear()
    this.#tried = []
    this.#looked = 0
    this.#load = loadWithout(health, this.#excluded)
  }
}
