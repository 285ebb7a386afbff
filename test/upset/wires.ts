// The connections of a test, both ends of which are in this process: whether something said at one end has not come out at the other. The
// system delivers loopback in order, but on a busy machine each connection in its own time, so that nothing else tells when all is quiet.

import type { Socket } from 'node:net'

interface End {
  readonly socket: Socket
  /** The ports of this end and of the other, from the connect on. */
  ports: readonly [own: number, other: number]
  ended: boolean
  closed: boolean
}

/** Both ends of every connection under way. Owns its list. */
export class Wires {
  readonly #ends = new Map<string, End>()
  #opening: End[] = []

  /** A socket that was accepted, or that is being connected. */
  add(socket: Socket): void {
    const end: End = { socket, ports: [0, 0], ended: false, closed: false }
    socket.on('end', () => (end.ended = true))
    socket.on('close', () => (end.closed = true))
    if (!socket.connecting) return this.#place(end)
    this.#opening.push(end)
    socket.once('connect', () => this.#place(end))
  }

  /** Something is on its way to an end that reads. */
  get busy(): boolean {
    this.#opening = this.#opening.filter(({ socket, closed }) => socket.connecting && !closed)
    if (this.#opening.length > 0) return true
    for (const [key, end] of this.#ends) {
      const [own, far] = end.ports
      const other = this.#ends.get(keyOf(far, own))
      if (end.closed && other?.closed !== false) {
        this.#ends.delete(key)
        this.#ends.delete(keyOf(far, own))
      } else if (other === undefined || onItsWay(end, other)) return true
    }
    return false
  }

  #place(end: End): void {
    const { localPort, remotePort } = end.socket
    if (localPort === undefined || remotePort === undefined) return
    end.ports = [localPort, remotePort]
    this.#ends.set(keyOf(localPort, remotePort), end)
  }
}

function keyOf(own: number, other: number): string {
  return `${own} ${other}`
}

function onItsWay(from: End, to: End): boolean {
  if (to.closed || to.socket.destroyed || to.socket.isPaused()) return false
  if (from.closed || from.socket.destroyed || from.socket.writableFinished) return !to.ended
  return to.socket.bytesRead < from.socket.bytesWritten - from.socket.writableLength
}
