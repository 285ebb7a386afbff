// Deadlines without a timer for each: one sweep looks at everything that has any (proxy.md 9.6). Owns the list of what it looks at.

import type { Clock, Millis } from '../std/clock.ts'

/** Something with deadlines of its own. */
export interface Swept {
  /** Where it is in the sweep's list, -1 when it is not; the sweep's to write. */
  place: number
  /** Ends what is overdue at `now`. May add and remove. */
  sweep(now: Millis): void
}

/** Looks at every member once a period. `now` is the time of the last look: good enough for deadlines of seconds. */
export class Sweep {
  now: Millis
  readonly #clock: Clock
  readonly #period: Millis
  readonly #members: Swept[] = []
  readonly #read: () => Millis
  #cancel: (() => void) | undefined

  constructor(clock: Clock, period: Millis, read: () => Millis) {
    this.#clock = clock
    this.#period = period
    this.#read = read
    this.now = read()
  }

  add(member: Swept): void {
    member.place = this.#members.length
    this.#members.push(member)
    if (this.#cancel === undefined) this.#arm()
  }

  remove(member: Swept): void {
    const { place } = member
    if (place < 0) return
    member.place = -1
    const last = this.#members.pop()
    if (last === undefined || last === member) return
    last.place = place
    this.#members[place] = last
  }

  get size(): number {
    return this.#members.length
  }

  #arm(): void {
    this.now = this.#read()
    this.#cancel = this.#clock.after(this.#period, () => this.#look())
  }

  // From the last to the first: a member that leaves is replaced by one that was already looked at.
  #look(): void {
    this.#cancel = undefined
    this.now = this.#read()
    for (let at = this.#members.length - 1; at >= 0; at--) this.#members[at]?.sweep(this.now)
    if (this.#members.length > 0 && this.#cancel === undefined) this.#arm()
  }
}
