// Mirrored requests: sent beside the request, their answers read and dropped (istio.md 1.11, envoy.md 10). Nobody waits for a copy, and what
// is kept for one is bounded: a copy that is too slow is given up, and too many at once are not begun.

import { chooseEndpoint } from '../route/balance.ts'
import { STAT } from '../route/cluster-stats.ts'
import type { TryResult } from '../route/outlier.ts'
import type { ClusterState, EndpointSlot } from '../route/router.ts'
import type { Millis } from '../std/clock.ts'
import type { ListenerCells } from './cells.ts'
import type { Context } from './context.ts'
import type { ExchangeStart } from './downstream.ts'
import { HeadText, NO_HEAD } from './head-text.ts'
import { head } from './head.ts'
import type { Known } from './known-facts.ts'
import { knownInbound, requestOf, serviceTime } from './known.ts'
import type { Pool, PoolFailure, Pools, Waiter } from './pools.ts'
import { BUSY } from './sweep.ts'
import type { Swept } from './sweep.ts'
import type { Upstream } from './upstream.ts'
import type { UpstreamUser } from './upstream-user.ts'

/** What all copies of one request have in common. */
export interface CopyStart {
  /** Head as it goes to the chosen destination at the first try, without the blank line. */
  readonly head: string
  readonly method: string
  /** The address that the client called, `ip:port`. */
  readonly local: string
  /** Of the route; 0: none. */
  readonly timeout: Millis
  readonly hash: bigint | undefined
  readonly cells: ListenerCells
  /** The request that is copied. */
  readonly from: ExchangeStart
}

const NEVER = Number.POSITIVE_INFINITY
const FORWARDED_FOR = /^x-forwarded-for:[^\r]*/im

/** The copies in flight of one data plane. Owns their number. */
export class Copies {
  readonly #context: Context
  readonly #pools: Pools
  #active = 0

  constructor(context: Context, pools: Pools) {
    this.#context = context
    this.#pools = pools
  }

