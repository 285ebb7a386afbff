// One connection whose bytes pass as they are, from the client to an endpoint: where it goes is decided once, when it comes. Each side's end
// is passed on by itself, a reset as a reset; a reader stops while too much waits for the other side.

import type { Socket } from 'node:net'
import { chooseEndpoint } from '../route/balance.ts'
import { STAT } from '../route/cluster-stats.ts'
import { decide } from '../route/decide.ts'
import type { Decision } from '../route/decision.ts'
import type { RequestFacts, ScopeId } from '../route/request-facts.ts'
import type { ClusterState, EndpointSlot } from '../route/router.ts'
import type { Millis } from '../std/clock.ts'
import type { ListenerCells } from './cells.ts'
import { connectFailureOf } from './connect-failure.ts'
import type { ConnectFailure } from './connect-failure.ts'
import type { Context } from './context.ts'
import { addressOf } from './known-facts.ts'
import type { Ends, Place } from './known-facts.ts'
import { SYSTEM_LIMIT } from './limits.ts'
import { readServerName } from './server-name.ts'
import { StreamAccount } from './stream-account.ts'
import { BUSY } from './sweep.ts'
import type { Swept } from './sweep.ts'

/** What a connection needs to know of the listener that accepted it. */
export interface StreamEntrance {
  readonly scope: ScopeId
  readonly cells: ListenerCells
  readonly place: Place
  /** The server name of TLS is read first. */
  readonly named: boolean
  onClosed(stream: Stream): void
}

type Forward = Extract<Decision, { kind: 'forward' }>
type Phase = 'name' | 'connecting' | 'open' | 'closed'

const NEVER = Number.POSITIVE_INFINITY
const NO_PIECES: readonly Buffer[] = []
/** Envoy's flags where there will be no connection: of Istio's one try, the last has failed. */
const FAILED: Readonly<Record<ConnectFailure, string>> = {
  'connect-failure': 'UF,URX',
  'connect-timeout': 'UF,URX',
  'dns-failure': 'UF,URX',
  overflow: 'UO'
}

/** Owns both sockets of a connection. */
export class Stream implements Swept {
  place = -1
  slot = BUSY
  readonly #context: Context
  readonly #entrance: StreamEntrance
  readonly #socket: Socket
  readonly #ends: Ends
  readonly #account: StreamAccount
  #phase: Phase
  #upstream: Socket | undefined
  #state: ClusterState | undefined
  #target: EndpointSlot | undefined
  /** What came while the server name was read. */
  #first: readonly Buffer[] = NO_PIECES
  #deadline: Millis
  #heardAt: Millis
  #endsAt: Millis = NEVER
  #endedHere = false
  /** Sides that are not closed yet. */
  #sides = 1

