// A run in memory: every order of things is the seed's, and the same play gives the same run.

import type { Sockets } from '../../src/proxy/transport.ts'
import type { FarEnd } from './far-end.ts'
import type { Dialing, Ground } from './ground.ts'
import { MemorySockets } from './memory-sockets.ts'

/** Owns the sockets in memory, and what was decided about dials. */
export class MemoryGround implements Ground {
  readonly listen = { address: '10.0.0.1', port: 80 }
  readonly #sockets: MemorySockets
  #dialing: Dialing | undefined
  #dialed = 0

  constructor(onThrown: (error: unknown) => void) {
    this.#sockets = new MemorySockets(onThrown)
  }

  get sockets(): Sockets {
    return this.#sockets
  }

  get open(): number {
    return this.#sockets.open.size
  }

  get waitingMost(): number {
    return this.#sockets.waitingMost
  }

  get made(): readonly WeakRef<object>[] {
    return this.#sockets.made
  }

  begin(dialing: Dialing): Promise<void> {
    this.#dialing = dialing
    return Promise.resolve()
  }

  reach(port: number, number: number, window: number): FarEnd | undefined {
    return this.#sockets.reach(port, { address: `10.9.0.${number}`, port: 30_000 + number }, window)
  }

  dial(): void {
    for (let dial = this.#sockets.dials[this.#dialed]; dial !== undefined; dial = this.#sockets.dials[this.#dialed]) {
      this.#dialed++
      const { how, window } = this.#dialing?.next() ?? { how: 'accept', window: 100_000 }
      if (dial.given) continue
      if (how === 'refuse') dial.refuse('ECONNREFUSED')
      else if (how === 'accept') this.#dialing?.accepted(dial.accept(window), dial.port)
    }
  }

  guarded(work: () => void): void {
    this.#sockets.guarded(work)
  }

  quiet(): Promise<void> {
    return this.#sockets.quiet()
  }

  end(): Promise<void> {
    // They hold the sockets that came of them.
    this.#sockets.dials.length = 0
    this.#dialing = undefined
    return Promise.resolve()
  }
}
