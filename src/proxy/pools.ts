// Upstream connections kept between requests: a stack for each endpoint, bounded; and the limits of each cluster. Keyed by the router's
// endpoint slots, which survive a change of their cluster, so pools of unchanged endpoints do too.

import type { ClusterId } from '../route/decision.ts'
import type { Cluster } from '../route/route-table.ts'
import type { ClusterState, EndpointSlot } from '../route/router.ts'
import type { Context } from './context.ts'
import { Outside } from './passthrough.ts'
import { Upstream } from './upstream.ts'
import type { Home } from './upstream.ts'

/** Connections to one endpoint. Owns them while they are idle. */
export class Pool implements Home {
  readonly host: string
  readonly port: number
  readonly #context: Context
  readonly #idle: Upstream[] = []
  #state: ClusterState
  /** Connections there are, busy or idle. */
  open = 0
  /** The endpoint is gone: nothing is kept. */
  #retired = false
  readonly #waiting: (() => void)[] = []

  constructor(context: Context, state: ClusterState, slot: EndpointSlot) {
    this.#context = context
    this.#state = state
    this.host = slot.endpoint.address
    this.port = slot.endpoint.port
  }

  /** The cluster's limits as they are now. */
  follow(state: ClusterState): void {
    this.#state = state
  }

  get connectTimeout(): number {
    return this.#state.cluster.connectTimeout
  }

  get idleTimeout(): number {
    return this.#state.cluster.idleTimeout
  }

  get requestsMax(): number {
    return this.#state.cluster.maxRequestsPerConnection
  }

  /** An idle connection, or a new one; undefined at the cluster's limit of connections (each endpoint may always have one). */
  take(): Upstream | undefined {
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    const { maxConnections } = this.#state.cluster
    if (this.open > 0 && this.open >= maxConnections) return undefined
    this.open++
    return new Upstream(this.#context, this)
  }

  /** Waits for a connection; false when too many wait. `ready` is called once, and then takes. */
  wait(ready: () => void): boolean {
    if (this.#waiting.length >= this.#state.cluster.maxPendingRequests) return false
    this.#waiting.push(ready)
    return true
  }

  stopWaiting(ready: () => void): void {
    const at = this.#waiting.indexOf(ready)
    if (at >= 0) this.#waiting.splice(at, 1)
  }

  onIdle(upstream: Upstream): void {
    if (this.#retired || this.#context.draining) return upstream.destroy()
    if (this.#idle.length >= this.#context.limits.idlePerEndpointMax) {
      this.#context.recorder.reach('idlePerEndpointMax')
      return upstream.destroy()
    }
    this.#idle.push(upstream)
    this.#waiting.shift()?.()
  }

  onClosed(upstream: Upstream): void {
    this.open--
    const at = this.#idle.lastIndexOf(upstream)
    if (at >= 0) this.#idle.splice(at, 1)
    this.#waiting.shift()?.()
  }

  /** Closes what is idle now and whatever becomes idle later. */
  retire(): void {
    this.#retired = true
    for (const upstream of this.#idle.splice(0)) upstream.destroy()
  }
}

/** The pools of all endpoints of one data plane. */
export class Pools {
  readonly outside: Outside = new Outside(this)
  readonly #context: Context
  readonly #pools = new Map<EndpointSlot, Pool>()
  /** Retries in progress by cluster. */
  readonly #retries = new Map<ClusterId, number>()

  constructor(context: Context) {
    this.#context = context
  }

  of(state: ClusterState, slot: EndpointSlot): Pool {
    const known = this.#pools.get(slot)
    if (known !== undefined) {
      known.follow(state)
      return known
    }
    const fresh = new Pool(this.#context, state, slot)
    this.#pools.set(slot, fresh)
    return fresh
  }

  /** Takes one of the cluster's concurrent retries; false when all are taken. */
  beginRetry({ id, maxRetries }: Cluster): boolean {
    const active = this.#retries.get(id) ?? 0
    if (active >= maxRetries) return false
    this.#retries.set(id, active + 1)
    return true
  }

  endRetry({ id }: Cluster): void {
    const active = this.#retries.get(id) ?? 0
    if (active > 1) this.#retries.set(id, active - 1)
    else this.#retries.delete(id)
  }

  /** Endpoints of `before` that `after` has no more lose their pool; undefined removes all. */
  retire(before: ClusterState, after: ClusterState | undefined): void {
    for (const slot of before.slots) {
      if (after?.slots.includes(slot) === true) continue
      this.#pools.get(slot)?.retire()
      this.#pools.delete(slot)
    }
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.retire()
    this.#pools.clear()
  }
}
