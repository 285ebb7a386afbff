// Where sockets read to. A buffer with an unfinished write is replaced before the next read and goes back to the free list when the write
// is done, never earlier (proxy.md 9.2). Upstream buffers have room before and behind the bytes read, so that a head is edited in place.

import type { Socket } from 'node:net'
import type { KeptBytes } from './kept-bytes.ts'
import { LIMITS } from './limits.ts'

/** Room before the bytes read: a response head may grow by this much without a copy. */
export const HEAD_ROOM = 4096
/** Most bytes of one read. */
export const READ_SIZE = 65_536
/**
 * Most bytes of one read of a long answer whose client keeps up: a megabyte then takes a tenth less of the processor (bench/README.md). The
 * memory of a buffer that was never read to so far is not there.
 */
export const LONG_READ_SIZE = 262_144
/** Room behind the bytes read, for the end of a chunk. */
const TAIL_ROOM = 8
/** Answers up to this long leave their connection without a buffer of its own. */
export const SHORT_MAX = 4096
/** Node writes texts up to this long from its stack: only the text itself is made for them. */
const TEXT_MAX = 16_384
/** Of a buffer, beside what is read. */
const ROOM = HEAD_ROOM + TAIL_ROOM
const NOTHING = Buffer.alloc(0)

const allocate = (): Buffer => Buffer.allocUnsafeSlow(ROOM + LONG_READ_SIZE)

/** A free list of buffers of ROOM + LONG_READ_SIZE bytes, last in first out. */
export class BufferPool {
  /** One more, to which all sockets read that have none of their own. What is read there is gone when another socket is read. */
  readonly shared = allocate()
  /** Where lent buffers count. */
  readonly kept: KeptBytes
  readonly #free: Buffer[] = []
  readonly #freeMax: number
  readonly #onFull: () => void

  /** At most so many are kept; `onFull` is told of one that is not. */
  constructor(kept: KeptBytes, freeMax = LIMITS.freeBuffersMax, onFull: () => void = () => undefined) {
    this.kept = kept
    this.#freeMax = freeMax
    this.#onFull = onFull
  }

  take(): Buffer {
    return this.#free.pop() ?? allocate()
  }

  give(buffer: Buffer): void {
    if (this.#free.length < this.#freeMax) this.#free.push(buffer)
    else this.#onFull()
  }
}

/** The part of a buffer that a socket reads to. */
export function readable(buffer: Buffer, size = READ_SIZE): Buffer {
  return buffer.subarray(HEAD_ROOM, HEAD_ROOM + size)
}

/**
 * The buffers of one reading socket: the one it reads to now and those still being written elsewhere. Owns all of them but the shared one,
 * which short messages do with: hundreds of connections then leave the caches of the processor to others, and idle ones keep nothing.
 */
export class ReadBuffers {
  current: Buffer
  // What is wanted from the next read on: a buffer of its own, and how much of it.
  #private: boolean
  #size = READ_SIZE
  // What the socket has.
  #given = READ_SIZE
  // The message at hand has waited for who takes it.
  #waited = false
  readonly #pool: BufferPool
  readonly #lent: Buffer[] = []
  #replace = false
  #closed = false
  readonly #written: () => void

  /** `written` is called each time a waiting write is done. */
  constructor(pool: BufferPool, written: () => void, first: 'shared' | 'own' = 'own') {
    this.#pool = pool
    this.#private = first === 'own'
    this.current = this.#private ? pool.take() : pool.shared
    this.#written = written
  }

