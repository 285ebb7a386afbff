// Upstream connections kept between requests: a stack for each endpoint, bounded; and the limits of each cluster. Keyed by the router's
// endpoint slots, which survive a change of their cluster, so pools of unchanged endpoints do too.

import { STAT } from '../route/cluster-stats.ts'
import type { ClusterStats } from '../route/cluster-stats.ts'
import type { ClusterState, EndpointSlot } from '../route/router.ts'
import type { ConnectFailure } from './connect-failure.ts'
import type { Context } from './context.ts'
import { Copies } from './copies.ts'
import { InboundSides } from './inbound.ts'
import { Outside } from './passthrough.ts'
import { Upstream } from './upstream.ts'
import type { Home } from './upstream.ts'

/** Why there will be no connection. */
export type PoolFailure = ConnectFailure

/** Who wants a connection. It hears once of one of these, unless it cancels first. */
export interface Waiter {
  /** A kept connection turned out to be closed: a new one is wanted, where one may be opened. */
  readonly fresh?: boolean
  /** A connection to begin on in this turn. */
  onConnection(upstream: Upstream): void
  onRefused(failure: PoolFailure, refusal?: string): void
  /** The endpoint is gone: another is to be chosen. */
  onRetired(): void
}

/**
 * Connections to one endpoint, and who waits for one. A request waits for whichever is free first, an opened or a kept one. The limits
 * are those of the cluster over all its endpoints; each endpoint may always have one connection (istio.md 2.6). Owns idle connections.
 */
export class Pool implements Home {
  readonly host: string
  readonly port: number
  readonly #context: Context
  readonly #idle: Upstream[] = []
  readonly #opening = new Set<Upstream>()
  readonly #waiting: Waiter[] = []
  #state: ClusterState
  /** Connections there are: opening, busy or idle. */
  #open = 0
  /** The endpoint is gone: nothing is kept. */
  #retired = false

  constructor(context: Context, state: ClusterState, slot: EndpointSlot) {
    this.#context = context
    this.#state = state
    this.host = slot.endpoint.address
    this.port = slot.endpoint.port
  }

