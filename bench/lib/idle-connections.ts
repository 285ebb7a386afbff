// Connections that ask once and then stay open without a word.

import { type Socket, connect } from 'node:net'
import { answerIn } from './answer.ts'

/** How many are opened at the same time: the proxy's pool of upstream connections stays small. */
const AT_ONCE = 64

/** Owns the sockets. */
export class IdleConnections {
  readonly #sockets = new Set<Socket>()
  #closing = false
  #lost = 0

  /** Those that the proxy closed. */
  get lost(): number {
    return this.#lost
  }

  /** Opens `count`; each has been answered once when this resolves. */
  async open(port: number, request: string, count: number): Promise<void> {
    let left = count
    const lane = async (_: unknown, index: number): Promise<void> => {
      while (left-- > 0) await this.#one({ port, request, from: `127.0.1.${index + 1}` })
    }
    await Promise.all(Array.from({ length: AT_ONCE }, lane))
  }

  /** Closes all; resolves when they are closed. */
  async close(): Promise<void> {
    this.#closing = true
    await Promise.all([...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve).destroy())))
    this.#closing = false
  }

  // From several addresses: ports of connections that were closed lately are not free at once.
  #one({ port, request, from }: { readonly port: number; readonly request: string; readonly from: string }): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, localAddress: from })
      this.#sockets.add(socket)
      socket.on('connect', () => socket.write(request))
      socket.on('data', (bytes) => {
        const answer = answerIn(bytes)
        if (answer?.status === 200) resolve()
        else reject(new Error(`an idle connection was answered with ${answer?.status ?? 'a part'}`))
      })
      socket.on('error', reject)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        if (!this.#closing) this.#lost += 1
      })
    })
  }
}