  /** So much was read of a message: the more there is, the more is read at once. */
  heard(length: number): void {
    if (length > SHORT_MAX) this.#private = true
    if (length >= READ_SIZE && !this.#waited && this.#pool.kept.fits(LONG_READ_SIZE)) this.#size = LONG_READ_SIZE
  }

  /** A message of so many bytes is over; the next is taken to be as long. */
  ended(length: number): void {
    this.#waited = false
    if (length <= SHORT_MAX) this.#private = false
    if (length <= READ_SIZE) this.#size = READ_SIZE
  }

  /** Bytes [from, to) in a form that a write may keep: a view, or a copy of what is in the shared buffer. */
  passable(bytes: Buffer, from: number, to: number): Buffer | string {
    if (bytes !== this.#pool.shared) return bytes.subarray(from, to)
    return to - from <= TEXT_MAX ? bytes.toString('latin1', from, to) : Buffer.from(bytes.subarray(from, to))
  }

  /** After a write of so many bytes of what is `passable` of `current` that left some waiting in `socket`. */
  lend(socket: Socket, length: number): void {
    this.#waited = true
    this.#size = READ_SIZE
    const buffer = this.current
    if (buffer === this.#pool.shared) return this.#lendCopy(socket, length)
    // No more of it was read to.
    const size = ROOM + this.#given
    if (!this.#lent.includes(buffer)) this.#pool.kept.take(size)
    this.#lent.push(buffer)
    this.#replace = true
    // An empty write behind the waiting one tells when it is done; only slow readers pay for it. Writes to different sockets are done in any
    // order: each gives back its own buffer.
    socket.write(NOTHING, () => {
      this.#return(buffer, size)
      this.#written()
    })
  }

  // What was in the shared buffer was copied.
  #lendCopy(socket: Socket, length: number): void {
    const { kept } = this.#pool
    kept.take(length)
    socket.write(NOTHING, () => {
      kept.give(length)
      this.#written()
    })
  }

  /** What to read to next; undefined keeps the current buffer. */
  next(): Buffer | undefined {
    if (this.#closed) return undefined
    const isFit = (this.current === this.#pool.shared) !== this.#private
    const size = this.#private ? this.#size : READ_SIZE
    if (isFit && !this.#replace && size === this.#given) return undefined
    if (!isFit || this.#replace) this.#exchange()
    this.#given = size
    return readable(this.current, size)
  }

  /** The socket reads no more. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#giveCurrent()
  }

  #exchange(): void {
    this.#replace = false
    this.#giveCurrent()
    this.current = this.#private ? this.#pool.take() : this.#pool.shared
  }

  // One that is lent comes back by itself.
  #giveCurrent(): void {
    if (this.current !== this.#pool.shared && !this.#lent.includes(this.current)) this.#pool.give(this.current)
  }

  #return(buffer: Buffer, size: number): void {
    this.#lent.splice(this.#lent.indexOf(buffer), 1)
    if (this.#lent.includes(buffer)) return
    this.#pool.kept.give(size)
    if (buffer !== this.current || this.#closed) this.#pool.give(buffer)
  }
}

/** Calls `done` once all that waits to be written on `socket` is written, or the socket is gone. */
export function whenWritten(socket: Socket, done: () => void): void {
  socket.write(NOTHING, done)
}

/** Bytes kept from one read to the next, in a buffer that doubles. */
export class HeldBytes {
  bytes = NOTHING
  length = 0
  #scanAt = 0
  readonly #kept: KeptBytes | undefined

  /** `kept`: where they count. */
  constructor(kept?: KeptBytes) {
    this.#kept = kept
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    const length = this.length + end - start
    if (length > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(512, length, this.bytes.length * 2))
      grown.set(this.bytes.subarray(0, this.length))
      this.#kept?.take(grown.length - this.bytes.length)
      this.bytes = grown
    }
    this.bytes.set(bytes.subarray(start, end), this.length)
    this.length = length
  }

  /** Keeps what was looked at and is not yet a whole head. */
  keepPart(bytes: Uint8Array, start: number, end: number): void {
    this.append(bytes, start, end)
    this.#scanAt = this.length * 2
  }

  /**
   * Adds to a part of a head; whether to look at it again: a line ended or it has doubled. So a sender of single bytes cannot make the
   * looking expensive.
   */
  addToPart(bytes: Uint8Array, start: number, end: number): boolean {
    this.append(bytes, start, end)
    return this.length >= this.#scanAt || bytes.subarray(start, end).includes(10)
  }

  /** What was kept, which is forgotten here. */
  takeAll(): Buffer {
    const all = this.bytes.subarray(0, this.length)
    this.clear()
    return all
  }

  clear(): void {
    this.#kept?.give(this.bytes.length)
    this.bytes = NOTHING
    this.length = 0
  }
}
