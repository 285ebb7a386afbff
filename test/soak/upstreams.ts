// The called side of a mixed load: servers that do what a request tells them (x-do), and count what they read.

import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** x-do: how a request is to be answered. `-once`: a second try of it gets an answer. */
export type Deed = 'answer' | 'chunked' | 'close' | 'hold' | 'hold-once' | 'fail-once' | 'reset' | 'cut' | 'part'

/** One server, one cluster. */
export interface Called {
  readonly name: string
  readonly port: number
  /** Requests whose head was read. */
  readonly read: number
  stop(): Promise<void>
}

/** Tells callers that a request has arrived. */
export class Arrivals {
  readonly #waiting = new Map<string, () => void>()
  readonly #tries = new Map<string, number>()

  /** Resolves when the request has been read by its server. */
  of(id: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }

  /** The number of this try of the request. */
  enter(id: string): number {
    const tries = (this.#tries.get(id) ?? 0) + 1
    this.#tries.set(id, tries)
    this.#waiting.get(id)?.()
    this.#waiting.delete(id)
    return tries
  }

  /** The request is over. Returns how often it was read. */
  forget(id: string): number {
    const tries = this.#tries.get(id) ?? 0
    this.#tries.delete(id)
    this.#waiting.delete(id)
    return tries
  }
}

const first = (value: string | string[] | undefined): string => (typeof value === 'string' ? value : '')

/** Starts a server that calls itself `name` (x-server). */
export async function startCalled(name: string, arrivals: Arrivals): Promise<Called> {
  let read = 0
  const sockets = new Set<Socket>()
  const enter = (request: IncomingMessage): number => {
    read++
    return arrivals.enter(first(request.headers['x-id']))
  }
  const server: Server = createServer((request, response) => serve(name, request, response, enter(request)))
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    response.writeContinue()
    serve(name, request, response, enter(request))
  })
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    enter(request)
    socket.on('error', () => undefined)
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.write(head)
    socket.pipe(socket)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  // The mesh ends idle connections, and may take as long as it likes over a request.
  server.keepAliveTimeout = 0
  server.requestTimeout = 0
  server.headersTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', 4096, resolve))
  return {
    name,
    port: (server.address() as AddressInfo).port,
    get read() {
      return read
    },
    stop: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    }
  }
}

function serve(name: string, request: IncomingMessage, response: ServerResponse, tries: number): void {
  const deed = first(request.headers['x-do'])
  const size = Number(first(request.headers['x-size']))
  let received = 0
  request.on('error', () => undefined)
  request.on('data', (bytes: Buffer) => (received += bytes.length))
  if (deed === 'reset') return void request.socket.destroy()
  if (deed === 'hold' || (deed === 'hold-once' && tries === 1)) return
  request.on('end', () => {
    response.setHeader('x-server', name)
    response.setHeader('x-read', received)
    if (deed === 'close') response.setHeader('connection', 'close')
    if (deed === 'fail-once' && tries === 1) response.statusCode = 503
    if (deed === 'cut' || deed === 'part') return begin(response, request.socket, deed)
    const body = Buffer.alloc(size, 'x')
    if (deed !== 'chunked') response.setHeader('content-length', size)
    if (deed === 'chunked') response.write(body.subarray(0, size >> 1))
    response.end(deed === 'chunked' ? body.subarray(size >> 1) : body)
  })
}

// The beginning of an answer of 1000 bytes, and then the end of the connection (cut) or nothing (part).
function begin(response: ServerResponse, socket: Socket, deed: 'cut' | 'part'): void {
  response.setHeader('content-length', 1000)
  response.write('x'.repeat(100), () => {
    if (deed === 'cut') setImmediate(() => socket.destroySoon())
  })
}
