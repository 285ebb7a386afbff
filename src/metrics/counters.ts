// Counters that are known by their whole name, for what belongs to no cluster: listeners, and filters with a prefix of their own
// (`http_local_rate_limiter.http_local_rate_limit.ok`). Ask for a counter once and keep it: counting is then one add.

/** One counter or gauge. */
export interface Counter {
  readonly name: string
  value: number
}

/** All named counters of one worker; each is there from when it is first asked for. */
export class Counters {
  readonly #byName = new Map<string, Counter>()

  /** The counter of this name; asking again gives the same one. */
  of(name: string): Counter {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const fresh = { name, value: 0 }
    this.#byName.set(name, fresh)
    return fresh
  }

  /** Name and value of each, zeros included. */
  snapshot(): Record<string, number> {
    return Object.fromEntries([...this.#byName.values()].map(({ name, value }) => [name, value]))
  }
}
