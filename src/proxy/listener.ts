// One address that clients connect to, and what it means to come in there: a gateway's port, a Service's address, or a forward proxy of the
// mesh (absolute-form or Host). The scope of a request follows from the listener and, for a forward proxy, from the port asked for.

import type { AddressInfo, Server, Socket } from 'node:net'
import { gatewayScope, meshScope, serviceScope } from '../route/route-table.ts'
import type { MeshSource, Source } from '../route/route-table.ts'
import type { ScopeId } from '../route/request-facts.ts'
import type { Millis } from '../std/clock.ts'
import { ListenerCells } from './cells.ts'
import { Client } from './client.ts'
import type { Context } from './context.ts'
import type { Entrance } from './downstream.ts'
import { Filters } from './filters.ts'
import type { Place } from './known-facts.ts'
import { SYSTEM_LIMIT } from './limits.ts'
import type { Pools } from './pools.ts'
import { readAccepted } from './transport.ts'

/** How requests come in at a listener. */
export type Entry =
  /** A Gateway's server port; `port` is that of the Gateway, which may differ from the one listened to. */
  | { readonly kind: 'gateway'; readonly port: number }
  /**
   * A Service's own address and port; `host` is its full name, used when the Host field is an address. Unless the port is declared to be
   * HTTP, no other Host matters either.
   */
  | { readonly kind: 'service'; readonly host: string; readonly port: number; readonly declared: boolean; readonly caller: MeshSource }
  /** A forward proxy: a pod's own, or the one for shells. Without a port in the authority, 80. */
  | { readonly kind: 'mesh'; readonly caller: MeshSource }

/** A listener as plain data. `port` 0 is any free one. */
export interface ListenerSpec {
  readonly id: string
  readonly address: string
  readonly port: number
  readonly entry: Entry
  /** The source_* labels of its requests. */
  readonly source: Source
  /** What formats of values call this proxy; the machine's name when absent. */
  readonly place?: Place
}

/** In a drain, how long a connection has had no request when it is closed: who has just been answered may have sent the next already. */
const QUIET: Millis = 250
/** Connections that may wait to be accepted. */
const BACKLOG = 1024
/** Turns in which a socket that is to close takes what waits. More come while it does. */
const ROUNDS_MAX = 2 * BACKLOG

/** A listening socket and its connections. Owns both. */
export class Listener implements Entrance {
  readonly spec: ListenerSpec
  readonly cells: ListenerCells
  readonly filters: Filters
  readonly place: Place
  readonly edge: boolean
  readonly passes: boolean
  readonly ownScope: ScopeId | undefined
  readonly #context: Context
  readonly #shared: { readonly context: Context; readonly pools: Pools }
  readonly #server: Server
  readonly #clients = new Set<Client>()
  #scopes = new Map<number, ScopeId>()
  #labels: readonly string[] = []
  #onEmpty: (() => void) | undefined
  #taken = 0

  constructor(shared: { readonly context: Context; readonly pools: Pools }, spec: ListenerSpec) {
    this.spec = spec
    this.#context = shared.context
    this.#shared = shared
    this.edge = spec.entry.kind === 'gateway'
    this.passes = spec.entry.kind === 'mesh'
    this.ownScope = spec.entry.kind === 'service' ? serviceScope(spec.entry.host, spec.entry.port) : undefined
    this.place = spec.place ?? {}
    this.filters = new Filters(shared.context)
    this.cells = new ListenerCells(shared.context.recorder, spec.source, portMeant(spec))
    this.#server = shared.context.sockets.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket))
  }

  /** Resolves with the port, rejects when the address cannot be had. */
  listen(reusePort: boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host: this.spec.address, port: this.spec.port, reusePort, backlog: BACKLOG }, () => {
        this.#server.off('error', reject)
        // Accepting goes on after an error; libuv closes what it has no file for at once, without one.
        this.#server.on('error', (error: NodeJS.ErrnoException) => this.#onError(error))
        resolve(this.port)
      })
    })
  }

  get port(): number {
    // A listening TCP server has an AddressInfo.
    return (this.#server.address() as AddressInfo | null)?.port ?? this.spec.port
  }

  get connections(): number {
    return this.#clients.size
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

  /** Accepts no more, closes idle connections, lets requests in flight finish; what is left after `limit` ms is cut. */
  async drain(limit: Millis): Promise<void> {
    await this.close()
    const quiet = Math.min(QUIET, limit / 2)
    for (const client of this.#clients) client.drain(quiet)
    if (this.#clients.size === 0) return
    await new Promise<void>((resolve) => {
      const cancel = this.#context.clock.after(limit, () => {
        this.#context.recorder.reach('drainTimeout')
        for (const client of this.#clients) client.socket.destroy()
      })
      this.#onEmpty = () => {
        cancel()
        resolve()
      }
    })
  }

  scopeOf(authority: string): ScopeId {
    const { entry } = this.spec
    if (entry.kind === 'gateway') return this.#scopeOfPort(entry.port)
    if (entry.kind === 'mesh') return this.#scopeOfPort(portOf(authority))
    return entry.declared || this.ownScope === undefined ? this.#scopeOfPort(entry.port) : this.ownScope
  }

  nameOf(authority: string): string {
    const { entry } = this.spec
    if (entry.kind !== 'service' || !/^[\d.:[\]]*$/.test(authority)) return authority
    return `${entry.host}:${entry.port}`
  }

  onClosed(client: Client): void {
    this.#context.load.closed()
    this.cells.downstream.closed()
    this.#clients.delete(client)
    if (this.#clients.size === 0) this.#onEmpty?.()
  }

  #scopeOfPort(port: number): ScopeId {
    const { router } = this.#context
    if (router.sourceLabels !== this.#labels) {
      this.#labels = router.sourceLabels
      this.#scopes = new Map()
    }
    const known = this.#scopes.get(port)
    if (known !== undefined) return known
    const { entry } = this.spec
    const fresh = entry.kind === 'gateway' ? gatewayScope(port) : meshScope(this.#labels, entry.caller, port)
    if (this.#scopes.size < 1024) this.#scopes.set(port, fresh)
    return fresh
  }

  #onError({ code }: NodeJS.ErrnoException): void {
    if (code === 'EMFILE' || code === 'ENFILE') this.#context.recorder.reach(SYSTEM_LIMIT)
  }

  #accept(socket: Socket): void {
    this.#taken++
    if (!this.#context.load.opened()) return void socket.destroy()
    this.cells.downstream.opened()
    const client = new Client(this.#shared, this, socket)
    this.#clients.add(client)
    readAccepted(socket, client.intake, this.#context.readMode, this.#context.shared)
  }
}

/** What a forward proxy is called for is any port: Istio's redirects all of them to one. */
const OUTBOUND = 15_001

function portMeant({ entry }: ListenerSpec): number {
  return entry.kind === 'mesh' ? OUTBOUND : entry.port
}

function portOf(authority: string): number {
  const colon = authority.lastIndexOf(':')
  const port = colon < 0 || authority.endsWith(']') ? 80 : Number(authority.slice(colon + 1))
  return Number.isInteger(port) && port > 0 ? port : 80
}
