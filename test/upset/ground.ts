// A data plane between hostile clients and hostile endpoints: real sockets, virtual time, and at the end the question what is left.

import { Socket, connect } from 'node:net'
import type { Server } from 'node:net'
import { CLUSTER_GAUGES } from '../../src/route/cluster-stats.ts'
import type { ClusterStatName } from '../../src/route/cluster-stats.ts'
import type { Cluster, Endpoint, Route, TableChange } from '../../src/route/route-table.ts'
import { seeded } from '../../src/std/draw.ts'
import type { Millis } from '../../src/std/clock.ts'
import { LONG_READ_SIZE } from '../../src/proxy/buffers.ts'
import { DataPlane } from '../../src/proxy/data-plane.ts'
import type { DataPlaneOptions } from '../../src/proxy/data-plane.ts'
import type { Limits } from '../../src/proxy/limits.ts'
import type { Entry } from '../../src/proxy/listener.ts'
import { SYSTEM_SOCKETS } from '../../src/proxy/transport.ts'
import type { ReadMode, Sockets } from '../../src/proxy/transport.ts'
import { Loopback } from '../observed/loopback.ts'
import { Tempo } from '../observed/tempo.ts'
import { SOURCE, cleanups, cluster, counted, endpoint, forward, table } from '../proxy-plane.ts'
import { HostileServer } from './hostile-server.ts'
import type { Serve } from './hostile-server.ts'
import { Peer } from './peer.ts'
import { Wires } from './wires.ts'

type Forward = Extract<Route['action'], { kind: 'forward' }>

/** What a ground is made of. */
export interface GroundOptions {
  readonly readMode: ReadMode
  /** One for each endpoint. */
  readonly serve: Serve | readonly Serve[]
  readonly limits?: Partial<Limits>
  readonly plane?: Pick<DataPlaneOptions, 'accessLog' | 'openFiles'>
  /** `unanswered`: nobody answers a call of the plane. `some`: some are never answered by the system, so no call is waited for. */
  readonly calls?: 'answered' | 'unanswered' | 'some'
  /** Happens after the reads of a turn of the plane, before what it does late in it. */
  readonly between?: () => void
  readonly entry?: Entry
  readonly cluster?: Partial<Cluster>
  readonly action?: Partial<Forward>
  /** Other rules than that all goes to the endpoints of cluster `c`. */
  readonly rules?: (endpoints: readonly Endpoint[]) => readonly TableChange[]
}

/** Bounds that are met soon: virtual seconds cost real sweeps. */
const LIMITS: Partial<Limits> = {
  headerTimeout: 4000,
  requestTimeout: 8000,
  idleTimeout: 60_000,
  streamIdleTimeout: 6000,
  discardTimeout: 5000,
  drainTimeout: 0
}
const IDLE = 30_000
const TURNS = 20_000

/** The accepted and the opened sockets of one plane. */
class Collected implements Sockets {
  readonly all: Socket[] = []
  readonly soon: Sockets['soon']
  readonly #wires: Wires
  readonly #calls: GroundOptions['calls']
  constructor(wires: Wires, { calls, between = () => undefined }: Pick<GroundOptions, 'calls' | 'between'>) {
    this.#wires = wires
    this.#calls = calls
    this.soon = (work) =>
      SYSTEM_SOCKETS.soon(() => {
        between()
        work()
      })
  }

  connect(options: Parameters<Sockets['connect']>[0]): Socket {
    if (this.#calls === 'unanswered') return new Socket()
    const socket = SYSTEM_SOCKETS.connect(options)
    this.#add(socket)
    return socket
  }

  createServer(options: Parameters<Sockets['createServer']>[0], onSocket: (socket: Socket) => void): Server {
    return SYSTEM_SOCKETS.createServer(options, (socket) => {
      this.#add(socket)
      onSocket(socket)
    })
  }

  #add(socket: Socket): void {
    this.all.push(socket)
    this.#wires.add(socket)
  }
}

interface Parts {
  readonly tempo: Tempo
  readonly loopback: Loopback
  readonly wires: Wires
  readonly servers: readonly HostileServer[]
}

/** Owns a plane, its endpoints and its clients. */
export class Ground {
  readonly tempo: Tempo
  readonly plane: DataPlane
  readonly servers: readonly HostileServer[]
  readonly clients: Peer[] = []
  /** The most bytes that waited in the plane for one socket to take them, and (in mode 'data') read from one and not looked at. */
  readonly peak = { unsent: 0, unread: 0 }
  readonly #sockets: Collected
  readonly #loopback: Loopback
  readonly #wires: Wires
  #port = 0
  #closed = false

  private constructor(parts: Parts, options: GroundOptions) {
    this.tempo = parts.tempo
    this.#loopback = parts.loopback
    this.servers = parts.servers
    this.#wires = parts.wires
    this.#sockets = new Collected(parts.wires, options)
    this.plane = new DataPlane({
      clock: this.tempo.clock,
      monotonic: this.tempo.now,
      draw: seeded(7),
      readMode: options.readMode,
      sockets: this.#sockets,
      limits: { ...LIMITS, ...options.limits },
      sweepPeriod: 100,
      ...options.plane
    })
    const endpoints = this.servers.map(({ port }) => endpoint(port))
    const own = { idleTimeout: IDLE, ...options.cluster }
    this.plane.apply(options.rules?.(endpoints) ?? table([cluster('c', endpoints, own)], [forward([['c', 1]], { ...options.action })]))
  }

