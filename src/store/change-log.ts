// The last changes, for watches that go on from a version they know (kubernetes.md 3.9). Bounded: older versions are told to list again.

import type { Change } from './store-request.ts'

/** Changes kept for watches to go on from. */
export const CHANGES_KEPT = 20_000

/** The newest changes in order. Owns its ring. */
export class ChangeLog {
  readonly #changes: Change[] = []
  readonly #kept: number
  #floor: number

  /** Watches may go on from `floor` or later. */
  constructor(floor: number, kept: number = CHANGES_KEPT) {
    this.#floor = floor
    this.#kept = kept
  }

  /** The oldest version a watch may go on from. */
  get floor(): number {
    return this.#floor
  }

  /** The newest version recorded. */
  get newest(): number {
    return this.#changes.at(-1)?.resourceVersion ?? this.#floor
  }

  append(changes: readonly Change[]): void {
    for (const change of changes) this.#changes.push(change)
    // dropped half a ring at a time, so that a change costs no move of the whole
    if (this.#changes.length < this.#kept * 1.5) return
    const gone = this.#changes.splice(0, this.#changes.length - this.#kept)
    this.#floor = gone.at(-1)?.resourceVersion ?? this.#floor
  }

  /** Every change after `version`, in order; undefined when some of them are no longer kept. */
  after(version: number): readonly Change[] | undefined {
    if (version < this.#floor) return undefined
    let [low, high] = [0, this.#changes.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#changes[middle]?.resourceVersion ?? 0) <= version) low = middle + 1
      else high = middle
    }
    return this.#changes.slice(low)
  }
}
