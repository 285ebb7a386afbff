// Where the body of one message ends: by its length, by its chunks, or with the connection. Both sides of the proxy use it; it keeps
// nothing of the body.

import { ChunkScanner } from './chunks.ts'
import { LIMITS } from './limits.ts'
import type { FrameLimits, LimitName } from './limits.ts'

/** The framing of one body after the other. Owns its place in the one at hand. */
export class BodyFrame {
  /** After `take`: the offset behind the last byte that belongs to the message. */
  after = 0
  /** After `take`: the end of what may be passed on. */
  kept = 0
  /** Bytes of the body so far, without framing. */
  payload = 0
  /** The body was taken to its end. */
  done = true
  /** Only the end of the connection ends the body. */
  untilClose = false
  #left = 0
  // Made by the first chunked message: most connections never see one.
  #chunks: ChunkScanner | undefined
  #chunked = false
  readonly #bounds: FrameLimits

  constructor(bounds: FrameLimits = LIMITS) {
    this.#bounds = bounds
  }

  /**
   * Begins a body: of `length` bytes, or (-1) up to the end of the connection, when `plain`; otherwise in chunks, whose framing is passed
   * on (`chunked`) or taken off (`bare`).
   */
  begin(length: number, coding: 'plain' | 'chunked' | 'bare'): void {
    this.#chunked = coding !== 'plain'
    this.#left = length
    this.payload = 0
    this.untilClose = !this.#chunked && length < 0
    this.done = !this.#chunked && length === 0
    if (this.#chunked) (this.#chunks ??= new ChunkScanner(this.#bounds)).reset(coding === 'bare' ? 'bare' : 'framed')
  }

  /** The bound for which `take` was refused, if it was one. */
  get limit(): LimitName | undefined {
    return this.#chunks?.limit
  }

  /** Takes the body's part of bytes [start, end), packing what is passed on. False when the framing is wrong. */
  take(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#chunked) return this.#takeChunks(bytes, start, end)
    const length = this.untilClose ? end - start : Math.min(this.#left, end - start)
    this.after = start + length
    this.kept = this.after
    this.payload += length
    if (this.untilClose) return true
    this.#left -= length
    this.done = this.#left === 0
    return true
  }

  #takeChunks(bytes: Uint8Array, start: number, end: number): boolean {
    const chunks = this.#chunks
    if (chunks === undefined) return false
    this.after = chunks.scan(bytes, start, end)
    this.kept = chunks.kept
    this.payload = chunks.payload
    this.done = chunks.done
    return this.after >= 0
  }
}
