// Reads the chunked framing of one message across any split into reads, and packs what may be passed on: extensions and trailers are
// dropped (the bytes behind them move up), and all framing is dropped for a reader that cannot take it. Strict as proxy.md 8 says.

import { FORWARDED_FOR, FORWARDED_PROTO, HEAD, OTHER, REQUEST_ID, fieldKind, head } from './head.ts'
import { LIMITS } from './limits.ts'
import type { FrameLimits, LimitName } from './limits.ts'
import { scanFields } from './scanner.ts'
import { HEX, TOKEN, VALUE } from './octets.ts'

const SIZE_START = 0
const SIZE = 1
const EXTENSION_START = 2
const EXTENSION = 3
const WORD_START = 4
const WORD = 5
const QUOTED = 6
const QUOTED_PAIR = 7
const QUOTED_END = 8
const SIZE_LF = 9
const DATA = 10
const DATA_CR = 11
const DATA_LF = 12
const LINE_START = 13
const TRAILER = 14
const TRAILER_LF = 15
const LAST_LF = 16
const DONE = 17

// What becomes of one octet of framing.
const KEEP = 0
const DROPPED = 1
const WRONG = 2

/** The framing of one chunked message. Owns its place in it; `reset` starts the next message. */
export class ChunkScanner {
  /** After `scan`: the end of what may be passed on, from the start that was given. */
  kept = 0
  /** Bytes of data so far. */
  payload = 0
  /** The bound for which the framing was refused. */
  limit: LimitName | undefined
  #phase = SIZE_START
  #last = false
  #remaining = 0
  #digits = 0
  #extensionBytes = 0
  readonly #trailer: number[] = []
  #bare = false
  readonly #bounds: FrameLimits

  constructor(bounds: FrameLimits = LIMITS) {
    this.#bounds = bounds
  }

  /** Begins the next message; `bare` drops the framing and leaves the body alone. */
  reset(form: 'framed' | 'bare'): void {
    this.#bare = form === 'bare'
    this.#phase = SIZE_START
    this.#last = false
    this.#remaining = 0
    this.#digits = 0
    this.#extensionBytes = 0
    this.#trailer.length = 0
    this.payload = 0
    this.limit = undefined
  }

  get done(): boolean {
    return this.#phase === DONE
  }

  /**
   * Reads bytes [start, end), packing what is passed on from `start` to `kept`. Returns the offset after the last byte that belongs to the
   * message, or -1 when the framing is wrong.
   */
  scan(bytes: Uint8Array, start: number, end: number): number {
    let at = start
    let out = start
    while (at < end && this.#phase !== DONE) {
      if (this.#phase === DATA) {
        const length = Math.min(this.#remaining, end - at)
        if (out !== at) bytes.copyWithin(out, at, at + length)
        out += length
        at += length
        this.#remaining -= length
        this.payload += length
        if (this.#remaining === 0) this.#phase = DATA_CR
        continue
      }
      const octet = bytes[at] as number
      const fate = this.#framing(octet)
      if (fate === WRONG) return -1
      if (fate === KEEP && !this.#bare) bytes[out++] = octet
      at++
    }
    this.kept = out
    return at
  }

  #framing(octet: number): number {
    switch (this.#phase) {
      case SIZE_START:
      case SIZE:
        return this.#size(octet)
      case EXTENSION_START:
      case EXTENSION:
      case WORD_START:
      case WORD:
      case QUOTED:
      case QUOTED_PAIR:
      case QUOTED_END:
        return this.#extension(octet)
      case SIZE_LF:
        return octet === 10 ? this.#afterSize() : WRONG
      case DATA_CR:
        return octet === 13 ? this.#go(DATA_LF) : WRONG
      case DATA_LF:
        return octet === 10 ? this.#go(SIZE_START) : WRONG
      default:
        return this.#trailers(octet)
    }
  }

  #over(limit: LimitName): number {
    this.limit = limit
    return WRONG
  }

  #go(phase: number): number {
    this.#phase = phase
    return KEEP
  }

