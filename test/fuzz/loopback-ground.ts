// A run over the system's sockets on loopback: the kernel cuts streams where it likes, resets and half-closes as it does, and decides what comes
// first. Time is still the play's. The same play gives a like run, not the same.

import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket, TcpNetConnectOpts } from 'node:net'
import type { Sockets } from '../../src/proxy/transport.ts'
import type { FarEnd } from './far-end.ts'
import type { Dialing, Ground } from './ground.ts'
import { NetEnd } from './net-end.ts'

const HERE = '127.0.0.1'
/** Nobody listens here. */
const CLOSED = 1
/** Turns of the event loop in which nothing happened, after which nothing is thought to be on its way. */
const STILL = 6
/** Where something never rests: a run that goes on by itself is looked at all the same. */
const TURNS_MAX = 20_000

/** Callers have addresses of their own, 127.9.0.0 and on, which only Linux has from the start. */
export const HAS_LOOPBACK = process.platform === 'linux'

/** Owns the server that stands for all endpoints, and all sockets of both sides. */
export class LoopbackGround implements Ground {
  readonly listen = { address: HERE, port: 0 }
  readonly made: WeakRef<object>[] = []
  waitingMost = 0
  readonly sockets: Sockets
  readonly #onThrown: (error: unknown) => void
  readonly #deaf: number
  readonly #open = new Set<Socket>()
  readonly #ends = new Set<Socket>()
  // By the engine's end of a connection: who asked for which port, and how much the other side takes unread.
  readonly #wanted = new Map<number, { readonly port: number; readonly window: number }>()
  #dialing: Dialing | undefined
  #server: Server | undefined
  #behind = CLOSED
  #moved = false

  /** `deaf`: a port at which connections are neither accepted nor refused; without one they are refused. */
  constructor(onThrown: (error: unknown) => void, deaf = CLOSED) {
    this.#onThrown = onThrown
    this.#deaf = deaf
    this.sockets = {
      connect: (options) => this.#connect(options),
      createServer: (options, onSocket) =>
        createServer(options, (socket) => {
          this.#follow(socket)
          onSocket(socket)
        }),
      soon: (work) => {
        this.#moved = true
        setImmediate(() => {
          this.#moved = true
          this.guarded(work)
        })
      }
    }
  }

  get open(): number {
    return this.#open.size
  }

  async begin(dialing: Dialing): Promise<void> {
    this.#dialing = dialing
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accepted(socket))
    this.#server = server
    await new Promise<void>((resolve) => server.listen({ port: 0, host: HERE, backlog: 1024 }, resolve))
    // A listening TCP server has an AddressInfo.
    this.#behind = (server.address() as AddressInfo).port
  }

  // The engine's sockets; they are told apart from the others by who made them.
  #follow(socket: Socket): void {
    this.#moved = true
    this.#open.add(socket)
    this.made.push(new WeakRef(socket))
    socket.on('close', () => {
      this.#moved = true
      this.#open.delete(socket)
    })
  }

  #connect(options: TcpNetConnectOpts): Socket {
    const { how, window } = this.#dialing?.next() ?? { how: 'refuse', window: 1 }
    const port = how === 'accept' ? this.#behind : how === 'refuse' ? CLOSED : this.#deaf
    const socket = connect({ ...options, host: HERE, port })
    this.#follow(socket)
    const wanted = { port: options.port, window }
    socket.prependListener('connect', () => {
      this.#moved = true
      this.#wanted.set(socket.localPort ?? 0, wanted)
    })
    return socket
  }

  // The connection is known here before or after the engine's end of it says that it is open.
  #accepted(socket: Socket): void {
    const far = this.#far(socket, 1)
    const meet = (): void => {
      const wanted = this.#wanted.get(socket.remotePort ?? 0)
      if (socket.destroyed) return
      if (wanted === undefined) return void setImmediate(meet)
      far.window = wanted.window
      this.#moved = true
      this.#dialing?.accepted(far, wanted.port)
    }
    meet()
  }

  #far(socket: Socket, window: number): NetEnd {
    this.#ends.add(socket)
    return new NetEnd(socket, window, () => (this.#moved = true))
  }

  reach(port: number, number: number, window: number): FarEnd {
    const socket = connect({ host: HERE, port, localAddress: `127.9.0.${number}`, allowHalfOpen: true, noDelay: true })
    return this.#far(socket, window)
  }

  // What was wanted has been decided about already.
  dial(): void {}

  guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#onThrown(error)
    }
  }

  async quiet(): Promise<void> {
    for (let [still, turns] = [0, 0]; still < STILL && turns < TURNS_MAX; turns++) {
      this.#moved = false
      await new Promise((resolve) => setImmediate(resolve))
      for (const { writableLength } of this.#open) this.waitingMost = Math.max(this.waitingMost, writableLength)
      still = this.#moved ? 0 : still + 1
    }
  }

  async end(): Promise<void> {
    this.#dialing = undefined
    for (const socket of this.#ends) socket.destroy()
    this.#ends.clear()
    for (const socket of this.#open) socket.destroy()
    await new Promise((resolve) => this.#server?.close(resolve))
    this.#server = undefined
  }
}
