// What node:http leaves open when a peer is hostile: requests that it takes and others read differently, broken ones answered in words,
// and connections that do nothing and keep others out. Used by every server of ours that is not the mesh.

import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

// Not imported: an import of node:http loads undici as well (docs/decisions/068).
const http = process.getBuiltinModule('node:http')

/** How a server is guarded. */
export interface Guard {
  /** Open connections. At the limit the oldest that has no request in progress makes room; while all have one, new ones are refused. */
  readonly connectionsMax: number
  /** An answer of the guard as this server words its failures. */
  readonly body: (status: number, message: string) => { readonly type: string; readonly text: string }
  /** Gets every request that is sound. */
  readonly listener: RequestListener
}

/** A request that is refused for its form. */
export interface Malformed {
  readonly status: number
  readonly message: string
}

/** Settings of node:http that the guard builds on: it answers a missing Host itself, and deadlines are looked at often. */
export const GUARDED = { requireHostHeader: false, connectionsCheckingInterval: 2_000 } as const

/**
 * Hands sound requests to the listener, answers all else, ends what comes over the limit of connections. Call once, when the server's
 * 'upgrade' listener, if it has one, is there.
 */
export function guardServer(server: Server, guard: Guard): void {
  const connections = new Connections(guard.connectionsMax)
  const last = new WeakMap<object, Exchange>()
  const refused = new WeakSet<object>()
  // It ends the connection as well, and what follows may be no request: none of it reaches the listener.
  const refuse = (request: IncomingMessage, response: ServerResponse, { status, message }: Malformed): void => {
    refused.add(request.socket)
    const { type, text } = guard.body(status, message)
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text), connection: 'close' }).end(text)
  }
  server.on('connection', (socket: Socket) => connections.add(socket))
  server.on('secureConnection', (socket: Socket) => connections.secured(socket))
  server.on('request', (request: IncomingMessage, response) => {
    if (refused.has(request.socket)) return
    connections.use(request.socket, response)
    last.set(request.socket, { request, response })
    const problem = malformed(request)
    if (problem === undefined) guard.listener(request, response)
    else refuse(request, response, problem)
  })
  // A listener of ours alone would make node:http wait for somebody to take the upgrade.
  if (server.listenerCount('upgrade') > 0) server.prependListener('upgrade', ({ socket }: IncomingMessage) => connections.hold(socket))
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    refuse(request, response, { status: 417, message: 'the only expectation known here is 100-continue' })
  })
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    sendRaw(socket, guard, { status: 405, message: `CONNECT is not served here: ${request.url ?? ''}` })
  })
  server.on('clientError', (error: ParseError, socket: Socket) => {
    const exchange = last.get(socket)
    // Bytes behind the last request of the connection: its answer is still to come, or on its way.
    if (refused.has(socket) || error.code === 'HPE_CLOSED_CONNECTION') return
    // The rest of what was answered already: a second answer would be taken for that of the next request.
    if (exchange !== undefined && !exchange.request.complete && exchange.response.headersSent) socket.destroySoon()
    else answerBroken(error, socket, guard)
  })
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const plain = connections.plain(socket)
    if (error.code !== 'ERR_SSL_HTTP_REQUEST' || plain === undefined) return
    sendRaw(plain, guard, { status: 400, message: 'plain HTTP on a port that speaks HTTPS' })
  })
}

/** Why a request that node:http takes is refused all the same: another reader could understand it differently (envoy.md 13). */
export function malformed(request: IncomingMessage): Malformed | undefined {
  const names = request.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  const hosts = names.filter((name) => name === 'host').length
  const coding = request.headers['transfer-encoding']
  if (request.httpVersionMajor !== 1) return { status: 505, message: 'only HTTP/1.0 and HTTP/1.1 are spoken here' }
  if (hosts > 1) return { status: 400, message: 'the request has more than one Host header' }
  if (hosts === 0 && request.httpVersionMinor > 0) return { status: 400, message: 'the request has no Host header' }
  if (coding !== undefined && request.httpVersionMinor === 0) return { status: 400, message: 'Transfer-Encoding in an HTTP/1.0 request' }
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    return { status: 501, message: `the only Transfer-Encoding known here is chunked, not ${JSON.stringify(coding)}` }
  }
  return request.url?.startsWith('/') === true ? undefined : { status: 400, message: 'the request target must be a path' }
}

