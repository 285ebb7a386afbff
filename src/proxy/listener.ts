// One address that clients connect to, and what it means to come in there: a gateway's port, a Service's address, or a forward proxy of the
// mesh (absolute-form or Host). The scope of a request follows from the listener and, for a forward proxy, from the port asked for.

import type { Socket } from 'node:net'
import { gatewayScope, meshScope, serviceScope } from '../route/route-table.ts'
import type { MeshSource, Source } from '../route/route-table.ts'
import type { ScopeId } from '../route/request-facts.ts'
import type { Millis } from '../std/clock.ts'
import { ListenerCells } from './cells.ts'
import { Client } from './client.ts'
import type { Context } from './context.ts'
import { Door } from './door.ts'
import type { Entrance } from './downstream.ts'
import { Filters } from './filters.ts'
import type { Place } from './known-facts.ts'
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

/** Connections come in whose bytes pass as they are: to a Service's own address, or at a gateway's port. */
export interface StreamEntry {
  readonly kind: 'stream'
  readonly scope: ScopeId
  /** The port that callers mean to call. */
  readonly port: number
  /** The server name of TLS is read before it is decided where a connection goes. */
  readonly named: boolean
}

/** A listener as plain data. `port` 0 is any free one. */
export interface ListenerSpec<Kind extends Entry | StreamEntry = Entry | StreamEntry> {
  readonly id: string
  readonly address: string
  readonly port: number
  readonly entry: Kind
  /** The source_* labels of its requests. */
  readonly source: Source
  /** What formats of values call this proxy; the machine's name when absent. */
  readonly place?: Place
}

/** In a drain, how long a connection has had no request when it is closed: who has just been answered may have sent the next already. */
const QUIET: Millis = 250
/** A listening socket and its connections. Owns both. */
export class Listener implements Entrance {
  readonly spec: ListenerSpec<Entry>
  readonly cells: ListenerCells
  readonly filters: Filters
  readonly place: Place
  readonly edge: boolean
  readonly passes: boolean
  readonly ownScope: ScopeId | undefined
  readonly #context: Context
  readonly #shared: { readonly context: Context; readonly pools: Pools }
  readonly #door: Door
  readonly #clients = new Set<Client>()
  #scopes = new Map<number, ScopeId>()
  #labels: readonly string[] = []
  #onEmpty: (() => void) | undefined

  constructor(shared: { readonly context: Context; readonly pools: Pools }, spec: ListenerSpec<Entry>) {
    this.spec = spec
    this.#context = shared.context
    this.#shared = shared
    this.edge = spec.entry.kind === 'gateway'
    this.passes = spec.entry.kind === 'mesh'
    this.ownScope = spec.entry.kind === 'service' ? serviceScope(spec.entry.host, spec.entry.port) : undefined
    this.place = spec.place ?? {}
    this.filters = new Filters(shared.context)
    this.cells = new ListenerCells(shared.context.recorder, spec.source, portMeant(spec))
    this.#door = new Door(shared.context, spec, (socket) => this.#accept(socket))
  }

  /** Resolves with the port, rejects when the address cannot be had. */
  listen(reusePort: boolean): Promise<number> {
    return this.#door.listen(reusePort)
  }

  get connections(): number {
    return this.#clients.size
  }

  /** Accepts no more, but for what waits already. */
  close(): Promise<void> {
    return this.#door.close()
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

  #accept(socket: Socket): void {
    if (!this.#context.load.opened()) return void socket.destroy()
    this.cells.downstream.opened()
    const client = new Client(this.#shared, this, socket)
    this.#clients.add(client)
    readAccepted(socket, client.intake, this.#context.readMode, this.#context.shared)
  }
}

/** What a forward proxy is called for is any port: Istio's redirects all of them to one. */
const OUTBOUND = 15_001

function portMeant({ entry }: ListenerSpec<Entry>): number {
  return entry.kind === 'mesh' ? OUTBOUND : entry.port
}

function portOf(authority: string): number {
  const colon = authority.lastIndexOf(':')
  const port = colon < 0 || authority.endsWith(']') ? 80 : Number(authority.slice(colon + 1))
  return Number.isInteger(port) && port > 0 ? port : 80
}
