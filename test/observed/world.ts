// One case as a running mesh: the real data plane with the case's table, echo servers, and a client that sends the case's requests. Only
// time is virtual.

import { compileRoutes } from '../../src/route/compile-routes.ts'
import { diffTables } from '../../src/route/diff-tables.ts'
import { meshConfigOf } from '../../src/route/mesh-objects.ts'
import type { MeshConfig } from '../../src/route/mesh-config.ts'
import { EMPTY_TABLE } from '../../src/route/route-table.ts'
import type { RouteTable } from '../../src/route/route-table.ts'
import { seeded } from '../../src/std/draw.ts'
import { DataPlane } from '../../src/proxy/data-plane.ts'
import type { Entry as Entrance } from '../../src/proxy/listener.ts'
import type { ReadMode } from '../../src/proxy/transport.ts'
import { Caller } from './caller.ts'
import type { Answer } from './caller.ts'
import { objectsOfCase } from './case-file.ts'
import type { Asked, Case, Entry, SeenEvent } from './case-file.ts'
import { Director } from './director.ts'
import { Echoes } from './echo.ts'
import type { Arrival } from './echo.ts'
import { Gauges, LOG } from './gauges.ts'
import type { Line } from './gauges.ts'
import type { Loopback } from './loopback.ts'
import { isForProxy, requestText } from './request-text.ts'
import { Tempo } from './tempo.ts'

/** What the play of one entry came to. */
export interface Played {
  readonly answers: readonly Answer[]
  /** What arrived of these requests, in order. */
  readonly arrivals: readonly Arrival[]
  /** Tries at an address that refuses. */
  readonly refused: readonly { readonly cluster: string; readonly endpoint: string }[]
  /** The log's lines about them. */
  readonly lines: readonly Line[]
  /** Growth of counters, values of gauges. */
  readonly stats: Readonly<Record<string, number>>
  readonly events: readonly SeenEvent[]
  /** When the case began. */
  readonly origin: number
}

/** Envoy had been up for so long before the first request. */
const HEAD_START = 50
/** Virtual milliseconds for one entry; the longest of the file takes nine seconds. */
const ENTRY_MAX = 60_000

/** What all worlds of a run share. */
export interface Ground {
  readonly readMode: ReadMode
  readonly loopback: Loopback
}

/** Owns a plane, its servers and its clients for one case. */
export class World {
  readonly #case: Case
  readonly #tempo: Tempo
  readonly #echoes: Echoes
  readonly #plane: DataPlane
  readonly #gauges: Gauges
  readonly #ports = new Map<string, number>()
  readonly #hidden: Set<string>
  readonly #callers: Caller[] = []
  #table: RouteTable = EMPTY_TABLE
  #tag = 0
  #origin: number | undefined