  static async open(options: GroundOptions): Promise<Ground> {
    const loopback = await Loopback.open()
    const tempo = new Tempo(loopback)
    const wires = new Wires()
    tempo.busy = () => options.calls !== 'some' && wires.busy
    const serves = typeof options.serve === 'function' ? [options.serve] : options.serve
    const servers = await Promise.all(serves.map((serve) => HostileServer.open({ tempo, wires }, serve)))
    const ground = new Ground({ tempo, loopback, wires, servers }, options)
    ground.#port = await ground.plane.listen({
      id: 'http',
      address: '127.0.0.1',
      port: 0,
      entry: options.entry ?? { kind: 'gateway', port: 80 },
      source: SOURCE
    })
    cleanups.push(() => ground.close())
    return ground
  }

  /** The first endpoint. */
  get server(): HostileServer {
    const [first] = this.servers
    if (first === undefined) throw new Error('a ground without endpoints')
    return first
  }

  /** A client; what it says at once may come before it is connected. */
  call(text = ''): Peer {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    this.#wires.add(socket)
    const peer = new Peer(socket, this.tempo)
    this.clients.push(peer)
    if (text !== '') peer.say(text)
    return peer
  }

  /** Runs until `holds`, at most for so many virtual milliseconds; whether it came to hold. */
  until(holds: () => boolean, most: Millis = 20_000): Promise<boolean> {
    const watched = (): boolean => {
      this.#look()
      return holds()
    }
    return this.tempo.until(watched, this.tempo.now() + most)
  }

  /** Runs for so many virtual milliseconds; 0: until nothing moves. */
  async pass(millis: Millis = 0): Promise<void> {
    await this.until(() => false, millis)
  }

  /** How requests ended for callers: `<status> <flags> <count>`. */
  counted(): string[] {
    return counted(this.plane).map((line) => line.replace(/^\w+ /, ''))
  }

  stat(name: ClusterStatName): number {
    return this.plane.clusters.get('c')?.stats.read(name) ?? 0
  }

  /** A counter of the listener. */
  downstream(name: string): number {
    return this.plane.recorder.counters.snapshot()[`http.outbound_0.0.0.0_80.downstream_${name}`] ?? 0
  }

  /**
   * What is left that should not be, once every client is gone: first with connections of the pools still open, then without. Empty when
   * all is well.
   */
  async leftovers(): Promise<string[]> {
    for (const peer of this.clients) peer.close()
    for (const { peers } of this.servers) for (const peer of peers) peer.hear()
    // Longer than the rest of any request or retry may take.
    await this.pass(12_000)
    const busy = await this.#remaining(() => this.#problems(this.#open()))
    for (const { peers } of this.servers) for (const peer of peers) peer.close()
    await this.pass(2000)
    const failures = this.servers.flatMap((server) => server.failures.map((failure) => `a script failed: ${String(failure)}`))
    return [...failures, ...busy, ...(await this.#remaining(() => [...this.#problems(0), ...this.#after()]))]
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const peer of this.clients) peer.close()
    const drained = this.plane.drain(0)
    await this.pass(1)
    await drained
    await Promise.all(this.servers.map((server) => server.refuse()))
    this.#loopback.close()
  }

  #open(): number {
    return this.servers.reduce((sum, { open }) => sum + open, 0)
  }

  // What stays so for many turns of the event loop: the system tells of ends when it comes to it, and of resets to who writes.
  async #remaining(look: () => string[]): Promise<string[]> {
    let found = look()
    for (let turn = 0; turn < TURNS && found.length > 0; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      found = look()
    }
    return found
  }

  #problems(idle: number): string[] {
    const gauges = CLUSTER_GAUGES.map((name) => [name, this.stat(name), name === 'upstream_cx_active' ? idle : 0] as const)
    const slots = [...this.plane.clusters.values()].flatMap(({ slots }) => slots)
    const open = this.#sockets.all.filter(({ destroyed }) => !destroyed).length
    const checks: (readonly [string, number, number])[] = [
      ...gauges,
      ['requests at endpoints', slots.reduce((sum, { active }) => sum + active, 0), 0],
      ['downstream_cx_active', this.downstream('cx_active'), 0],
      ['open sockets', open, idle],
      ['things with deadlines', this.plane.watched, idle],
      ['client connections', this.plane.load.connections, 0],
      ['requests in flight', this.plane.load.requests, 0],
      ['bytes kept', this.plane.load.kept, 0]
    ]
    return checks.filter(([, have, want]) => have !== want).map(([name, have, want]) => `${name}: ${have} instead of ${want}`)
  }

  // When nothing is open any more.
  #after(): string[] {
    const alarms = this.tempo.clock.next() === undefined ? [] : ['an alarm is set']
    const [opened, closed] = [this.stat('upstream_cx_total'), this.stat('upstream_cx_destroy')]
    const unclosed =
      opened === closed + this.stat('upstream_cx_connect_fail') || opened === closed ? [] : [`${opened} opened, ${closed} closed`]
    const [came, went] = [this.downstream('cx_total'), this.downstream('cx_destroy')]
    const staying = came === went && came === this.clients.length ? [] : [`${this.clients.length} clients, ${came} came, ${went} went`]
    return [...alarms, ...unclosed, ...staying]
  }

  #look(): void {
    const { peak } = this
    for (const { writableLength, readableLength, destroyed } of this.#sockets.all) {
      if (destroyed) continue
      peak.unsent = Math.max(peak.unsent, writableLength)
      peak.unread = Math.max(peak.unread, readableLength)
    }
  }
}

/** The most that may wait for one socket: what stops its writer, and one read more, long while nothing had to wait. */
export const UNSENT_MAX = 32_768 + LONG_READ_SIZE + 1024
/** What Node itself keeps of a socket that is not to be read: it stops at 64 KB, a read too late. */
export const UNREAD_MAX = 2 * 65_536
