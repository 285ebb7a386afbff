// One request and its answer: tries on upstream connections until there is an answer to pass on, bounded by the route's retries and
// timeouts. Every way it can end goes through `#end`, which counts it once. Failures become answers by the table of failures.ts.

import { grpcStatusOf } from '../route/fault.ts'
import { chooseEndpoint } from '../route/balance.ts'
import { STAT } from '../route/cluster-stats.ts'
import type { HeaderEdits } from '../route/decision.ts'
import { withCookies } from '../route/hash-policy.ts'
import { withAdditions } from '../route/limit-filter.ts'
import { statusCounted } from '../route/outlier.ts'
import type { TryResult } from '../route/outlier.ts'
import type { TryOutcome } from '../route/retry.ts'
import type { ClusterState, EndpointSlot } from '../route/router.ts'
import type { Millis } from '../std/clock.ts'
import type { Socket } from 'node:net'
import { Account } from './account.ts'
import type { Now } from './account.ts'
import { AnswerWriter } from './answer-writer.ts'
import type { Context } from './context.ts'
import type { Downstream, ExchangeStart, Handling } from './downstream.ts'
import { FAILURES, withFlag } from './failures.ts'
import type { InboundVerdict } from './inbound.ts'
import type { Failure } from './failures.ts'
import type { LimitName } from './limits.ts'
import { isAnywhere } from './passthrough.ts'
import type { Pool, PoolFailure, Pools, Waiter } from './pools.ts'
import { RequestFeed } from './request-feed.ts'
import { Retries } from './retries.ts'
import type { TryEnd } from './known.ts'
import { headOfTry } from './route-edits.ts'
import type { Verdict } from './retries.ts'
import { outcomeOf } from './response-head.ts'
import { head } from './head.ts'
import type { Upstream, UpstreamFailure, UpstreamUser } from './upstream.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])
/** Tries on connections that turn out to have been closed by the endpoint while idle; these are no retries of the policy. */
const STALE_MAX = 3
// The bounds of the plane among the reasons to end for lack of time; the others are the route's.
const BOUNDS: Partial<Record<Failure, LimitName>> = { 'stream-idle': 'streamIdleTimeout', 'request-timeout': 'requestTimeout' }
const NEVER = Number.POSITIVE_INFINITY

/** Owns one request from its head to the end of its answer. */
export class Exchange implements UpstreamUser, Waiter, Handling {
  readonly bodiless: boolean
  readonly wantsUpgrade: boolean
  readonly bare: boolean
  /** The whole request was received. */
  requestDone = false
  /** When the upstream was last heard, by the sweep's clock. */
  lastByte = 0
  readonly #context: Context
  readonly #pools: Pools
  readonly #client: Downstream
  readonly #from: ExchangeStart
  readonly #feed: RequestFeed
  readonly #writer: AnswerWriter
  #upstream: Upstream | undefined
  #slot: EndpointSlot | undefined
  #lastSlot: EndpointSlot | undefined
  // Where the try in progress goes; #slot while it has a connection.
  #chosen: EndpointSlot | undefined
  // What the sidecar of the called pod does with this try.
  #side: InboundVerdict | undefined
  #state: ClusterState
  readonly #retries: Retries
  #stale = 0
  #flags = '-'
  #status = 0
  readonly #account: Account
  #answering = false
  #answered = false
  #tunnel = false
  #ended = false
  #deadline = NEVER
  #tryDeadline = NEVER
  #waitsIn: Pool | undefined
  #cancelDelay: (() => void) | undefined
  // An injected delay is under way.
  #delayed = false

  constructor(shared: { readonly context: Context; readonly pools: Pools }, client: Downstream, from: ExchangeStart) {
    this.#context = shared.context
    this.#pools = shared.pools
    this.#client = client
    this.#from = from
    this.#state = from.state
    this.#retries = new Retries(from.decision.retry)
    this.#account = new Account(from, shared.context)
    this.#feed = new RequestFeed(shared.context)
    this.#writer = new AnswerWriter(client.socket, from)
    this.bodiless = from.method === 'HEAD'
    this.wantsUpgrade = from.upgrade
    this.bare = from.minor === 0
  }

  get ended(): boolean {
    return this.#ended
  }

  get answering(): boolean {
    return this.#answering
  }

