// The other end of one of the engine's connections as a socket of the system. What is read waits here to be taken; once more waits than the
// play's window, the system's own buffers fill.

import type { Socket } from 'node:net'
import type { FarEnd } from './far-end.ts'

/** Owns a socket. */
export class NetEnd implements FarEnd {
  ended = false
  gone = false
  waiting = 0
  /** Bytes that may wait before no more is read. */
  window: number
  readonly #socket: Socket
  readonly #onNews: () => void
  #takes = 0
  #inbox: Buffer[] = []
  #closed = false

  /** `onNews` is told of all that happens. */
  constructor(socket: Socket, window: number, onNews: () => void) {
    this.#socket = socket
    this.window = window
    this.#onNews = onNews
    socket.on('data', (bytes: Buffer) => this.#arrived(bytes))
    socket.on('connect', onNews)
    socket.on('drain', onNews)
    socket.on('end', () => this.#over())
    socket.on('error', () => this.#over())
    socket.on('close', () => {
      this.gone = true
      this.#over()
    })
  }

  #arrived(bytes: Buffer): void {
    this.#onNews()
    if (this.#closed) return
    this.#inbox.push(bytes)
    this.waiting += bytes.length
    if (this.waiting >= this.window) this.#socket.pause()
  }

  #over(): void {
    this.ended = true
    this.#onNews()
  }

  send(bytes: Buffer): void {
    if (bytes.length > 0 && this.#socket.writable) this.#socket.write(bytes)
  }

  end(): void {
    if (this.#socket.writable) this.#socket.end()
  }

  reset(): void {
    this.#forget()
    this.#socket.resetAndDestroy()
  }

  close(): void {
    this.#forget()
    this.#socket.destroy()
  }

  #forget(): void {
    this.#closed = true
    this.#inbox = []
    this.waiting = 0
  }

  take(most: number): Buffer {
    // As in memory: who keeps reading gets more room.
    if (++this.#takes % 20 === 0) this.window *= 4
    const all = Buffer.concat(this.#inbox)
    const taken = all.subarray(0, most)
    this.#inbox = taken.length < all.length ? [all.subarray(most)] : []
    this.waiting = all.length - taken.length
    if (this.waiting < this.window) this.#socket.resume()
    return taken
  }
}
