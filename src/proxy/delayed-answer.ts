// An answer of the proxy itself that waits first: an injected delay before an injected abort. The body of the request is read and dropped.

import type { Socket } from 'node:net'
import type { Millis } from '../std/clock.ts'
import type { Context } from './context.ts'
import type { Handling } from './downstream.ts'

/** Owns the wait. `answer` is called once, unless the client goes first or the request does not come in time. */
export class DelayedAnswer implements Handling {
  ended = false
  readonly answering = false
  readonly full = false
  readonly lastByte = 0
  readonly #cancel: () => void
  readonly #onOverdue: () => void

  constructor(context: Context, delay: Millis, then: { readonly answer: () => void; readonly onOverdue: () => void }) {
    this.#onOverdue = then.onOverdue
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
    this.ended = true
    this.#cancel()
  }

  sweep(_now: Millis): void {}

  overdue(): void {
    this.abort()
    this.#onOverdue()
  }
}
