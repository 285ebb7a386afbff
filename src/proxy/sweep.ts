// Deadlines without a timer for each: one sweep looks at everything that has any (proxy.md 9.6). What is busy is looked at every period; what
// said that nothing can happen to it before an instant rests until then in a wheel, so that idle connections cost next to nothing.

import type { Clock, Millis } from '../std/clock.ts'

/** Something with deadlines of its own. */
export interface Swept {
  /** Where it is in the list that holds it, -1 when the sweep does not have it; the sweep's to write. */
  place: number
  /** The slot of the wheel it rests in, BUSY otherwise; the sweep's to write. */
  slot: number
  /**
   * Ends what is overdue at `now`; may add and remove. Returns until when nothing can be overdue unless it is woken: it may rest so long.
   * `now` or less keeps it awake.
   */
  sweep(now: Millis): Millis
}

/** The slot of what is looked at every period. */
export const BUSY = -1
/** A longer rest is taken in parts: the wheel turns once in this many periods. */
const SLOTS = 1024
/** Who could rest for fewer periods stays awake: moving it costs more than looking. */
const REST_MIN = 2

/** Looks at every member once a period, unless it rests. `now` is the time of the last look: good enough for deadlines of seconds. */
export class Sweep {
  now: Millis
  readonly #clock: Clock
  readonly #period: Millis
  readonly #busy: Swept[] = []
  // A slot holds what is due within one period, or that many turns of the wheel later.
  readonly #wheel: (Swept[] | undefined)[] = Array.from({ length: SLOTS })
  readonly #read: () => Millis
  // The period that was looked at last.
  #turn: number
  #resting = 0
  #cancel: (() => void) | undefined

  constructor(clock: Clock, period: Millis, read: () => Millis) {
    this.#clock = clock
    this.#period = period
    this.#read = read
    this.now = read()
    this.#turn = this.#turnOf(this.now)
  }

  add(member: Swept): void {
    this.#put(member, BUSY)
    if (this.#cancel === undefined) this.#arm()
  }

  remove(member: Swept): void {
    if (member.place < 0) return
    this.#take(member)
    member.place = -1
  }

  /** A member that rests may be due earlier than it said: it is looked at every period again. */
  wake(member: Swept): void {
    if (member.slot === BUSY || member.place < 0) return
    this.#take(member)
    this.#put(member, BUSY)
  }

  get size(): number {
    return this.#busy.length + this.#resting
  }

  /** Members that are not looked at every period. */
  get resting(): number {
    return this.#resting
  }

  #listOf(slot: number): Swept[] {
    return slot === BUSY ? this.#busy : (this.#wheel[slot] ??= [])
  }

  #put(member: Swept, slot: number): void {
    const list = this.#listOf(slot)
    member.slot = slot
    member.place = list.length
    list.push(member)
    if (slot !== BUSY) this.#resting++
  }

  // Its place is taken by the last of the list.
  #take(member: Swept): void {
    const { place, slot } = member
    const list = this.#listOf(slot)
    if (slot !== BUSY) this.#resting--
    member.slot = BUSY
    const last = list.pop()
    if (last === undefined || last === member) return
    last.place = place
    list[place] = last
  }

  #turnOf(instant: Millis): number {
    return Math.floor(instant / this.#period)
  }

  #arm(): void {
    this.now = this.#read()
    this.#cancel = this.#clock.after(this.#period, () => this.#look())
  }

  #look(): void {
    this.#cancel = undefined
    this.now = this.#read()
    this.#lookAt(this.#busy)
    const turn = this.#turnOf(this.now)
    // The last one is not over yet when it is looked at, hence once more.
    for (let at = Math.max(this.#turn, turn - SLOTS + 1); at <= turn; at++) {
      const list = this.#wheel[at % SLOTS]
      if (list !== undefined) this.#lookAt(list)
    }
    this.#turn = turn
    if (this.size > 0 && this.#cancel === undefined) this.#arm()
  }

  // From the last to the first: a member that leaves is replaced by one that was already looked at.
  #lookAt(list: readonly Swept[]): void {
    for (let at = list.length - 1; at >= 0; at--) {
      const member = list[at]
      if (member === undefined) continue
      const due = member.sweep(this.now)
      if (member.place >= 0) this.#move(member, due)
    }
  }

  #move(member: Swept, due: Millis): void {
    const rests = due - this.now >= REST_MIN * this.#period
    const slot = rests ? this.#turnOf(Math.min(due, this.now + (SLOTS - 1) * this.#period)) % SLOTS : BUSY
    if (slot === member.slot) return
    this.#take(member)
    this.#put(member, slot)
  }
}