/**
 * Resolves when the body of a request has been read to its end and thrown away, or was too long for that: an answer given before would
 * be lost with the connection, as node:http ends one that is not kept although the client still sends.
 */
export function drained(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > DISCARD_BYTES_MAX) resolve()
    })
    request.on('end', () => resolve())
    request.on('close', () => resolve())
    request.on('error', () => resolve())
  })
}

/** Most bytes of a body that are read only to be thrown away. */
export const DISCARD_BYTES_MAX = 64 * 1024 * 1024

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

interface ParseError extends NodeJS.ErrnoException {
  /** The parser's words. */
  readonly reason?: string
  readonly rawPacket?: Buffer
}

const TLS_HANDSHAKE = 22

function answerBroken(error: ParseError, socket: Socket, guard: Guard): void {
  const problem = problemOf(error)
  // Where TLS itself failed, or the connection did, nothing could be written; what was answered already must not be cut off.
  if (problem === undefined || !socket.writable) return void (socket.writableEnded || socket.destroy())
  sendRaw(socket, guard, problem)
}

function problemOf({ code = '', reason, rawPacket }: ParseError): Malformed | undefined {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, message: 'the request did not come in time' }
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, message: 'the request header is too long' }
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return { status: 413, message: 'the chunk extensions are too long' }
  if (!code.startsWith('HPE_')) return undefined
  if (rawPacket?.[0] === TLS_HANDSHAKE) return { status: 400, message: 'a TLS handshake where HTTP is spoken' }
  return { status: 400, message: `this is not an HTTP/1.1 request${reason === undefined ? '' : `: ${reason}`}` }
}

function sendRaw(socket: Duplex, guard: Guard, { status, message }: Malformed): void {
  const { type, text } = guard.body(status, message)
  const head = `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? 'Refused'}\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(text)}`
  socket.on('error', () => socket.destroy())
  // Reading on lets the peer take the answer before it learns that nobody listened.
  socket.resume()
  socket.end(`${head}\r\nconnection: close\r\n\r\n${text}`)
  const timer = setTimeout(() => socket.destroy(), LINGER)
  socket.once('close', () => clearTimeout(timer))
}

/** How long a refused peer has to take its answer. */
const LINGER = 1_000

interface Connection {
  readonly plain: Socket
  /** What is to be destroyed: the TLS socket once there is one. */
  socket: Socket
  busy: number
}

// Open connections by the peer's address, oldest first: a TLS socket and the one below it share that.
class Connections {
  readonly #max: number
  readonly #open = new Map<string, Connection>()

  constructor(max: number) {
    this.#max = max
  }

  add(socket: Socket): void {
    if (this.#open.size >= this.#max && !this.#makeRoom()) return void socket.destroy()
    const key = keyOf(socket)
    this.#open.set(key, { plain: socket, socket, busy: 0 })
    socket.once('close', () => {
      if (this.#open.get(key)?.plain === socket) this.#open.delete(key)
    })
  }

  secured(socket: Socket): void {
    const connection = this.#open.get(keyOf(socket))
    if (connection !== undefined) connection.socket = socket
  }

  use(socket: Socket, response: ServerResponse): void {
    const connection = this.#open.get(keyOf(socket))
    if (connection === undefined) return
    connection.busy++
    response.once('close', () => connection.busy--)
  }

  hold(socket: Socket): void {
    const connection = this.#open.get(keyOf(socket))
    if (connection !== undefined) connection.busy++
  }

  plain(socket: Socket): Socket | undefined {
    return this.#open.get(keyOf(socket))?.plain
  }

  #makeRoom(): boolean {
    for (const [key, { socket, busy }] of this.#open) {
      if (busy > 0) continue
      this.#open.delete(key)
      socket.destroy()
      return true
    }
    return false
  }
}

function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`
}
