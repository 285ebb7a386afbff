// What a client has not taken yet of answers that are complete. A connection that is to end must not end before them, and a client that
// takes nothing more must not keep them for ever.

import type { Socket } from 'node:net'
import type { Millis } from '../std/clock.ts'

/** none: all was handed to the system. moving: the client takes it. stuck: it has taken nothing of it for too long. */
export type UnsentState = 'none' | 'moving' | 'stuck'

/** Looks at one socket from time to time. Owns what it saw. */
export class Unsent {
  readonly #socket: Socket
  #bytes = 0
  #since: Millis = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** How it stands at `now`, when nothing may stay for longer than `bound`. */
  look(now: Millis, bound: Millis): UnsentState {
    const bytes = this.#socket.writableLength
    if (bytes === 0) {
      this.#bytes = 0
      return 'none'
    }
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#since = now
      return 'moving'
    }
    return now - this.#since >= bound ? 'stuck' : 'moving'
  }
}
