// The lines of an access log as bytes in chunks of memory that are used again: a line leaves no object behind that would have to be collected,
// and a chunk goes to the control process in one write. Text is latin1: a character is a byte.

import { FRAME_HEAD } from './log-frames.ts'

/** Lines that leave together: `bytes` up to `length`. */
export interface LogChunk {
  readonly bytes: Buffer
  readonly length: number
}

/** Some 150 lines of Istio's format: a write for every so many costs each next to nothing. */
const CHUNK_SIZE = 64 * 1024
/** Chunks kept for later. More are in use only while lines wait for the control process. */
const FREE_MAX = 4
/** From so many characters on, the call that writes them all costs less than a loop. */
const CALL_FROM = 24

/** Owns the chunks: the one that is written, and those that wait. */
export class LogBytes {
  /** The chunk that is written, up to `at`. */
  bytes: Buffer = Buffer.allocUnsafeSlow(CHUNK_SIZE)
  at = 0
  /** Which chunk it is, counted from the first. */
  turn = 0
  readonly #full: LogChunk[] = []
  readonly #free: Buffer[] = []
  #fullBytes = 0
  #start = 0

  /** Bytes that wait. */
  get waiting(): number {
    return this.#fullBytes + this.at
  }

  /** A chunk is as full as it gets. */
  get isFull(): boolean {
    return this.#full.length > 0
  }

  /** Begins a line. */
  begin(pod: string): void {
    this.#start = this.at
    this.#room(FRAME_HEAD)
    this.at += FRAME_HEAD
    this.text(pod)
    const { bytes } = this
    const length = this.at - this.#start - FRAME_HEAD
    bytes[this.#start + 4] = length
    bytes[this.#start + 5] = length >> 8
  }

  /** The line is whole. */
  end(): void {
    const { bytes } = this
    const start = this.#start
    const length = this.at - start - FRAME_HEAD
    bytes[start] = length
    bytes[start + 1] = length >> 8
    bytes[start + 2] = length >> 16
    bytes[start + 3] = length >> 24
  }

  /** More of the line, latin1. */
  text(value: string): void {
    const { length } = value
    this.#room(length)
    const { bytes } = this
    let { at } = this
    if (length >= CALL_FROM) bytes.write(value, at, 'latin1')
    else for (let index = 0; index < length; index++) bytes[at + index] = value.charCodeAt(index)
    at += length
    this.at = at
  }

  /** More of the line: a number as JavaScript prints it. */
  number(value: number): void {
    if (!(value >= 0 && value < 1e9 && Number.isInteger(value))) return this.text(String(value))
    this.#room(9)
    const { bytes } = this
    let { at } = this
    let unit = 1
    while (unit * 10 <= value) unit *= 10
    for (let left = value; unit >= 1; unit = Math.floor(unit / 10)) {
      const digit = Math.floor(left / unit)
      bytes[at++] = 0x30 + digit
      left -= digit * unit
    }
    this.at = at
  }

  /** So many bytes find room in this chunk. */
  fits(length: number): boolean {
    return this.at + length <= this.bytes.length
  }

  /** More of the line: `length` bytes that stand from `from` on in this chunk, in which they fit. */
  again(from: number, length: number): void {
    this.bytes.copyWithin(this.at, from, from + length)
    this.at += length
  }

  /** The oldest lines, which are not this log's any more; undefined: there are none. */
  take(): LogChunk | undefined {
    const chunk = this.#full.shift()
    if (chunk !== undefined) {
      this.#fullBytes -= chunk.length
      return chunk
    }
    if (this.at === 0) return undefined
    const { bytes, at: length } = this
    this.#begin(CHUNK_SIZE)
    return { bytes, length }
  }

  /** Takes the memory of a chunk that nobody reads any more. */
  free({ bytes }: LogChunk): void {
    if (bytes.length === CHUNK_SIZE && this.#free.length < FREE_MAX) this.#free.push(bytes)
  }

  // Where a line does not fit, it goes on in a chunk of its own with what is there of it.
  #room(length: number): void {
    if (this.fits(length)) return
    const { bytes, at } = this
    const start = this.#start
    const before = at - start
    if (start > 0) {
      this.#full.push({ bytes, length: start })
      this.#fullBytes += start
    }
    this.#begin(Math.max(CHUNK_SIZE, 2 * (before + length)))
    bytes.copy(this.bytes, 0, start, at)
    this.#start = 0
    this.at = before
  }

  #begin(size: number): void {
    this.bytes = (size === CHUNK_SIZE ? this.#free.pop() : undefined) ?? Buffer.allocUnsafeSlow(size)
    this.at = 0
    this.turn++
  }
}
