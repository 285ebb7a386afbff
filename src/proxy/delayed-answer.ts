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
  readonly #context: Context
  readonly #delay: Millis
  readonly #then: Afterwards
  #cancel: () => void = () => undefined

  constructor(context: Context, delay: Millis, then: Afterwards) {
    this.#context = context
    this.#delay = delay
    this.#then = then
    // From here on: the first bytes of a body may end it before it starts.
    context.load.began()
  }

  start(): void {
    this.#cancel = this.#context.clock.after(this.#delay, () => this.#end(this.#then.answer))
  }

  onRequestDone(): void {}

  onRequestBytes(): Socket | undefined {
    return undefined
  }

  endTunnel(): void {}

  abort(): void {
    this.#end(this.#then.onLeft)
  }

  onMalformed(): 'uncounted' {
    this.#end(() => undefined)
    return 'uncounted'
  }

  sweep(_now: Millis): void {}

  overdue(): void {
    this.#end(this.#then.onOverdue)
  }

  #end(then: () => void): void {
    if (this.ended) return
    this.ended = true
    this.#context.load.ended()
    this.#cancel()
    then()
  }
}