  /** The cluster's limits as they are now. */
  follow(state: ClusterState): void {
    if (state === this.#state) return
    this.#state = state
    for (const upstream of this.#idle) this.#context.sweep.wake(upstream)
  }

  get cluster(): string {
    return this.#state.cluster.id
  }

  get connectTimeout(): number {
    return this.#state.cluster.connectTimeout
  }

  get idleTimeout(): number {
    return this.#state.cluster.idleTimeout
  }

  get connectionDuration(): number {
    return this.#state.cluster.maxConnectionDuration
  }

  get keepAlive(): number | undefined {
    return this.#state.cluster.keepAlive
  }

  get requestsMax(): number {
    return this.#state.cluster.maxRequestsPerConnection
  }

  get stats(): ClusterStats {
    return this.#state.stats
  }

  /** Serves the waiter now or later, or refuses it. */
  request(waiter: Waiter): void {
    const idle = waiter.fresh === true && this.#mayOpen ? undefined : this.#takeIdle()
    if (idle !== undefined) return this.#attach(idle, waiter)
    const { stats, cluster } = this.#state
    if (stats.at(STAT.upstream_rq_pending_active) >= cluster.maxPendingRequests) {
      stats.add(STAT.upstream_rq_pending_overflow)
      return waiter.onRefused('overflow')
    }
    stats.add(STAT.upstream_rq_pending_total)
    stats.add(STAT.upstream_rq_pending_active)
    this.#waiting.push(waiter)
    this.#grow()
  }

  // Whether a request may wait for a connection of its own.
  get #mayOpen(): boolean {
    const { stats, cluster } = this.#state
    if (stats.at(STAT.upstream_rq_pending_active) >= cluster.maxPendingRequests) return false
    return this.#open === 0 || stats.at(STAT.upstream_cx_active) < cluster.maxConnections
  }

  /** It no longer wants one. */
  cancel(waiter: Waiter): void {
    const at = this.#waiting.indexOf(waiter)
    if (at < 0) return
    this.#waiting.splice(at, 1)
    this.stats.add(STAT.upstream_rq_pending_active, -1)
    this.stats.add(STAT.upstream_rq_cancelled)
  }

  onConnected(upstream: Upstream): void {
    this.#opening.delete(upstream)
    this.#serve(upstream)
  }

  onIdle(upstream: Upstream): void {
    this.#serve(upstream)
  }

  onClosed(upstream: Upstream, failure: ConnectFailure | undefined): void {
    this.#open--
    this.stats.add(STAT.upstream_cx_active, -1)
    const at = this.#idle.lastIndexOf(upstream)
    if (at >= 0) this.#idle.splice(at, 1)
    if (failure === undefined) return this.#grow()
    this.#opening.delete(upstream)
    if (failure === 'overflow') {
      this.stats.add(STAT.upstream_cx_overflow)
      // Who waits gets the next that is free, as at the cluster's own limit.
      if (this.#open > 0) return this.#serveWaiting()
    } else this.stats.add(STAT.upstream_cx_connect_fail)
    if (failure === 'connect-timeout') this.stats.add(STAT.upstream_cx_connect_timeout)
    // An endpoint that cannot be reached has nothing for those who wait either: they may choose another.
    for (const waiter of this.#unqueue()) {
      this.stats.add(STAT.upstream_rq_pending_failure_eject)
      waiter.onRefused(failure, upstream.refusal)
    }
  }

  /** Closes what is idle now and whatever becomes idle later; who waits chooses again. */
  retire(): void {
    this.#retired = true
    for (const upstream of this.#idle.splice(0)) upstream.destroy()
    for (const waiter of this.#unqueue()) waiter.onRetired()
  }

  // The newest that is still open: one that was ended in this turn of the event loop is told to be closed at the end of it.
  #takeIdle(): Upstream | undefined {
    let newest = this.#idle.pop()
    while (newest?.socket.destroyed === true) newest = this.#idle.pop()
    return newest
  }

  #unqueue(): Waiter[] {
    const waiting = this.#waiting.splice(0)
    this.stats.add(STAT.upstream_rq_pending_active, -waiting.length)
    return waiting
  }

  #serve(upstream: Upstream): void {
    if (this.#waiting.length === 0 && (this.#retired || this.#context.draining)) return upstream.destroy()
    this.#idle.push(upstream)
    this.#serveWaiting()
    if (this.#idle.length <= this.#context.limits.idlePerEndpointMax) return
    this.#context.recorder.reach('idlePerEndpointMax')
    this.#idle.pop()?.destroy()
  }

  #serveWaiting(): void {
    for (let waiter = this.#waiting[0]; waiter !== undefined; waiter = this.#waiting[0]) {
      const next = this.#takeIdle()
      if (next === undefined) return
      this.#waiting.shift()
      this.stats.add(STAT.upstream_rq_pending_active, -1)
      this.#attach(next, waiter)
    }
  }

  #attach(upstream: Upstream, waiter: Waiter): void {
    const { stats, cluster } = this.#state
    if (stats.at(STAT.upstream_rq_active) < cluster.maxRequests) return waiter.onConnection(upstream)
    stats.add(STAT.upstream_rq_active_overflow)
    this.#idle.push(upstream)
    waiter.onRefused('overflow')
  }

  // Opens a connection for a request that waits without one being opened for it, where the cluster's limit allows.
  #grow(): void {
    if (this.#opening.size >= this.#waiting.length) return
    const { stats, cluster } = this.#state
    if (this.#open > 0 && stats.at(STAT.upstream_cx_active) >= cluster.maxConnections) {
      stats.add(STAT.upstream_cx_overflow)
      return
    }
    this.#open++
    stats.add(STAT.upstream_cx_total)
    stats.add(STAT.upstream_cx_http1_total)
    stats.add(STAT.upstream_cx_active)
    this.#opening.add(new Upstream(this.#context, this))
  }
}

/** Retries that may be under way at a time (envoy.md 5.5): a budget counts the requests in flight and those that wait. */
export function retriesMax({ cluster: { maxRetries, retryBudget }, stats }: Pick<ClusterState, 'cluster' | 'stats'>): number {
  if (retryBudget === undefined) return maxRetries
  const requests = stats.at(STAT.upstream_rq_active) + stats.at(STAT.upstream_rq_pending_active)
  return Math.max(retryBudget.minimum, Math.floor((retryBudget.percent / 100) * requests))
}

/** Takes one of the cluster's concurrent retries; false when all are taken. */
export function beginRetry(state: ClusterState): boolean {
  const { stats } = state
  if (stats.at(STAT.upstream_rq_retry_active) >= retriesMax(state)) {
    stats.add(STAT.upstream_rq_retry_overflow)
    return false
  }
  stats.add(STAT.upstream_rq_retry_active)
  return true
}

/** Gives back what beginRetry took. */
export function endRetry({ stats }: ClusterState): void {
  stats.add(STAT.upstream_rq_retry_active, -1)
}

/** The pools of all endpoints of one data plane. */
export class Pools {
  readonly outside: Outside
  readonly copies: Copies
  /** What the sidecars of called pods refuse. */
  readonly inbound: InboundSides
  readonly #context: Context
  readonly #pools = new Map<EndpointSlot, Pool>()
  // Endpoints that are gone; a request that began before may still have to go there.
  readonly #gone = new WeakSet<EndpointSlot>()
  // Those of them that may have requests in hand.
  readonly #leaving = new Set<EndpointSlot>()

  constructor(context: Context) {
    this.#context = context
    const { limits, recorder } = context
    this.outside = new Outside(this, limits.outsideAddressesMax, () => recorder.reach('outsideAddressesMax'))
    this.copies = new Copies(context, this)
    this.inbound = new InboundSides(context)
  }

  of(state: ClusterState, slot: EndpointSlot): Pool {
    const known = this.#pools.get(slot)
    if (known !== undefined) {
      known.follow(state)
      return known
    }
    const fresh = new Pool(this.#context, state, slot)
    // Nobody would take it out again.
    if (this.#gone.has(slot)) fresh.retire()
    else this.#pools.set(slot, fresh)
    return fresh
  }

  /** Endpoints that have connections, or had. */
  get size(): number {
    return this.#pools.size
  }

  /** Endpoints of `before` that `after` has no more lose their pool; undefined removes all. */
  retire(before: ClusterState, after: ClusterState | undefined): void {
    this.#forgetQuiet()
    for (const slot of before.slots) {
      if (after?.slots.includes(slot) === true) continue
      this.#gone.add(slot)
      if (slot.active > 0) this.#leaving.add(slot)
      this.#pools.get(slot)?.retire()
      this.#pools.delete(slot)
    }
  }

  /** Whether a request is in hand at endpoints of this address that are gone. */
  isBusy(address: string): boolean {
    this.#forgetQuiet()
    for (const slot of this.#leaving) if (slot.endpoint.address === address) return true
    return false
  }

  #forgetQuiet(): void {
    for (const slot of this.#leaving) if (slot.active === 0) this.#leaving.delete(slot)
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.retire()
    this.#pools.clear()
  }
}
