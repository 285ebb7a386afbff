// A listening socket: it hands out what it accepts, and closes without losing what waits in its queue.

import type { AddressInfo, Server, ServerOpts, Socket } from 'node:net'
import type { Context } from './context.ts'
import { SYSTEM_LIMIT } from './limits.ts'

/** Where it listens; port 0 is any free one. */
export interface DoorPlace {
  readonly address: string
  readonly port: number
}

/** Connections that may wait to be accepted. */
const BACKLOG = 1024
/** Turns in which a socket that is to close takes what waits. More come while it does. */
const ROUNDS_MAX = 2 * BACKLOG

/** Owns the listening socket. */
export class Door {
  readonly #context: Context
  readonly #place: DoorPlace
  readonly #server: Server
  #taken = 0

  constructor(context: Context, place: DoorPlace, onSocket: (socket: Socket) => void, options: ServerOpts = {}) {
    this.#context = context
    this.#place = place
    this.#server = context.sockets.createServer({ noDelay: true, allowHalfOpen: true, ...options }, (socket) => {
      this.#taken++
      onSocket(socket)
    })
  }

  /** Resolves with the port, rejects when the address cannot be had. */
  listen(reusePort: boolean): Promise<number> {
    const { address, port } = this.#place
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host: address, port, reusePort, backlog: BACKLOG }, () => {
        this.#server.off('error', reject)
        // Accepting goes on after an error; libuv closes what it has no file for at once, without one.
        this.#server.on('error', (error: NodeJS.ErrnoException) => this.#onError(error))
        resolve(this.port)
      })
    })
  }

  get port(): number {
    // A listening TCP server has an AddressInfo.
    return (this.#server.address() as AddressInfo | null)?.port ?? this.#place.port
  }

  /**
   * Accepts no more. The system resets what waits in the queue of a socket that is closed, and only one connection is taken from it in a
   * turn of the event loop: they are taken until there was a turn without one.
   */
  async close(): Promise<void> {
    if (!this.#server.listening) return
    await this.#turn()
    for (let [round, taken] = [0, -1]; round < ROUNDS_MAX && taken !== this.#taken; round++) {
      taken = this.#taken
      await this.#turn()
    }
    this.#server.close()
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#context.sockets.soon(resolve))
  }

  #onError({ code }: NodeJS.ErrnoException): void {
    if (code === 'EMFILE' || code === 'ENFILE') this.#context.recorder.reach(SYSTEM_LIMIT)
  }
}
