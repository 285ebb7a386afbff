// Whether everything sent over loopback has arrived: a byte of our own, sent round after it. The system delivers in order, and on a busy
// machine not at once.

import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/** A connection from the process to itself. Owns both of its ends. */
export class Loopback {
  readonly #server: Server
  readonly #socket: Socket
  #arrived: () => void = () => undefined

  private constructor(server: Server, socket: Socket) {
    this.#server = server
    this.#socket = socket
    socket.on('data', () => this.#arrived())
  }

  static async open(): Promise<Loopback> {
    const server = createServer({ noDelay: true }, (socket) => socket.pipe(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // A listening TCP server has an AddressInfo.
    const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true })
    await new Promise<void>((resolve) => socket.once('connect', resolve))
    return new Loopback(server, socket)
  }

  /** Resolves when a byte has been round. */
  round(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrived = resolve
      this.#socket.write('.')
    })
  }

  close(): void {
    this.#socket.destroy()
    this.#server.close()
  }
}