  /** Begins a copy to a cluster, with what is there of the body; undefined when there is no such cluster, no endpoint, or no room. */
  begin(cluster: string, start: CopyStart, body: string): Copy | undefined {
    const state = this.#context.router.clusters.get(cluster)
    const slot = state === undefined ? undefined : chooseEndpoint(state, { now: this.#context.monotonic(), draw: this.#context.draw })
    if (state === undefined || slot === undefined) return undefined
    if (this.#active >= this.#context.limits.copiesMax) {
      this.#context.recorder.reach('copiesMax')
      return undefined
    }
    if (!this.#context.kept.spares()) return undefined
    this.#active++
    const copy = new Copy(this.#context, { ...start, state, slot, body }, () => this.#active--)
    copy.send(this.#pools.of(state, slot))
    return copy
  }
}

const HOST = /^(host: *)([^\r:]*)/im

/** The head of a copy: it says that it comes from inside, and by whom, and with `shadow` that its host is one (envoy.md 10). */
export function copyHead(text: string, local: string, shadow: boolean): string {
  const own = local.slice(0, local.lastIndexOf(':'))
  const named = FORWARDED_FOR.test(text)
  const lines = named ? text.replace(FORWARDED_FOR, (line) => `${line},${own}`) : `${text}x-forwarded-for: ${own}\r\n`
  const told = shadow ? lines.replace(HOST, '$1$2-shadow') : lines
  return `${told}x-envoy-internal: true\r\n\r\n`
}

interface CopyOf extends CopyStart {
  readonly state: ClusterState
  readonly slot: EndpointSlot
  readonly body: string
}

/** One mirrored request. */
export class Copy implements UpstreamUser, Waiter, Swept {
  place = -1
  slot = BUSY
  readonly bodiless: boolean
  readonly wantsUpgrade = false
  readonly bare = false
  requestDone = false
  readonly #context: Context
  readonly #of: CopyOf
  readonly #onEnd: () => void
  readonly #started: Millis
  readonly #head: string
  // What waits for a connection, latin1.
  #kept: string
  #pool: Pool | undefined
  #upstream: Upstream | undefined
  #deadline = NEVER
  #lastByte: Millis
  #status = 0
  #answeredAt: Millis | undefined
  // Counted among what is kept.
  #waiting = 0
  // With the framing of chunks.
  #received = 0
  #ended = false

  constructor(context: Context, of: CopyOf, onEnd: () => void) {
    this.#context = context
    this.#of = of
    this.#onEnd = onEnd
    this.bodiless = of.method === 'HEAD'
    this.#head = copyHead(of.head, of.local, context.shadowHosts)
    this.#kept = this.#head + of.body
    this.#received = of.body.length
    this.#count(this.#kept.length)
    this.#started = context.monotonic()
    this.#lastByte = context.sweep.now
    context.sweep.add(this)
  }

  /** Asks the endpoint's pool for a connection. */
  send(pool: Pool): void {
    this.#pool = pool
    pool.request(this)
  }

  /** More of the body. A copy that cannot take it is given up. */
  onRequestBytes(bytes: Buffer, from: number, to: number): void {
    if (this.#ended) return
    const text = bytes.toString('latin1', from, to)
    this.#received += text.length
    if (this.#upstream === undefined) this.#kept += text
    else this.#upstream.socket.write(text, 'latin1')
    const waiting = this.#kept.length + (this.#upstream?.socket.writableLength ?? 0)
    this.#count(waiting)
    if (waiting <= this.#context.limits.copyBytesMax) return
    this.#context.recorder.reach('copyBytesMax')
    this.#end()
  }

  #count(waiting: number): void {
    this.#context.kept.take(waiting - this.#waiting)
    this.#waiting = waiting
  }

  /** The request was sent whole: the route's time starts for the copy too. */
  onRequestDone(now: Millis): void {
    this.requestDone = true
    if (this.#of.timeout > 0) this.#deadline = now + this.#of.timeout
  }

  /** The client went away in the middle of its request. */
  abort(): void {
    if (!this.requestDone) this.#end()
  }

  sweep(now: Millis): Millis {
    if (now >= this.#deadline && this.#upstream !== undefined && this.#status === 0) this.#report('timeout')
    if (now >= this.#deadline || now - this.#lastByte >= this.#context.limits.streamIdleTimeout) this.#end()
    return now
  }

  onConnection(upstream: Upstream): void {
    const { stats } = this.#of.state
    this.#pool = undefined
    this.#upstream = upstream
    this.#of.slot.active++
    stats.add(STAT.upstream_rq_total)
    stats.add(STAT.upstream_rq_active)
    this.#report('opened')
    upstream.begin(this, this.#kept)
    this.#kept = ''
    this.#count(upstream.socket.writableLength)
  }

  onRefused(failure: PoolFailure): void {
    if (failure !== 'overflow') this.#report('connect-failure')
    this.onRetired()
  }

  onRetired(): void {
    this.#pool = undefined
    this.#end()
  }

  onHead(): number {
    this.#status = head.status
    this.#answeredAt = this.#context.monotonic()
    this.#report(head.status)
    this.#of.state.stats.answered(head.status)
    return head.end
  }

  onBytes(): void {
    this.#lastByte = this.#context.sweep.now
  }

  // The connection is back in its pool already.
  onAnswered(): void {
    this.#leave()
    this.#upstream = undefined
    this.#end()
  }

  onFailure(): void {
    this.#report('reset')
    this.#end()
  }

  // A copy is a request like any other to the endpoint's outlier detection.
  #report(result: TryResult): void {
    this.#context.ejections.report(this.#of.state, this.#of.slot, result)
  }

  onTunnelEnd(): void {
    this.#end()
  }

  #leave(): void {
    const { slot, state, cells } = this.#of
    slot.active--
    state.stats.add(STAT.upstream_rq_active, -1)
    this.#log()
    if (this.#status === 0) return
    // Only the called side counts a copy: for the caller's side there was one request.
    cells.peers(state.cluster, slot).destination.record(this.#status, '-', this.#context.monotonic() - this.#started)
  }

  // The called pod has a line of a copy as of any request; the caller has that of the request alone.
  #log(): void {
    const { from, slot } = this.#of
    if (from.log === undefined) return
    const known: Known = {
      place: from.place,
      client: from.client,
      route: from.decision.route,
      cluster: from.decision.cluster,
      request: requestOf(from, new HeadText(this.#head)),
      answer: this.#answeredAt === undefined ? NO_HEAD : serviceTime(this.#answeredAt - this.#started),
      body: '',
      status: this.#status,
      flags: '-',
      details: '',
      attempts: 1,
      upstreamHost: slot.key,
      upstreamLocal: this.#upstream?.local,
      upstreamFailure: undefined,
      received: this.#received,
      sent: this.#upstream?.payload ?? 0,
      started: from.started,
      requestDone: undefined,
      answered: this.#answeredAt,
      ended: undefined
    }
    const inbound = knownInbound(known, slot, this.#status === 0 ? 'left' : 'answered', this.#started)
    from.log.write(inbound.place.pod ?? '', inbound)
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#count(0)
    this.#pool?.cancel(this)
    if (this.#upstream !== undefined) {
      this.#leave()
      this.#upstream.destroy()
    }
    this.#context.sweep.remove(this)
    this.#onEnd()
  }
}
