// What an endpoint said before it reset the connection. A write that meets the reset first would end the socket with that still unread; the
// system keeps it, so the connection ends after one more look at what came.

import type { Socket } from 'node:net'
import type { Sockets } from './transport.ts'

/**
 * Puts the end by a failed write off until what had come before is read, when `isWanted`: for one turn of the event loop. Node ends a socket
 * by its own `destroy`, which is public; there is no other word between the failure and the end.
 */
export function hearLastWords(socket: Socket, sockets: Pick<Sockets, 'soon'>, isWanted: () => boolean): void {
  const end = socket.destroy.bind(socket)
  let waits = false
  socket.destroy = (error?: NodeJS.ErrnoException) => {
    if (waits || !isReset(error) || !isWanted()) return end(error)
    waits = true
    // The first may come before the next reads.
    sockets.soon(() => sockets.soon(() => void end(error)))
    return socket
  }
}

function isReset(error: NodeJS.ErrnoException | undefined): boolean {
  return error?.syscall === 'write' && (error.code === 'EPIPE' || error.code === 'ECONNRESET')
}
