// The other end of a connection in memory: what the engine wrote waits here to be taken, what was sent to it waits here to be read.

import type { FarEnd } from './far-end.ts'

/** Told when a write is done, or why it never will be. */
export type Written = (error?: Error | null) => void

/** Does work in a turn of its own. */
export interface Turns {
  soon(work: () => void): void
}

/** An error as the system's calls give it. */
export const systemError = (code: string, syscall: string): Error =>
  Object.assign(new Error(`${syscall} ${code}`), { code, syscall, errno: -1 })

/** Owns the queues of both directions. */
export class MemoryEnd implements FarEnd {
  ended = false
  gone = false
  waiting = 0
  readonly #turns: Turns
  readonly #onNews: () => void
  #window: number
  #takes = 0
  readonly #inbox: Buffer[] = []
  readonly #sent: Buffer[] = []
  #late: { readonly bytes: Buffer; at: number; readonly done: Written } | undefined
  #error: Error | undefined
  #closed = false
  #refuses = false
  #end: 'open' | 'ended' | 'told' = 'open'

  /** `window`: bytes that are taken from the engine before the other side takes them. `onNews`: something may be there for the engine to read. */
  constructor(turns: Turns, window: number, onNews: () => void) {
    this.#turns = turns
    this.#window = window
    this.#onNews = onNews
  }

  send(bytes: Buffer): void {
    if (bytes.length === 0 || this.#end !== 'open' || this.gone) return
    this.#sent.push(bytes)
    this.#onNews()
  }

  end(): void {
    if (this.#end === 'open') this.#end = 'ended'
    this.#onNews()
  }

  reset(): void {
    this.#sent.length = 0
    this.#error = systemError('ECONNRESET', 'read')
    this.#refuses = true
    this.#forget()
    this.#onNews()
  }

  close(): void {
    this.end()
    this.#closed = true
    this.#forget()
  }

  // Nobody reads here any more: what waits to be written is lost, and that shows at the next write.
  #forget(): void {
    this.#inbox.length = 0
    this.waiting = 0
    const late = this.#late
    this.#late = undefined
    if (late !== undefined) this.#turns.soon(() => late.done(this.#refuses ? systemError('EPIPE', 'write') : null))
  }

  take(most: number): Buffer {
    // As the system does for who keeps reading; otherwise long bodies would take as many steps as they have bytes.
    if (++this.#takes % 20 === 0) this.#window *= 4
    const taken: Buffer[] = []
    let left = most
    for (let first = this.#inbox[0]; first !== undefined && left > 0; first = this.#inbox[0]) {
      const part = first.subarray(0, left)
      taken.push(part)
      left -= part.length
      this.waiting -= part.length
      if (part.length === first.length) this.#inbox.shift()
      else this.#inbox[0] = first.subarray(part.length)
    }
    this.#takeLate()
    return Buffer.concat(taken)
  }

  // There is room: now, and not before, bytes that had to wait are looked at.
  #takeLate(): void {
    const late = this.#late
    if (late === undefined) return
    late.at += this.#copy(late.bytes, late.at)
    if (late.at < late.bytes.length) return
    this.#late = undefined
    this.#turns.soon(() => late.done())
  }

  #copy(bytes: Buffer, from: number): number {
    const part = Buffer.from(bytes.subarray(from, from + Math.max(0, this.#window - this.waiting)))
    if (part.length > 0) this.#inbox.push(part)
    this.waiting += part.length
    return part.length
  }

  /** From the engine. */
  receive(bytes: Buffer, done: Written): void {
    if (this.#refuses) return done(systemError('EPIPE', 'write'))
    if (this.#closed) {
      this.#refuses = true
      return done()
    }
    const at = this.#copy(bytes, 0)
    if (at === bytes.length) return done()
    this.#late = { bytes, at, done }
  }

  /** The engine's socket is destroyed. */
  drop(error: Error | null): void {
    const late = this.#late
    this.#late = undefined
    if (late !== undefined) this.#turns.soon(() => late.done(error ?? systemError('ECANCELED', 'write')))
    this.ended = true
    this.gone = true
    this.#sent.length = 0
  }

  get hasNews(): boolean {
    return this.#error !== undefined || this.#sent.length > 0 || this.#end === 'ended'
  }

  takeError(): Error | undefined {
    const error = this.#error
    this.#error = undefined
    return error
  }

  takeSent(most: number): Buffer | undefined {
    const first = this.#sent[0]
    if (first === undefined) return undefined
    if (first.length <= most) this.#sent.shift()
    else this.#sent[0] = first.subarray(most)
    return first.subarray(0, most)
  }

  takeEnd(): boolean {
    if (this.#end !== 'ended') return false
    this.#end = 'told'
    return true
  }
}
