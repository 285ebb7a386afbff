// What an exchange has of its request: the body's bytes while another try may need them, and the copies that get the same bytes.

import type { Millis } from '../std/clock.ts'
import type { Context } from './context.ts'
import type { Copies, Copy, CopyStart } from './copies.ts'

const NO_COPIES: readonly Copy[] = []

/** Owns the kept bytes, latin1, framing included. */
export class RequestFeed {
  readonly #context: Context
  // Undefined once they are too many to keep.
  #kept: string | undefined = ''
  #copies: readonly Copy[] = NO_COPIES

  constructor(context: Context) {
    this.#context = context
  }

  /** The request can be sent again. */
  get isWhole(): boolean {
    return this.#kept !== undefined
  }

  /** What is there of the body, to be sent on a connection that just became free. */
  get text(): string {
    return this.#kept ?? ''
  }

  /** More is kept than one try may leave behind. */
  get isLong(): boolean {
    return this.text.length > (this.#context.kept.isShort ? 0 : this.#context.limits.retainBytesMax)
  }

  begin(body: string): void {
    this.#kept = body
    this.#context.kept.take(body.length)
  }

  /** More of the body: its text where it is kept, undefined where it only passes. */
  add(bytes: Buffer, from: number, to: number): string | undefined {
    for (const copy of this.#copies) copy.onRequestBytes(bytes, from, to)
    if (this.#kept === undefined) return undefined
    const text = bytes.toString('latin1', from, to)
    this.#kept += text
    this.#context.kept.take(text.length)
    return text
  }

  /** The try in progress has what is kept: no more is kept than the limit. */
  handedOver(): void {
    if (!this.isLong) return
    this.#context.recorder.reach(this.text.length > this.#context.limits.retainBytesMax ? 'retainBytesMax' : 'keptBytesMax')
    this.forget()
  }

  /** There will be no other try. */
  forget(): void {
    this.#context.kept.give(this.text.length)
    this.#kept = undefined
  }

  /** Begins the copies; `done`: the request is complete. */
  copyTo(clusters: readonly string[], copies: Copies, start: CopyStart, done: boolean): void {
    this.#copies = clusters.flatMap((cluster) => copies.begin(cluster, start, this.text) ?? [])
    if (done) this.done(this.#context.monotonic())
  }

  /** The request is complete. */
  done(now: Millis): void {
    for (const copy of this.#copies) copy.onRequestDone(now)
  }

  /** The rest of the request will not come. */
  abort(): void {
    for (const copy of this.#copies) copy.abort()
  }
}
