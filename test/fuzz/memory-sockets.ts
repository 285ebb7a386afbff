// Sockets without a system: what the engine sees of net.Socket and net.Server, over queues in memory. They keep to what the real ones do where
// the engine can tell: one read for each turn of the event loop, `onread` with buffers that are used again, writes that are done at once while
// there is room and otherwise keep their bytes, uncopied, until there is; half-closed connections; resets.

import { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import type { Server, ServerOpts, TcpNetConnectOpts } from 'node:net'
import { Duplex } from 'node:stream'
import type { Sockets } from '../../src/proxy/transport.ts'
import type { FarEnd } from './far-end.ts'
import { MemoryEnd, systemError } from './memory-end.ts'
import type { Written } from './memory-end.ts'

/** An address of one side of a connection. */
export interface Address {
  readonly address: string
  readonly port: number
}

/** A connection that the engine wants. It waits until one of these is done. */
export interface Dial {
  readonly port: number
  accept(window: number): FarEnd
  refuse(code: string): void
  /** The engine no longer waits for it. */
  readonly given: boolean
}

type Onread = NonNullable<TcpNetConnectOpts['onread']>

const READ_MOST = 65_536

// Node's own fields for reading into a buffer of one's own, which transport.ts sets on accepted sockets.
const symbolOf = (name: string): symbol => {
  const found = Object.getOwnPropertySymbols(new Socket()).find((symbol) => symbol.description === name)
  if (found === undefined) throw new Error(`this Node has no ${name}: the engine reads in mode 'data' only`)
  return found
}
const BUFFER = symbolOf('kBuffer')
const CALLBACK = symbolOf('kBufferCb')
const GENERATOR = symbolOf('kBufferGen')

/** All sockets of one run. Owns what is scheduled between them. */
export class MemorySockets implements Sockets {
  /** Connections that the engine wants, in order. */
  readonly dials: Dial[] = []
  /** The engine's sockets that are not closed. */
  readonly open = new Set<MemorySocket>()
  /** All that were ever made. */
  readonly made: WeakRef<object>[] = []
  /** The most that waited to be written on any socket. */
  waitingMost = 0
  readonly #servers = new Map<number, MemoryServer>()
  readonly #onThrown: (error: unknown) => void
  #turns: (() => void)[] = []
  #lastPort = 10_000

  /** `onThrown` is told what the engine throws out of its callbacks. */
  constructor(onThrown: (error: unknown) => void) {
    this.#onThrown = onThrown
  }

  connect(options: TcpNetConnectOpts): Socket {
    const socket = new MemorySocket(this, { address: '10.1.0.1', port: ++this.#lastPort })
    socket.connecting = true
    if (options.onread !== undefined) socket.readInto(options.onread)
    const { port } = options
    this.dials.push({
      port,
      accept: (window) => socket.connected({ address: options.host ?? '', port }, window),
      refuse: (code) => {
        if (!socket.destroyed) socket.destroy(systemError(code, 'connect'))
      },
      get given() {
        return socket.destroyed
      }
    })
    return asSocket(socket)
  }

  createServer(_options: ServerOpts, onSocket: (socket: Socket) => void): Server {
    const server = new MemoryServer(this, this.#servers, onSocket)
    // The engine uses of a server what MemoryServer has.
    return server as unknown as Server
  }

  /** A caller connects to a port that the engine listens on; undefined when it is turned away. */
  reach(port: number, from: Address, window: number): FarEnd | undefined {
    const server = this.#servers.get(port)
    if (server === undefined) return undefined
    if (server.isFull([...this.open].filter(({ accepted }) => accepted).length)) {
      server.emit('drop')
      return undefined
    }
    const socket = new MemorySocket(this, { address: '10.0.0.1', port })
    socket.accepted = true
    const far = socket.accept(from, window)
    this.guarded(() => server.onSocket(asSocket(socket)))
    socket.read(0)
    return far
  }

  soon(work: () => void): void {
    this.#turns.push(work)
  }

  guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#onThrown(error)
    }
  }

  /**
   * Resolves once nothing moves by itself. What is to be done in a turn of the event loop of its own is done in order, and what streams put off
   * to the end of a turn (process.nextTick) in between: the system's event loop would cost more than all else.
   */
  async quiet(): Promise<void> {
    await endOfTurn()
    while (this.#turns.length > 0) {
      const turns = this.#turns
      this.#turns = []
      for (const work of turns) {
        this.guarded(work)
        await endOfTurn()
      }
    }
  }
}

const endOfTurn = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

/** What the engine uses of a net.Socket is all there. */
function asSocket(socket: MemorySocket): Socket {
  return socket as unknown as Socket
}

class MemoryServer extends EventEmitter {
  maxConnections = Number.POSITIVE_INFINITY
  listening = false
  readonly onSocket: (socket: Socket) => void
  readonly #servers: Map<number, MemoryServer>
  readonly #sockets: MemorySockets
  #port = 0

  constructor(sockets: MemorySockets, servers: Map<number, MemoryServer>, onSocket: (socket: Socket) => void) {
    super()
    this.#sockets = sockets
    this.#servers = servers
    this.onSocket = onSocket
  }

  listen({ port }: { readonly port: number }, done: () => void): void {
    this.#port = port === 0 ? 80 + this.#servers.size : port
    this.#servers.set(this.#port, this)
    this.listening = true
    this.#sockets.soon(done)
  }

  address(): { readonly port: number } {
    return { port: this.#port }
  }

  close(): void {
    this.listening = false
    this.#servers.delete(this.#port)
  }

  isFull(connections: number): boolean {
    return connections >= this.maxConnections
  }
}

/** The engine's end of a connection. */
class MemorySocket extends Duplex {
  connecting = false
  accepted = false
  remoteAddress: string | undefined
  remotePort: number | undefined
  readonly localAddress: string
  readonly localPort: number
  // Where transport.ts looks whether a socket can read into a buffer of one's own.
  readonly _handle = { useUserBuffer: (): void => undefined };
  // By Node's symbols.
  [field: symbol]: unknown
  readonly #sockets: MemorySockets
  #far: MemoryEnd | undefined
  #reading = false
  #scheduled = false

  constructor(sockets: MemorySockets, local: Address) {
    super({ allowHalfOpen: true, emitClose: false, decodeStrings: false, readableHighWaterMark: 65_536, writableHighWaterMark: 65_536 })
    this.#sockets = sockets
    this.localAddress = local.address
    this.localPort = local.port
    sockets.open.add(this)
    sockets.made.push(new WeakRef(this))
  }

  readInto(onread: Onread): void {
    const { buffer } = onread
    if (typeof buffer !== 'function') throw new TypeError('the engine hands a function')
    this[GENERATOR] = buffer
    // The first call gives the first buffer (net documentation, onread).
    this[BUFFER] = buffer()
    this[CALLBACK] = (length: number, bytes: Buffer) => onread.callback(length, bytes)
  }

  get #room(): Buffer | undefined {
    return this[BUFFER] as Buffer | undefined
  }

  accept(from: Address, window: number): FarEnd {
    this.remoteAddress = from.address
    this.remotePort = from.port
    this.#far = new MemoryEnd(this.#sockets, window, () => this.schedule())
    return this.#far
  }

  connected(to: Address, window: number): FarEnd {
    const far = this.accept(to, window)
    this.connecting = false
    this.#sockets.guarded(() => this.emit('connect'))
    if (!this.destroyed) this.read(0)
    return far
  }

  setKeepAlive(): this {
    return this
  }

  resetAndDestroy(): this {
    return this.destroy()
  }

  override pause(): this {
    if (this.#room !== undefined && !this.connecting) this.#reading = false
    return super.pause()
  }

  override resume(): this {
    if (this.#room !== undefined && !this.connecting) this.#read()
    return super.resume()
  }

  override _read(): void {
    if (!this.connecting) this.#read()
  }

  #read(): void {
    this.#reading = true
    this.schedule()
  }

  /** Something may be there to read. */
  schedule(): void {
    if (this.#scheduled || !this.#reading || this.destroyed || this.#far?.hasNews !== true) return
    this.#scheduled = true
    this.#sockets.soon(() => {
      this.#scheduled = false
      this.#readOnce()
      this.schedule()
    })
  }

  #readOnce(): void {
    const far = this.#far
    if (far === undefined || !this.#reading || this.destroyed) return
    const error = far.takeError()
    if (error !== undefined) {
      this.destroy(error)
      return
    }
    const room = this.#room
    const bytes = far.takeSent(room?.length ?? READ_MOST)
    if (bytes === undefined) {
      if (!far.takeEnd()) return
      this.push(null)
      this.read(0)
    } else if (room === undefined) {
      // A buffer of its own, as from Node: the engine may write to it.
      if (!this.push(Buffer.from(bytes))) this.#reading = false
    } else this.#readInto(room, bytes)
  }

  #readInto(room: Buffer, bytes: Buffer): void {
    room.set(bytes)
    // What readInto and transport.ts put there.
    const more = (this[CALLBACK] as Onread['callback'])(bytes.length, room)
    const next = (this[GENERATOR] as () => unknown)()
    if (next instanceof Uint8Array) this[BUFFER] = next
    if (more === false) this.#reading = false
  }

  override _write(chunk: string | Buffer, encoding: BufferEncoding, done: Written): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
    this.#far?.receive(bytes, done)
    this.#sockets.waitingMost = Math.max(this.#sockets.waitingMost, this.writableLength)
  }

  override _final(done: Written): void {
    if (this.#far !== undefined) this.#far.ended = true
    done()
  }

  override _destroy(error: Error | null, done: Written): void {
    this.#far?.drop(error)
    done(error)
    this.#sockets.soon(() => {
      this.#sockets.open.delete(this)
      this.emit('close', error !== null)
    })
  }
}