  start(body: string): void {
    this.#feed.begin(body)
    const { delay } = this.#from.decision
    if (delay === 0) return this.#first()
    this.#flags = 'DI'
    this.#delayed = true
    this.#cancelDelay = this.#context.clock.after(delay, () => {
      this.#delayed = false
      if (this.requestDone) this.onRequestDone(this.#context.monotonic())
      this.#first()
    })
  }

  #first(): void {
    const { decision, edited, method, local, cells, upgrade } = this.#from
    const { copies, timeout, hash } = decision
    if (copies.length > 0 && !upgrade && !this.#ended) {
      const start = { head: headOfTry(edited, 1), method, local, timeout, hash, cells, from: this.#from }
      this.#feed.copyTo(copies, this.#pools.copies, start, this.requestDone)
    }
    this.#try()
  }

  /** The request is complete: its timeout starts. */
  onRequestDone(now: Millis): void {
    this.requestDone = true
    this.#account.doneAt ??= now
    this.#feed.done(now)
    if (this.#upstream !== undefined) this.#startTryTimer(now)
    // An injected delay does not count (istio.md 1.14).
    if (this.#from.decision.timeout > 0 && !this.#delayed) this.#deadline = now + this.#from.decision.timeout
  }

  get full(): boolean {
    return this.#upstream === undefined && this.#feed.isLong
  }

  onRequestBytes(bytes: Buffer, from: number, to: number): Socket | undefined {
    const text = this.#feed.add(bytes, from, to)
    if (text === undefined) return this.#upstream?.socket
    if (this.#upstream === undefined) return undefined
    this.#upstream.socket.write(text, 'latin1')
    this.#feed.handedOver()
    return undefined
  }

  endTunnel(): void {
    this.#upstream?.socket.end()
  }

  abort(): void {
    this.#feed.abort()
    if (this.#ended) return
    if (!this.#tunnel) this.#flags = withFlag(this.#flags, 'DC')
    this.#leave(this.#answering ? this.#status : undefined, 'left')
    this.#end(this.#answering ? this.#status : 0, 'downstream_remote_disconnect')
  }

  sweep(now: Millis, lastByte: Millis): void {
    if (this.#ended) return
    if (now >= this.#deadline) this.overdue('timeout')
    else if (now >= this.#tryDeadline) this.#perTryOverdue()
    else if (now - lastByte >= this.#context.limits.streamIdleTimeout) this.overdue('stream-idle')
  }

  onHead(bytes: Buffer, untilClose: boolean): number {
    this.#reportAnswer(bytes)
    if (this.#retriesAnswer(bytes)) return -1
    this.#state.stats.answered(head.status)
    this.#answering = true
    this.#tryDeadline = NEVER
    this.#status = head.status
    const upgraded = head.status === 101
    const now = this.#context.monotonic()
    this.#account.begin(bytes, now)
    const start = this.#writer.begin(bytes, { untilClose, upgraded, edits: this.#editsOf(bytes), closing: this.#client.closing, now })
    if (this.#account.asks) this.#account.answer = this.#writer.textOf(bytes, start)
    if (upgraded) this.#openTunnel()
    return start
  }

  // The route's edits of the answer in the registers, those of the called side, and generated cookies.
  #editsOf(bytes: Buffer): HeaderEdits | undefined {
    const { response, cookies } = this.#from.decision
    const routed =
      response?.stages === undefined ? response : this.#responseEdits('via_upstream', bytes.toString('latin1', head.start, head.end))
    return withCookies(this.#side === undefined ? routed : withAdditions(routed, this.#side.fields, () => false), cookies)
  }

  #openTunnel(): void {
    this.#deadline = NEVER
    this.#feed.forget()
    this.#tunnel = true
    this.#client.onTunnel()
  }

  onBytes(bytes: Buffer, from: number, to: number): void {
    const upstream = this.#upstream
    if (from >= to || upstream === undefined) return
    this.lastByte = this.#context.sweep.now
    const waiting = this.#writer.write(bytes, from, to)
    if (waiting === 0) return
    upstream.buffers.lend(this.#client.socket)
    if (waiting > this.#context.limits.pendingBytesMax) upstream.pauseFor()
  }

  onAnswered(): void {
    this.#writer.end()
    this.#answered = true
    this.#leave(this.#status)
    this.#end(this.#status)
    this.#client.onAnswered(this.#writer.keep)
  }

  onTunnelEnd(): void {
    this.#leave(this.#status)
    this.#end(this.#status)
    this.#client.onAnswered(false)
  }

  onFailure(failure: UpstreamFailure): void {
    if (this.#ended) return
    const stale = this.#isStale(failure)
    if (!stale) this.#report('reset')
    this.#leave(this.#answering || stale ? undefined : FAILURES[failure].status, 'reset')
    if (this.#answering) return this.#cutOff(FAILURES[failure].flag, FAILURES[failure].details.replace('before', 'after'))
    if (stale && this.#stale < STALE_MAX) {
      this.#stale++
      return this.#try()
    }
    this.#retryOr({ kind: 'failure', cause: 'reset', sent: true }, failure)
  }

  // The endpoint closed a kept connection before it read the request, which may be sent again without harm.
  #isStale(failure: UpstreamFailure): boolean {
    const upstream = this.#upstream
    if (failure !== 'terminated' || upstream?.reused !== true || !upstream.unread) return false
    return SAFE.has(this.#from.method) && this.#feed.isWhole
  }

  #try(): void {
    this.#cancelDelay = undefined
    if (this.#ended) return
    // Another try sees the endpoints of now; the rules are those the request started with.
    const newer = this.#context.router.clusters.get(this.#from.decision.cluster)
    if (newer !== undefined && !isAnywhere(newer)) this.#state = newer
    const slot = chooseEndpoint(this.#state, {
      now: this.#context.monotonic(),
      draw: this.#context.draw,
      hash: this.#from.decision.hash,
      tried: this.#retries.tried,
      priorities: this.#retries.priorities
    })
    if (slot === undefined) {
      this.#state.stats.add(STAT.upstream_cx_none_healthy)
      return this.#give('no-healthy-upstream')
    }
    this.#chosen = slot
    this.#retries.begin(slot)
    this.#waitsIn = this.#pools.of(this.#state, slot)
    this.#waitsIn.request(this)
  }

  onRetired(): void {
    this.#waitsIn = undefined
    this.#try()
  }

  onRefused(failure: PoolFailure, refusal?: string): void {
    this.#waitsIn = undefined
    this.#account.refusal = refusal
    if (failure === 'overflow') return this.#give(failure)
    this.#report('connect-failure')
    this.#lastSlot = this.#chosen
    this.#retryOr({ kind: 'failure', cause: 'connect-failure', sent: false }, failure)
  }

  onConnection(upstream: Upstream): void {
    const { stats } = this.#state
    this.#waitsIn = undefined
    this.#upstream = upstream
    this.#slot = this.#chosen
    if (this.#slot !== undefined) this.#slot.active++
    this.#report('opened')
    stats.add(STAT.upstream_rq_total)
    stats.add(STAT.upstream_rq_active)
    const now = this.#context.monotonic()
    this.#account.triedAt = now
    if (this.requestDone) this.#startTryTimer(now)
    this.#side = this.#slot === undefined ? undefined : this.#pools.inbound.ask(this.#state, this.#slot, this.#from)
    if (this.#side?.answer !== undefined) return upstream.pretend(this, this.#side.answer)
    const body = this.#feed.text
    this.#feed.handedOver()
    const { tries } = this.#retries
    upstream.begin(this, `${headOfTry(this.#from.edited, tries, this.#elapsed())}${this.#side?.lines ?? ''}\r\n${body}`)
    if (tries > 1 || !this.requestDone) this.#client.resumeReading()
  }

  // Of the route's timeout.
  #elapsed(): Millis {
    return this.#deadline === NEVER ? 0 : this.#context.monotonic() - (this.#deadline - this.#from.decision.timeout)
  }

  // A try's time begins when it has a connection and the request is complete (envoy.md 6).
  #startTryTimer(now: Millis): void {
    const { retry, timeout } = this.#from.decision
    const perTry = retry?.perTryTimeout ?? 0
    if (perTry > 0 && (timeout === 0 || perTry < timeout) && !this.#answering) this.#tryDeadline = now + perTry
  }

  // Leaves the connection of this try; `code` is what the endpoint's own side counts, undefined when the try did not reach it.
  #leave(code: number | undefined, how: TryEnd = 'answered'): void {
    const slot = this.#slot
    this.#waitsIn?.cancel(this)
    this.#waitsIn = undefined
    this.#cancelDelay?.()
    if (slot === undefined) return
    slot.active--
    this.#state.stats.add(STAT.upstream_rq_active, -1)
    this.#slot = undefined
    this.#lastSlot = slot
    this.#account.left(this.#now(this.#status), this.#state.cluster, code, this.#side?.answer === undefined ? how : 'limited')
    const upstream = this.#upstream
    this.#upstream = undefined
    if (!this.#answered) upstream?.destroy()
  }

  #retriesAnswer(bytes: Buffer): boolean {
    if (this.#from.decision.retry === undefined || this.#verdict(outcomeOf(bytes)) !== 'again') return false
    this.#leave(head.status)
    this.#again()
    return true
  }

  #retryOr(outcome: TryOutcome, failure: Failure): void {
    if (this.#verdict(outcome) === 'again') this.#again()
    else this.#give(failure)
  }

  #verdict(outcome: TryOutcome): Verdict {
    const verdict = this.#retries.judge(outcome, this.#state, this.#feed.isWhole)
    if (verdict === 'URX' || verdict === 'UO') this.#flags = withFlag(this.#flags, verdict)
    return verdict
  }

  #again(): void {
    this.#tryDeadline = NEVER
    this.#cancelDelay = this.#context.clock.after(this.#retries.delay(this.#context.draw), () => this.#try())
  }

  #reportAnswer(bytes: Buffer): void {
    if (this.#state.cluster.outlier === undefined) return
    const outcome = outcomeOf(bytes)
    if (outcome.kind === 'response') this.#report(statusCounted(outcome.status, outcome.grpcStatus))
  }

  // What the try in progress says about its endpoint.
  #report(result: TryResult): void {
    if (this.#chosen !== undefined) this.#context.ejections.report(this.#state, this.#chosen, result)
  }

  #perTryOverdue(): void {
    this.#report('timeout')
    this.#state.stats.add(STAT.upstream_rq_per_try_timeout)
    this.#leave(FAILURES['per-try-timeout'].status, 'left')
    this.#retryOr({ kind: 'failure', cause: 'per-try-timeout', sent: true }, 'per-try-timeout')
  }

  /** Ends the exchange for lack of time: an answer of our own, or the connection cut off in the middle of one. */
  overdue(failure: 'timeout' | 'stream-idle' | 'request-timeout'): void {
    if (this.#ended) return
    const limit = BOUNDS[failure]
    if (limit !== undefined) this.#context.recorder.reach(limit)
    else this.#state.stats.add(STAT.upstream_rq_timeout)
    // Who waits for a connection has met no endpoint yet (envoy.md 8).
    if (failure === 'timeout' && this.#slot !== undefined && !this.#answering) this.#report('timeout')
    this.#leave(this.#answering ? this.#status : FAILURES[failure].status, 'left')
    const { flag, details } = FAILURES[failure]
    if (this.#answering) return this.#cutOff(flag, details)
    this.#give(failure)
  }

  #cutOff(flag: string, details: string): void {
    this.#flags = withFlag(this.#flags, flag)
    this.#end(this.#status, details)
    this.#client.socket.destroy()
  }

  #give(failure: Failure): void {
    const { status, flag, body } = FAILURES[failure]
    const details = this.#account.detailsOf(failure)
    // What ends by the plane's own bounds is not the destination's.
    if (BOUNDS[failure] === undefined) this.#state.stats.answered(status)
    this.#flags = withFlag(this.#flags, flag)
    const { grpc } = this.#from
    this.#account.sent = grpc ? 0 : body.length
    if (grpc) this.#account.grpcStatus = grpcStatusOf(status)
    this.#end(grpc ? 200 : status, details)
    this.#client.answer(failure, this.#retries.tries, this.#responseEdits(details, ''))
  }

  // A proxy's own answer has no status yet when its header values are formatted: they see 0, as in Envoy.
  #responseEdits(details: string, answer: string): HeaderEdits | undefined {
    return this.#account.responseEdits(() => this.#now(this.#status), details, answer)
  }

  #now(status: number): Now {
    return {
      status,
      flags: this.#flags,
      tries: this.#retries.tries,
      slot: this.#slot ?? this.#lastSlot,
      upstream: this.#upstream,
      received: this.#client.received
    }
  }

  #end(code: number, details = 'via_upstream'): void {
    if (this.#ended) return
    this.#ended = true
    if (!this.requestDone) this.#feed.abort()
    this.#retries.end()
    this.#deadline = NEVER
    this.#tryDeadline = NEVER
    this.#account.ended(this.#now(code), this.#state.cluster, details)
  }
}
