// Numbers that tests wait for: the moment at which something was counted so often is an event, however slow the machine is.

interface Waiting {
  readonly name: string
  readonly least: number
  readonly wake: () => void
}

/** Counts by name; a name that was never counted is 0. Owns its counts. */
export class Tally {
  readonly #counts = new Map<string, number>()
  readonly #waiting = new Set<Waiting>()

  /** `by` may be negative. */
  add(name: string, by = 1): void {
    this.#counts.set(name, this.of(name) + by)
    for (const waiting of this.#waiting) {
      if (this.of(waiting.name) < waiting.least) continue
      this.#waiting.delete(waiting)
      waiting.wake()
    }
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  /** Resolves as soon as `name` was counted at least so often. */
  reached(name: string, least: number): Promise<void> {
    if (this.of(name) >= least) return Promise.resolve()
    return new Promise((wake) => this.#waiting.add({ name, least, wake }))
  }

  /** All counts, by name. */
  all(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }
}
