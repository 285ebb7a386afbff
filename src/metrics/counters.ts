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
  readonly #taken = new Map<string, number>()

  /** The counter of this name; asking again gives the same one. */
  of(name: string): Counter {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const fresh = { name, value: 0 }
    this.#byName.set(name, fresh)
    return fresh
  }

  /** Those whose value is another than when it was taken last, or that are new. */
  takeChanged(): Record<string, number> {
    const changed: Record<string, number> = {}
    for (const { name, value } of this.#byName.values()) {
      if (this.#taken.get(name) === value) continue
      this.#taken.set(name, value)
      changed[name] = value
    }
    return changed
  }

  /** Name and value of each, zeros included. */
  snapshot(): Record<string, number> {
    return Object.fromEntries([...this.#byName.values()].map(({ name, value }) => [name, value]))
  }
}
