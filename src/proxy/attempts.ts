// The tries of one request: an endpoint is chosen, its pool asked for a connection, the connection left again; and what each try says of its
// endpoint to the counts of the cluster and to outlier detection. What follows from the end of a try is for who tries to say.

import { chooseEndpoint } from '../route/balance.ts'
import { STAT } from '../route/cluster-stats.ts'
import type { TryResult } from '../route/outlier.ts'
import type { ClusterState, EndpointSlot } from '../route/router.ts'
import type { Millis } from '../std/clock.ts'
import type { Context } from './context.ts'
import type { ExchangeStart } from './downstream.ts'
import type { InboundVerdict } from './inbound.ts'
import { isAnywhere } from './passthrough.ts'
import type { Pool, PoolFailure, Pools, Waiter } from './pools.ts'
import { Retries } from './retries.ts'
import type { Upstream } from './upstream.ts'

/** Who tries. It hears once of each try whether there is a connection for it. */
export interface Trying {
  /** There is one, on which nothing was sent yet. */
  onReached(upstream: Upstream, now: Millis): void
  onUnreached(failure: 'no-healthy-upstream' | PoolFailure): void
}

/** Owns where one request is tried. */
export class Attempts implements Waiter {
  /** The destination as the last try saw it. */
  state: ClusterState
  /** The connection of the try in progress. */
  upstream: Upstream | undefined
  /** The endpoint of that connection, or the one that was reached or refused last. */
  slot: EndpointSlot | undefined
  /** What the sidecar of the called pod does with this try. */
  side: InboundVerdict | undefined
  /** A kept connection of the endpoint was closed: others may be too, as when it restarts. */
  fresh = false
  /** Why the last try got no connection, where the system said so. */
  refusal: string | undefined
  readonly retries: Retries
  readonly #context: Context
  readonly #pools: Pools
  readonly #from: ExchangeStart
  readonly #trying: Trying
  // Where the try in progress goes, and the pool that it waits in.
  #chosen: EndpointSlot | undefined
  #waitsIn: Pool | undefined
  // The time of a try while its pool is asked: most have a connection at once.
  #askedAt: Millis | undefined

  constructor(shared: { readonly context: Context; readonly pools: Pools }, from: ExchangeStart, trying: Trying) {
    this.#context = shared.context
    this.#pools = shared.pools
    this.#from = from
    this.#trying = trying
    this.state = from.state
    this.retries = new Retries(from.decision.retry)
  }

  /** Tries begun so far. */
  get tries(): number {
    return this.retries.tries
  }

  /** The called pod's sidecar answers the try in progress, since a limit was reached. */
  get limited(): boolean {
    return this.side?.answer !== undefined
  }

  /** Begins a try. It sees the endpoints of now; the rules are those the request started with. */
  begin(now: Millis): void {
    const { router, draw } = this.#context
    const { cluster, hash } = this.#from.decision
    const newer = router.clusters.get(cluster)
    if (newer !== undefined && !isAnywhere(newer)) this.state = newer
    const { tried, priorities } = this.retries
    const slot = chooseEndpoint(this.state, { now, draw, hash, tried, priorities })
    if (slot === undefined) {
      this.state.stats.add(STAT.upstream_cx_none_healthy)
      return this.#trying.onUnreached('no-healthy-upstream')
    }
    this.#chosen = slot
    this.retries.begin(slot)
    this.#askedAt = now
    this.#waitsIn = this.#pools.of(this.state, slot)
    this.#waitsIn.request(this)
    this.#askedAt = undefined
  }

  onConnection(upstream: Upstream): void {
    const { stats } = this.state
    const slot = this.#chosen
    const now = this.#askedAt ?? this.#context.monotonic()
    this.#waitsIn = undefined
    this.upstream = upstream
    this.slot = slot
    if (slot !== undefined) slot.active++
    this.report('opened', now)
    stats.add(STAT.upstream_rq_total)
    stats.add(STAT.upstream_rq_active)
    this.side = slot === undefined ? undefined : this.#pools.inbound.ask(this.state, slot, this.#from)
    this.#trying.onReached(upstream, now)
  }

  onRefused(failure: PoolFailure, refusal?: string): void {
    this.#waitsIn = undefined
    this.refusal = refusal
    if (failure !== 'overflow') {
      this.report('connect-failure', this.#context.monotonic())
      this.slot = this.#chosen
    }
    this.#trying.onUnreached(failure)
  }

  onRetired(): void {
    this.#waitsIn = undefined
    this.begin(this.#context.monotonic())
  }

  /** Tells outlier detection what the try in progress says about its endpoint. */
  report(result: TryResult, now: Millis): void {
    if (this.#chosen !== undefined) this.#context.ejections.report(this.state, this.#chosen, result, now)
  }

  /** Waits for no connection any more. */
  cancel(): void {
    this.#waitsIn?.cancel(this)
    this.#waitsIn = undefined
  }

  /** Leaves the connection: back in its pool already, when it `answered`, else to be closed. */
  leave(answered: boolean): void {
    const { upstream } = this
    if (upstream === undefined) return
    if (this.slot !== undefined) this.slot.active--
    this.state.stats.add(STAT.upstream_rq_active, -1)
    this.upstream = undefined
    if (!answered) upstream.destroy()
  }
}