  #size(octet: number): number {
    const value = HEX[octet] as number
    if (value < 16) {
      if (this.#phase === SIZE_START) this.#digits = 0
      // 12 digits stay below 2^53.
      if (++this.#digits > 12) return WRONG
      this.#remaining = this.#remaining * 16 + value
      return this.#go(SIZE)
    }
    if (this.#phase === SIZE_START) return WRONG
    if (octet === 13) return this.#go(SIZE_LF)
    if (octet !== 0x3b) return WRONG
    this.#phase = EXTENSION_START
    return DROPPED
  }

  #afterSize(): number {
    this.#last = this.#remaining === 0
    return this.#go(this.#last ? LINE_START : DATA)
  }

  // `;name`, `;name=word` or `;name="text"` (RFC 9112 7.1.1), without blanks.
  #extension(octet: number): number {
    if (++this.#extensionBytes > this.#bounds.chunkExtensionBytesMax) return this.#over('chunkExtensionBytesMax')
    switch (this.#phase) {
      case EXTENSION_START:
        return this.#drop(EXTENSION, TOKEN[octet] === 1)
      case EXTENSION:
        return octet === 0x3d ? this.#drop(WORD_START, true) : this.#extensionEnd(octet, TOKEN[octet] === 1)
      case WORD_START:
        return octet === 0x22 ? this.#drop(QUOTED, true) : this.#drop(WORD, TOKEN[octet] === 1)
      case WORD:
        return this.#extensionEnd(octet, TOKEN[octet] === 1)
      case QUOTED:
        if (octet === 0x22) return this.#drop(QUOTED_END, true)
        return this.#drop(octet === 0x5c ? QUOTED_PAIR : QUOTED, VALUE[octet] === 1)
      case QUOTED_PAIR:
        return this.#drop(QUOTED, VALUE[octet] === 1)
      default:
        return this.#extensionEnd(octet, false)
    }
  }

  #drop(phase: number, allowed: boolean): number {
    this.#phase = phase
    return allowed ? DROPPED : WRONG
  }

  // Where an extension may end; `more`: the octet belongs to it still.
  #extensionEnd(octet: number, more: boolean): number {
    if (octet === 13) return this.#go(SIZE_LF)
    return octet === 0x3b ? this.#drop(EXTENSION_START, true) : this.#drop(this.#phase, more)
  }

  #trailers(octet: number): number {
    switch (this.#phase) {
      case LINE_START:
        if (octet === 13) return this.#go(LAST_LF)
        this.#phase = TRAILER
        return this.#trailerOctet(octet, TOKEN)
      case TRAILER:
        if (octet === 13) this.#phase = TRAILER_LF
        return this.#trailerOctet(octet, octet === 13 ? undefined : VALUE)
      case TRAILER_LF:
        this.#phase = LINE_START
        return octet === 10 ? this.#trailerOctet(octet, undefined) : WRONG
      default:
        if (octet !== 10 || !this.#trailerIsFine()) return WRONG
        return this.#go(DONE)
    }
  }

  #trailerOctet(octet: number, allowed: Uint8Array | undefined): number {
    if (this.#trailer.length >= this.#bounds.trailerBytesMax) return this.#over('trailerBytesMax')
    if (allowed !== undefined && allowed[octet] !== 1) return WRONG
    this.#trailer.push(octet)
    return DROPPED
  }

  // A trailer may not carry framing, routing or forwarding fields (RFC 9110 6.5.1), even though it is dropped here.
  #trailerIsFine(): boolean {
    if (this.#trailer.length === 0) return true
    const bytes = Uint8Array.from([...this.#trailer, 13, 10])
    head.fields = 0
    head.host = -1
    head.contentLength = -1
    head.chunked = false
    head.nominations = 0
    if (scanFields(bytes, 0, bytes.length) !== HEAD) return false
    for (let index = 0; index < head.fields; index++) if (!ALLOWED.has(fieldKind[index] as number)) return false
    return true
  }
}

const ALLOWED: ReadonlySet<number> = new Set([OTHER, REQUEST_ID, FORWARDED_FOR, FORWARDED_PROTO])
