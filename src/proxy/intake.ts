// The bytes of one client: which buffer they are read to, what came too early and is held, and when reading waits. It knows nothing of
// what the bytes mean.

import type { Socket } from 'node:net'
import { HeldBytes, ReadBuffers, readable, whenWritten } from './buffers.ts'
import type { Context } from './context.ts'
import type { Reading } from './transport.ts'

/** Who the bytes are for. */
export interface Taker {
  /** Takes bytes of one message; returns the offset after them, or more than the end when nothing of the rest is to be read. */
  take(bytes: Buffer, start: number, end: number): number
  /** What is held is the beginning of a head: more of it need not be looked at before it can be complete. */
  readonly inHead: boolean
  /** Enough is kept: reading must wait although it was told to go on. */
  readonly full: boolean
  /** More of the request's body is to come: its answer may come first. */
  readonly inBody: boolean
  /** Something was read. */
  onHeard(): void
  /** What was held was looked at: there is no more for now. */
  onDry(): void
}

/** Owns the buffers and held bytes of a client socket. */
export class Intake implements Reading {
  readonly held: HeldBytes
  /** What is held is looked at in the next turn. */
  goesOn = false
  readonly #context: Context
  readonly #socket: Socket
  readonly #taker: Taker
  #buffers: ReadBuffers | undefined
  #private = false
  #paused = false
  #heeds = false
  // Who has to take what waits before more is read.
  #slow: Socket | undefined

  constructor(context: Context, socket: Socket, taker: Taker) {
    this.#context = context
    this.#socket = socket
    this.#taker = taker
    this.held = new HeldBytes(context.kept)
  }

  get paused(): boolean {
    return this.#paused
  }

  /** Long bodies are read to a buffer of their own, so that they can be passed on without being copied; all else to the shared one. */
  set private(wanted: boolean) {
    this.#private = wanted
  }

  nextBuffer(): Buffer | undefined {
    if (this.#private) {
      if (this.#buffers !== undefined) return this.#buffers.next()
      this.#buffers = new ReadBuffers(this.#context.buffers, () => this.#onWritten())
      return readable(this.#buffers.current)
    }
    if (this.#buffers === undefined) return undefined
    this.#buffers.close()
    this.#buffers = undefined
    return this.#context.shared
  }

  onRead(bytes: Buffer, length: number): void {
    this.#taker.onHeard()
    if (this.held.length === 0) return this.#run(bytes, 0, length)
    if (this.held.addToPart(bytes, 0, length) || !this.#taker.inHead) this.#runHeld()
  }

  pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#paused || this.#heeds || this.#taker.full) return
    this.#paused = false
    this.#socket.resume()
  }

  /** Goes on whatever is kept: what comes is dropped. */
  readOn(): void {
    this.#paused = false
    this.#socket.resume()
  }

  /** Reads on, also what is held, in a turn of its own: the caller may be in the middle of its registers. */
  again(): void {
    this.goesOn = true
    this.#context.sockets.soon(() => {
      this.goesOn = false
      this.resume()
      if (this.#socket.destroyed) return
      if (this.held.length > 0) this.#runHeld()
      this.#taker.onDry()
    })
  }

  /** Writes [from, to) to `to`, waiting for it when it is slow. */
  passOn(socket: Socket, bytes: Buffer, from: number, to: number): void {
    if (this.#taker.inBody && !this.#heeds) this.#heed(socket)
    const view = bytes.subarray(from, to)
    socket.write(bytes.buffer === this.#context.shared.buffer ? Buffer.from(view) : view)
    const waiting = socket.writableLength
    if (waiting === 0) return
    if (this.#buffers !== undefined && bytes.buffer === this.#buffers.current.buffer) this.#buffers.lend(socket, view.length)
    else this.#wait(socket, view.length)
    if (!this.#heeds && waiting > this.#context.kept.waitingMax) this.#stop(socket)
  }

  // An endpoint that refuses an upload and goes resets the connection behind its answer, and the next write to it would throw the answer
  // away unread. So what came is read in this turn of the event loop before more is written, once a turn.
  #heed(socket: Socket): void {
    this.#heeds = true
    socket.cork()
    this.pause()
    this.#context.sockets.soon(() => {
      this.#heeds = false
      socket.uncork()
      if (socket.destroyed || socket.writableLength <= this.#context.kept.waitingMax) this.resume()
      else this.#stop(socket)
    })
  }

  #wait(socket: Socket, length: number): void {
    const { kept } = this.#context
    kept.take(length)
    whenWritten(socket, () => {
      kept.give(length)
      this.#onWritten()
    })
  }

  // A part of what waits: to go on with each would let in more than goes out. Behind the last part nothing waits.
  #onWritten(): void {
    if (this.#slow?.destroyed === false && this.#slow.writableLength > this.#context.kept.waitingMax) return
    this.#slow = undefined
    this.resume()
  }

  #stop(socket: Socket): void {
    this.#slow = socket
    this.#context.recorder.reach('pendingBytesMax')
    this.pause()
  }

  close(): void {
    this.held.clear()
    this.#buffers?.close()
  }

  #runHeld(): void {
    const bytes = this.held.takeAll()
    this.#run(bytes, 0, bytes.length)
  }

  #run(bytes: Buffer, start: number, end: number): void {
    let at = start
    while (at < end && !this.#socket.destroyed) at = this.#taker.take(bytes, at, end)
  }
}
