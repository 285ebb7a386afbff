// One end of a raw connection, for clients and endpoints that misbehave: it says what it is told to say, when and as slowly as it is told,
// and remembers every byte. Waiting is done in the virtual time of its world.

import type { Socket } from 'node:net'
import type { Millis } from '../../src/std/clock.ts'
import type { Tempo } from '../observed/tempo.ts'

/** Where a flood ends that meets no bound, so that the test does too. */
const FLOOD_MAX = 33_554_432

/** The connection went while its script still wanted something of it. */
export class Gone extends Error {}

/** Owns its socket. */
export class Peer {
  readonly socket: Socket
  /** The other side ended what it says. */
  ended = false
  closed = false
  /** The system's code when the connection did not end in order. */
  error: string | undefined
  /** Bytes received. */
  length = 0
  /** Bytes that `flood` handed to the system, waiting ones included. */
  flooded = 0
  readonly #tempo: Tempo
  #pieces: Buffer[] = []
  #at = 0
  #wakes: (() => void)[] = []

  constructor(socket: Socket, tempo: Tempo) {
    this.socket = socket
    this.#tempo = tempo
    socket.on('connect', () => this.#note())
    socket.on('data', (piece: Buffer) => {
      this.#pieces.push(piece)
      this.length += piece.length
      this.#note()
    })
    socket.on('end', () => {
      this.ended = true
      this.#note()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message
      this.#note()
    })
    socket.on('drain', () => this.#note())
    socket.on('close', () => {
      this.closed = true
      this.#note()
    })
  }

  /** Everything received. */
  get bytes(): Buffer {
    if (this.#pieces.length !== 1) this.#pieces = [Buffer.concat(this.#pieces)]
    return this.#pieces[0] ?? Buffer.alloc(0)
  }

  /** The same as latin1. */
  get text(): string {
    return this.bytes.toString('latin1')
  }

  say(text: string | Buffer): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text)
  }

  /** Says the text in pieces of so many bytes, each with all that follows from it before the next. */
  async spell(text: string, size: number, every: Millis = 1): Promise<void> {
    for (let at = 0; at < text.length; at += size) {
      if (this.closed) throw new Gone()
      this.say(text.slice(at, at + size))
      await this.later(every)
    }
  }

  /** Resolves once `holds`; rejects when the connection goes first. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.closed) throw new Gone()
      await new Promise<void>((resolve) => this.#wakes.push(resolve))
    }
  }

  /** The next so many bytes. */
  async take(length: number): Promise<string> {
    await this.until(() => this.length >= this.#at + length)
    this.#at += length
    return this.bytes.toString('latin1', this.#at - length, this.#at)
  }

  /** The next head, with its blank line. */
  async head(): Promise<string> {
    let end = -1
    await this.until(() => (end = this.bytes.indexOf('\r\n\r\n', this.#at)) >= 0)
    return this.take(end + 4 - this.#at)
  }

  /** The next whole request: by its length, or to its last chunk. */
  async request(): Promise<string> {
    const head = await this.head()
    return head + (await this.rest(head))
  }

  /** The body behind this head. */
  async rest(head: string): Promise<string> {
    if (!/^transfer-encoding:/im.test(head)) return this.take(Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0))
    let end = -1
    await this.until(() => (end = this.bytes.indexOf('0\r\n\r\n', this.#at)) >= 0)
    return this.take(end + 5 - this.#at)
  }

  /** After everything that is under way now has happened, and so many milliseconds. */
  later(delay: Millis = 1): Promise<void> {
    return new Promise((resolve) => void this.#tempo.clock.after(delay, resolve))
  }

  /** Says the text for as long as the other side takes it, which nobody should for so many megabytes. */
  flood(text: string): void {
    const block = Buffer.from(text.repeat(Math.ceil(16_384 / text.length)), 'latin1')
    const pump = (): void => {
      while (!this.closed && this.socket.writable && this.flooded < FLOOD_MAX) {
        this.flooded += block.length
        if (!this.socket.write(block)) break
      }
      if (!this.closed && this.socket.writable && this.flooded < FLOOD_MAX) this.socket.once('drain', pump)
    }
    pump()
  }

  /** Reads no more, but for what `sip` takes. */
  deaf(): void {
    this.socket.pause()
  }

  /** Takes up to so many of the bytes that have come. */
  sip(length: number): void {
    this.socket.read(Math.min(length, this.socket.readableLength) || 1)
  }

  hear(): void {
    this.socket.resume()
  }

  /** Ends what it says; it goes on listening. */
  end(): void {
    this.socket.end()
  }

  /** Goes as a program that stops. */
  close(): void {
    this.socket.destroy()
  }

  /** Goes as a machine that fails. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  #note(): void {
    this.#tempo.note()
    for (const wake of this.#wakes.splice(0)) wake()
  }
}
