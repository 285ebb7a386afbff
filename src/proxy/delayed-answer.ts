// An answer of the proxy itself that waits first: an injected delay before an injected abort. The body of the request is read and dropped.

import type { Socket } from 'node:net'
import type { Millis } from '../std/clock.ts'
import type { Context } from './context.ts'
import type { Handling } from './downstream.ts'

/** How the wait ends; one of them is called, once. */
export interface Afterwards {
  readonly answer: () => void
  /** The request did not come in time. */
  readonly onOverdue: () => void
  /** The client went first. */
  readonly onLeft: () => void
}

/** Owns the wait. */
export class DelayedAnswer implements Handling {
  ended = false
  readonly answering = false
  readonly full = false
  readonly lastByte = 0
  readonly #cancel: () => void
  readonly #then: Afterwards

  constructor(context: Context, delay: Millis, then: Afterwards) {
    this.#then = then
    this.#cancel = context.clock.after(delay, () => {
      this.ended = true
      then.answer()
    })
  }

  start(): void {}

  onRequestDone(): void {}

  onRequestBytes(): Socket | undefined {
    return undefined
  }

  endTunnel(): void {}

  abort(): void {
    this.#end(this.#then.onLeft)
  }

  sweep(_now: Millis): void {}

  overdue(): void {
    this.#end(this.#then.onOverdue)
  }

  #end(then: () => void): void {
    if (this.ended) return
    this.ended = true
    this.#cancel()
    then()
  }
}
