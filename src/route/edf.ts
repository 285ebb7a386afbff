// Earliest deadline first (envoy.md 4.2): weighted turns in proportion to the weights, spread as evenly as they can be. A binary heap, so
// that a turn among thousands of endpoints costs a few comparisons.

interface Entry<T> {
  readonly value: T
  deadline: number
  /** Of entries due together the one that was put in first goes first. */
  turn: number
}

/** How many turns a schedule may be advanced at its start; Envoy's bound. */
export const PICKS_MAX = 429_496_729

/** The turns of some values. Owns its heap. */
export class EdfSchedule<T> {
  readonly #heap: Entry<T>[] = []
  #turns = 0

  /** `weightOf` is above 0; the schedule starts as if `picks` turns had been taken. */
  constructor(values: readonly T[], weightOf: (value: T) => number, picks = 0) {
    const weights = values.map(weightOf)
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    let left = picks
    for (const [at, value] of values.entries()) {
      const weight = weights[at] ?? 1
      // Whole turns are computed, the few that remain are taken: as many as there are values at most.
      const taken = Math.floor((weight / total) * picks)
      left -= taken
      this.#push({ value, deadline: (taken + 1) / weight, turn: this.#turns })
      this.#turns += 1
    }
    for (; left > 0; left -= 1) this.next(weightOf)
  }

  /** The value whose turn it is; its next turn follows from its weight now. Undefined without values. */
  next(weightOf: (value: T) => number): T | undefined {
    const first = this.#heap[0]
    if (first === undefined) return undefined
    // Its turn is now: nobody is due before it.
    first.deadline += 1 / weightOf(first.value)
    first.turn = this.#turns
    this.#turns += 1
    this.#sink(first)
    return first.value
  }

  #push(entry: Entry<T>): void {
    let at = this.#heap.length
    this.#heap.push(entry)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = this.#heap[above]
      if (parent === undefined || !before(entry, parent)) break
      this.#heap[at] = parent
      at = above
    }
    this.#heap[at] = entry
  }

  /** Moves the entry at the top to its place. */
  #sink(entry: Entry<T>): void {
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const a = this.#heap[left]
      if (a === undefined) break
      const b = this.#heap[left + 1]
      const right = b !== undefined && before(b, a)
      const child = right ? b : a
      if (!before(child, entry)) break
      this.#heap[at] = child
      at = right ? left + 1 : left
    }
    this.#heap[at] = entry
  }
}

function before<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.turn < b.turn)
}
