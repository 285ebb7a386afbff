// Virtual time beside real sockets: the clock moves only when nothing is on its way any more, and then straight to the next alarm. So a
// case of many seconds takes as long as its bytes need, and what happens at one instant happens at exactly that instant.

import { VirtualClock } from '../../src/std/clock.ts'
import type { Millis } from '../../src/std/clock.ts'
import type { Loopback } from './loopback.ts'

/** Rounds without a byte or an event before time may move: a refused connection shows nowhere but in the plane. */
const QUIET_ROUNDS = 3
/** A loop of bytes that never ends must not hang the test run. */
const ROUNDS_MAX = 500_000

/** Owns the clock of one world. Clients and servers `note` whatever they see. */
export class Tempo {
  readonly clock = new VirtualClock(1_760_000_000_000)
  /** Whether something is known to be on its way, where somebody knows. */
  busy: () => boolean = () => false
  readonly #start = this.clock.now()
  #seen = 0
  #rounds = 0
  readonly #loopback: Loopback

  constructor(loopback: Loopback) {
    this.#loopback = loopback
  }

  /** Something was seen on a socket. */
  readonly note = (): void => {
    this.#seen += 1
  }

  /** Milliseconds since the world began. */
  readonly now = (): Millis => this.clock.now() - this.#start

  /** Runs until `done`, at most until the instant `limit`; false when that came first. Bytes on their way at `limit` still arrive. */
  async until(done: () => boolean, limit: Millis): Promise<boolean> {
    for (;;) {
      if (await this.#settles(done)) return true
      const next = this.clock.next()
      const step = next === undefined ? limit - this.now() : Math.min(limit, next - this.#start) - this.now()
      if (step < 0 || this.now() >= limit) return false
      await this.clock.advance(step)
    }
  }

  /** Runs to the instant and lets everything settle there. */
  async reach(instant: Millis): Promise<void> {
    await this.until(() => false, instant)
  }

  // Whether `done` holds before everything is quiet.
  async #settles(done: () => boolean): Promise<boolean> {
    for (let quiet = 0; quiet < QUIET_ROUNDS; quiet += 1) {
      if (done()) return true
      const before = this.#seen
      await this.#loopback.round()
      this.#rounds += 1
      if (this.#rounds > ROUNDS_MAX) throw new Error('the sockets never come to rest')
      if (this.#seen !== before || this.busy()) quiet = -1
    }
    return done()
  }
}