  constructor(context: Context, entrance: StreamEntrance, socket: Socket) {
    this.#context = context
    this.#entrance = entrance
    this.#socket = socket
    const { remoteAddress = '127.0.0.1', remotePort, localAddress = '', localPort } = socket
    this.#ends = { remote: addressOf(remoteAddress, remotePort), local: addressOf(localAddress, localPort) }
    this.#heardAt = context.monotonic()
    const { cells, place } = entrance
    this.#account = new StreamAccount({ cells, place, client: this.#ends, log: context.accessLog, started: this.#heardAt })
    this.#phase = entrance.named ? 'name' : 'connecting'
    this.#deadline = this.#heardAt + context.limits.headerTimeout
    socket.on('error', (error: NodeJS.ErrnoException) => this.#onReset(this.#upstream, error))
    socket.on('close', () => this.#onClose())
    context.sweep.add(this)
    if (entrance.named) this.#readName()
    else this.#begin('')
  }

  /** Ends it at once, as a listener does that has waited long enough. */
  destroy(): void {
    this.#endedHere = true
    this.#socket.destroy()
    this.#upstream?.destroy()
  }

  sweep(now: Millis): Millis {
    const { cluster } = this.#state ?? {}
    switch (this.#phase) {
      case 'name':
        // Whoever says nothing names nobody.
        if (now >= this.#deadline) this.#begin('')
        return this.#deadline
      case 'connecting':
        if (now >= this.#deadline) this.#fail('connect-timeout')
        return this.#deadline
      case 'open': {
        const idle = cluster?.idleTimeout ?? 0
        const idleAt = idle > 0 ? this.#heardAt + idle : NEVER
        if (now >= this.#endsAt) this.#stop('DT', STAT.upstream_cx_max_duration_reached)
        else if (now >= idleAt) this.#stop('SI', STAT.upstream_cx_idle_timeout)
        return Math.min(idleAt, this.#endsAt)
      }
      case 'closed':
        return NEVER
    }
  }

  #stop(flags: string, stat: number): void {
    this.#account.flag(flags)
    this.#state?.stats.add(stat)
    this.destroy()
  }

  #readName(): void {
    let bytes: Buffer = Buffer.alloc(0)
    const take = (piece: Buffer): void => {
      bytes = bytes.length === 0 ? piece : Buffer.concat([bytes, piece])
      const name = readServerName(bytes)
      if (name.kind === 'more') return
      over()
      this.#begin(name.name)
    }
    const end = (): void => {
      over()
      this.#begin('')
    }
    const over = (): void => {
      this.#socket.off('data', take)
      this.#socket.off('end', end)
      this.#socket.pause()
      if (bytes.length > 0) this.#first = [bytes]
    }
    this.#socket.on('data', take)
    this.#socket.on('end', end)
    this.#socket.resume()
  }

  #begin(name: string): void {
    if (this.#socket.destroyed) return
    const { draw, monotonic, router } = this.#context
    const decision = decide(router, this.#entrance.scope, factsOf(this.#ends, name), draw)
    const account = this.#account
    account.serverName = name
    account.route = 'route' in decision ? decision.route : undefined
    if (decision.kind !== 'forward') return this.#refuse(isMissing(decision) ? 'NC' : 'NR')
    const now = monotonic()
    const state = router.clusters.get(decision.cluster)
    account.cluster = decision.cluster
    this.#state = state
    const slot = state === undefined ? undefined : this.#choose(state, decision, now)
    if (state !== undefined && slot !== undefined) this.#connect(state, slot, now)
  }

  #choose(state: ClusterState, { hash }: Forward, now: Millis): EndpointSlot | undefined {
    const { stats, cluster } = state
    // A connection in use is not given back: whoever waited for one would wait for ever.
    if (stats.at(STAT.upstream_cx_active) >= cluster.maxConnections) {
      stats.add(STAT.upstream_cx_overflow)
      this.#refuse('UO')
      return undefined
    }
    const slot = chooseEndpoint(state, { now, draw: this.#context.draw, hash })
    if (slot !== undefined) return slot
    stats.add(STAT.upstream_cx_none_healthy)
    this.#refuse('UH')
    return undefined
  }

  #refuse(flags: string): void {
    this.#account.flag(flags)
    this.#socket.destroy()
  }

  #connect({ stats, cluster }: ClusterState, slot: EndpointSlot, now: Millis): void {
    const { address, port } = slot.endpoint
    this.#phase = 'connecting'
    this.#deadline = now + cluster.connectTimeout
    this.#target = slot
    this.#account.tried(slot)
    slot.active++
    stats.add(STAT.upstream_cx_total)
    stats.add(STAT.upstream_cx_active)
    const { locate, sockets, sweep } = this.#context
    const upstream = sockets.connect({ ...locate(address, port, cluster.id), noDelay: true, allowHalfOpen: true })
    this.#upstream = upstream
    this.#sides = 2
    upstream.on('connect', () => this.#onConnect(upstream))
    upstream.on('error', (error: NodeJS.ErrnoException) => this.#onUpstreamError(error))
    upstream.on('close', () => this.#onClose())
    sweep.wake(this)
  }

  #onConnect(upstream: Socket): void {
    const { sweep, monotonic } = this.#context
    const [state, slot] = [this.#state, this.#target]
    if (state === undefined || slot === undefined || this.#phase !== 'connecting') return
    const { cluster, stats } = state
    const now = monotonic()
    this.#phase = 'open'
    this.#heardAt = now
    if (cluster.maxConnectionDuration > 0) this.#endsAt = now + cluster.maxConnectionDuration
    if (cluster.keepAlive !== undefined) upstream.setKeepAlive(true, cluster.keepAlive)
    stats.add(STAT.upstream_rq_total)
    stats.add(STAT.upstream_rq_active)
    this.#report('opened', now)
    // Where failures are not told apart, a connection is a success like an answer.
    this.#report(200, now)
    const account = this.#account
    account.upstreamLocal = addressOf(upstream.localAddress ?? '', upstream.localPort)
    account.opened(cluster, slot)
    for (const piece of this.#first) this.#pass(piece, this.#socket, upstream, (length) => account.addReceived(length))
    this.#first = NO_PIECES
    this.#join(this.#socket, upstream, (length) => account.addReceived(length))
    this.#join(upstream, this.#socket, (length) => account.addSent(length))
    sweep.wake(this)
  }

  // From now on what one side says, the other hears, until both have ended.
  #join(from: Socket, to: Socket, count: (length: number) => void): void {
    from.on('data', (piece: Buffer) => this.#pass(piece, from, to, count))
    if (from.readableEnded) to.end()
    else from.on('end', () => to.end())
    from.resume()
  }

  #pass(piece: Buffer, from: Socket, to: Socket, count: (length: number) => void): void {
    const { kept, recorder, sweep } = this.#context
    this.#heardAt = sweep.now
    count(piece.length)
    kept.take(piece.length)
    to.write(piece, () => {
      kept.give(piece.length)
      if (from.isPaused() && to.writableLength <= kept.waitingMax) from.resume()
    })
    if (to.writableLength <= kept.waitingMax) return
    recorder.reach('pendingBytesMax')
    from.pause()
  }

  #onUpstreamError(error: NodeJS.ErrnoException): void {
    if (this.#phase !== 'connecting') return this.#onReset(this.#socket, error)
    const { failure, refusal } = connectFailureOf(error)
    if (failure === 'overflow') this.#context.recorder.reach(SYSTEM_LIMIT)
    this.#account.refusal = refusal
    this.#fail(failure)
  }

  #fail(failure: ConnectFailure): void {
    const stats = this.#state?.stats
    if (failure === 'overflow') stats?.add(STAT.upstream_cx_overflow)
    else {
      stats?.add(STAT.upstream_cx_connect_fail)
      this.#report(failure === 'connect-timeout' ? 'timeout' : 'connect-failure', this.#context.monotonic())
    }
    if (failure === 'connect-timeout') stats?.add(STAT.upstream_cx_connect_timeout)
    this.#account.flag(FAILED[failure])
    this.destroy()
  }

  #report(result: Parameters<Context['ejections']['report']>[2], now: Millis): void {
    if (this.#state !== undefined && this.#target !== undefined) this.#context.ejections.report(this.#state, this.#target, result, now)
  }

  // A side was cut off: so is the other, which may not take what it has for all there is.
  #onReset(other: Socket | undefined, error: NodeJS.ErrnoException): void {
    if (other === this.#upstream && this.#phase !== 'open') this.#account.flag('DC')
    const isCut = error.code === 'ECONNRESET' || error.code === 'EPIPE'
    // A socket that has begun to end cannot be reset: libuv refuses it, and Node then never says that it is closed.
    if (isCut && other?.writableEnded === false) other.resetAndDestroy()
    else other?.destroy()
  }

  #onClose(): void {
    this.#sides--
    if (this.#sides > 0) {
      // One side alone has nothing to say to anybody, once what waits for it is written.
      const other = this.#socket.destroyed ? this.#upstream : this.#socket
      if (this.#phase !== 'open') other?.destroy()
      else if (other?.writableEnded === false) other.end()
      return
    }
    this.#finish()
  }

  #finish(): void {
    const { monotonic, sweep } = this.#context
    const [state, slot] = [this.#state, this.#target]
    const wasOpen = this.#phase === 'open'
    this.#phase = 'closed'
    sweep.remove(this)
    if (state !== undefined && slot !== undefined) {
      slot.active--
      state.stats.add(STAT.upstream_cx_active, -1)
      if (wasOpen) state.stats.add(STAT.upstream_rq_active, -1)
      state.stats.closed(this.#endedHere ? 'local' : 'remote', 'none')
    }
    this.#account.closed(state?.cluster, monotonic())
    this.#entrance.onClosed(this)
  }
}

/** A connection as rules see it: a request that says nothing but a name, as its authority. */
function factsOf({ remote, local }: Ends, name: string): RequestFacts {
  return { method: '', path: '/', authority: name, scheme: 'http', remote, local, header: () => undefined }
}

function isMissing(decision: Decision): boolean {
  return decision.kind === 'no-route' && decision.because === 'no-destination'
}