  private constructor(each: Case, { readMode, loopback }: Ground) {
    this.#case = each
    this.#tempo = new Tempo(loopback)
    this.#echoes = new Echoes(this.#tempo)
    this.#hidden = new Set(each.late)
    this.#plane = new DataPlane({
      clock: this.#tempo.clock,
      monotonic: this.#tempo.now,
      draw: seeded(7),
      readMode,
      locate: this.#echoes.locate,
      accessLog: LOG,
      onEjection: (cluster, endpoint, ejected) => {
        this.#gauges.note({ at: this.#tempo.now() - (this.#origin ?? 0), cluster, endpoint, ejected })
      }
    })
    this.#gauges = new Gauges(this.#plane)
  }

  static async open(each: Case, ground: Ground): Promise<World> {
    const world = new World(each, ground)
    await world.#addServers()
    world.#applyTable()
    for (const { request } of each.requests) await world.#listen(request)
    return world
  }

  /** Plays one entry to the end of its last answer. */
  async play({ request, observed }: Entry): Promise<Played> {
    this.#gauges.begin()
    await this.#waitFor(request)
    const origin = this.#origin ?? 0
    const first = this.#tag
    const director = new Director(request, observed)
    this.#echoes.direct = director.direct
    const before = { arrivals: this.#echoes.arrivals.length, refused: this.#echoes.refused.length }
    const answers = await this.#askAll(request)
    // Copies are still on their way when the answer is there.
    await this.#tempo.reach(this.#tempo.now())
    const arrivals = this.#echoes.arrivals.slice(before.arrivals).filter(({ tag }) => tag >= first)
    return { answers, arrivals, refused: this.#echoes.refused.slice(before.refused), origin, ...this.#gauges.end() }
  }

  async close(): Promise<void> {
    for (const caller of this.#callers) caller.close()
    const drained = this.#plane.drain(0)
    await this.#tempo.reach(this.#tempo.now() + 1)
    await drained
    await this.#echoes.close()
  }

  async #addServers(): Promise<void> {
    const { clusters } = compileRoutes(configOf(this.#case, new Set())).table
    for (const cluster of Object.values(clusters)) {
      for (const { address, port } of cluster.endpoints) await this.#echoes.add(cluster.id, address, port)
    }
    for (const { request } of this.#case.requests) {
      if (this.#case.node === 'gateway' || !URL.canParse(`http://${request.host}`)) continue
      const { hostname, port } = new URL(`http://${request.host}`)
      await this.#echoes.add('PassthroughCluster', hostname, port === '' ? 80 : Number(port))
    }
  }

  #applyTable(): void {
    const { table } = compileRoutes(configOf(this.#case, this.#hidden), this.#table)
    this.#plane.apply(diffTables(this.#table, table))
    this.#table = table
  }

  async #listen(request: Asked): Promise<void> {
    const id = listenerOf(this.#case, request)
    if (this.#ports.has(id)) return
    const source = { workload: 'caller', namespace: this.#case.namespace, app: 'caller', version: 'latest' }
    const port = await this.#plane.listen({ id, address: '127.0.0.1', port: 0, entry: entranceOf(this.#case, request), source })
    this.#ports.set(id, port)
  }

  // The pauses before an entry, and what appears with it.
  async #waitFor({ join = [], waitMs = 0, atMs = 0 }: Asked): Promise<void> {
    if (this.#origin === undefined) await this.#tempo.reach(HEAD_START)
    this.#origin ??= this.#tempo.now()
    for (const endpoint of join) this.#hidden.delete(endpoint)
    if (join.length > 0) this.#applyTable()
    await this.#tempo.reach(Math.max(this.#tempo.now() + waitMs, this.#origin + atMs))
  }

  async #askAll(request: Asked): Promise<Answer[]> {
    const { n = 1, parallel = false, everyMs = 0 } = request
    const answers: Answer[] = []
    const start = this.#tempo.now()
    let caller: Caller | undefined
    for (let at = 0; at < n; at += 1) {
      if (everyMs > 0) await this.#tempo.reach(start + at * everyMs)
      if (caller === undefined || caller.closed || parallel) caller = this.#call(request)
      const answer = caller.ask(requestText(request, this.#tag, this.#case.node), request.method === 'HEAD')
      this.#tag += 1
      answers.push(answer)
      if (!parallel) await this.#tempo.until(() => answer.done, start + ENTRY_MAX)
    }
    await this.#tempo.until(() => answers.every(({ done }) => done), start + ENTRY_MAX)
    return answers
  }

  #call(request: Asked): Caller {
    const caller = new Caller(this.#ports.get(listenerOf(this.#case, request)) ?? 0, this.#tempo)
    this.#callers.push(caller)
    return caller
  }
}

function configOf(each: Case, hidden: ReadonlySet<string>): MeshConfig {
  const config = { ...meshConfigOf(objectsOfCase(each, hidden)), ...(each.locality === undefined ? {} : { locality: each.locality }) }
  return each.node === 'gateway' ? { ...config, gatewayLabels: each.labels ?? {}, gatewayNamespace: each.namespace } : config
}

function listenerOf({ node }: Case, request: Asked): string {
  return node === 'gateway' ? `gateway ${request.port}` : isForProxy(request) ? 'proxy' : `service ${request.port}`
}

function entranceOf({ node, namespace, labels = {} }: Case, request: Asked): Entrance {
  if (node === 'gateway') return { kind: 'gateway', port: request.port }
  const caller = { namespace, labels }
  return isForProxy(request)
    ? { kind: 'mesh', caller }
    : { kind: 'service', host: request.host, port: request.port, declared: true, caller }
}
