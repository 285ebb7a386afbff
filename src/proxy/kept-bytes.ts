// What all connections of a data plane together keep: bodies for another try, heads and requests that came too early, bytes that wait for a
// slow reader, copies that wait. Each of these has its own bound; this is the one of their sum, which many small ones can reach.

import type { LimitName, Limits } from './limits.ts'

/** From this part of the bound on nothing is kept that can be done without, so that fewer requests have to be refused. */
const SHORT = 3 / 4

/** Owns the sum. */
export class KeptBytes {
  readonly #most: number
  readonly #short: number
  readonly #waitingMax: number
  readonly #reach: (limit: LimitName) => void
  #sum = 0

  constructor(limits: Pick<Limits, 'keptBytesMax' | 'pendingBytesMax'>, reach: (limit: LimitName) => void) {
    this.#most = limits.keptBytesMax
    this.#short = Math.floor(limits.keptBytesMax * SHORT)
    this.#waitingMax = limits.pendingBytesMax
    this.#reach = reach
  }

  /** Bytes kept now. */
  get sum(): number {
    return this.#sum
  }

  take(length: number): void {
    this.#sum += length
  }

  /** Gives back what was taken. */
  give(length: number): void {
    this.#sum -= length
  }

  /** What can be done without is not to be kept. */
  get isShort(): boolean {
    return this.#sum >= this.#short
  }

  /** Whether so many more bytes may turn out to be kept. */
  fits(length: number): boolean {
    return this.#sum + length < this.#short
  }

  /** How many bytes may wait for one slow reader: no more than one read leaves, when there is little room. */
  get waitingMax(): number {
    return this.isShort ? 0 : this.#waitingMax
  }

  /** Whether there is room for what can be done without; one that there is not is counted. */
  spares(): boolean {
    return !this.isShort || this.#refuse()
  }

  /** Whether there is room for anything new; one that there is not is counted. */
  admits(): boolean {
    return this.#sum < this.#most || this.#refuse()
  }

  #refuse(): false {
    this.#reach('keptBytesMax')
    return false
  }
}
