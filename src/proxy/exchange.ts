// One request and its answer: tries until there is an answer to pass on, bounded by the route's retries and timeouts. Every way it can end
// goes through `#end`, which counts it once. Failures become answers by the table of failures.ts.

import { grpcStatusOf } from '../route/fault.ts'
import { STAT } from '../route/cluster-stats.ts'
import { statusCounted } from '../route/outlier.ts'
import type { TryOutcome } from '../route/retry.ts'
import type { Millis } from '../std/clock.ts'
import type { Socket } from 'node:net'
import { Account } from './account.ts'
import { AnswerWriter } from './answer-writer.ts'
import { Attempts } from './attempts.ts'
import type { Trying } from './attempts.ts'
import type { Context } from './context.ts'
import type { Downstream, ExchangeStart, Handling } from './downstream.ts'
import { FAILURES } from './failures.ts'
import type { Failure } from './failures.ts'
import type { LimitName } from './limits.ts'
import type { PoolFailure, Pools } from './pools.ts'
import { RequestFeed } from './request-feed.ts'
import { refusalDetails } from './known.ts'
import type { TryEnd } from './known.ts'
import { headOfTry } from './route-edits.ts'
import { outcomeOf } from './response-head.ts'
import { head } from './head.ts'
import type { Upstream } from './upstream.ts'
import type { UpstreamFailure, UpstreamUser } from './upstream-user.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])
// The bounds of the plane among the reasons to end for lack of time; the others are the route's.
const BOUNDS: Partial<Record<Failure, LimitName>> = { 'stream-idle': 'streamIdleTimeout', 'request-timeout': 'requestTimeout' }
const NEVER = Number.POSITIVE_INFINITY

/** Owns one request from its head to the end of its answer. */
export class Exchange implements UpstreamUser, Trying, Handling {
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
  readonly #attempts: Attempts
  readonly #account: Account
  #stale = 0
  #answering = false
  #answered = false
  #tunnel = false
  #ended = false
  #deadline = NEVER
  #tryDeadline = NEVER
  #cancelDelay: (() => void) | undefined
  // An injected delay is under way.
  #delayed = false

  constructor(shared: { readonly context: Context; readonly pools: Pools }, client: Downstream, from: ExchangeStart) {
    this.#context = shared.context
    this.#pools = shared.pools
    this.#client = client
    this.#from = from
    this.#attempts = new Attempts(shared, from, this)
    this.#account = new Account({ from, attempts: this.#attempts, client }, shared.context)
    this.#feed = new RequestFeed(shared.context)
    this.#writer = new AnswerWriter(client.socket, from)
    this.bodiless = from.method === 'HEAD'
    this.wantsUpgrade = from.upgrade
    this.bare = from.minor === 0
    // From here on: the first bytes of a body may end it before it starts.
    shared.context.load.began()
  }

  get ended(): boolean {
    return this.#ended
  }

  get answering(): boolean {
    return this.#answering
  }

  start(body: string): void {
    this.#feed.begin(body)
    const { decision, started } = this.#from
    if (decision.delay === 0) return this.#first(started)
    this.#account.flag('DI')
    this.#delayed = true
    this.#cancelDelay = this.#context.clock.after(decision.delay, () => {
      const now = this.#context.monotonic()
      this.#delayed = false
      if (this.requestDone) this.onRequestDone(now)
      this.#first(now)
    })
  }

  #first(now: Millis): void {
    const { decision, edited, method, local, cells, upgrade } = this.#from
    const { copies, timeout, hash } = decision
    if (copies.length > 0 && !upgrade && !this.#ended) {
      const start = { head: headOfTry(edited, 1), method, local, timeout, hash, cells, from: this.#from }
      this.#feed.copyTo(copies, this.#pools.copies, start, this.requestDone)
    }
    this.#try(now)
  }

  #try(now: Millis): void {
    this.#cancelDelay = undefined
    if (!this.#ended) this.#attempts.begin(now)
  }

  /** The request is complete: its timeout starts. */
  onRequestDone(now: Millis): void {
    this.requestDone = true
    this.#account.doneAt ??= now
    this.#feed.done(now)
    if (this.#attempts.upstream !== undefined) this.#startTryTimer(now)
    // An injected delay does not count (istio.md 1.14).
    if (this.#from.decision.timeout > 0 && !this.#delayed) this.#deadline = now + this.#from.decision.timeout
  }

  get full(): boolean {
    return this.#attempts.upstream === undefined && this.#feed.isLong
  }

  onRequestBytes(bytes: Buffer, from: number, to: number): Socket | undefined {
    const text = this.#feed.add(bytes, from, to)
    const socket = this.#attempts.upstream?.socket
    if (text === undefined || socket === undefined) return socket
    socket.write(text, 'latin1')
    this.#feed.handedOver()
    return undefined
  }

  endTunnel(): void {
    this.#attempts.upstream?.socket.end()
  }

  abort(): void {
    this.#giveUp(0, this.#tunnel ? '-' : 'DC', 'downstream_remote_disconnect')
  }

  onMalformed(): 'counted' {
    this.#giveUp(400, 'DPE', refusalDetails(400))
    return 'counted'
  }

  // Ends for the client's sake; `status` stands where no answer has begun.
  #giveUp(status: number, flag: string, details: string): void {
    this.#feed.abort()
    if (this.#ended) return
    const now = this.#context.monotonic()
    const answered = this.#answering ? this.#account.status : undefined
    this.#account.flag(flag)
    this.#leave(answered, 'left', now)
    this.#end(answered ?? status, details, now)
  }

  sweep(now: Millis, lastByte: Millis): void {
    if (this.#ended) return
    if (now >= this.#deadline) this.overdue('timeout')
    else if (now >= this.#tryDeadline) this.#perTryOverdue()
    else if (now - lastByte >= this.#context.limits.streamIdleTimeout) this.overdue('stream-idle')
  }

  onReached(upstream: Upstream, now: Millis): void {
    const { tries, side } = this.#attempts
    this.#account.triedAt = now
    if (this.requestDone) this.#startTryTimer(now)
    if (side?.answer !== undefined) return upstream.pretend(this, side.answer)
    const body = this.#feed.text
    this.#feed.handedOver()
    // Of the route's timeout.
    const elapsed = this.#deadline === NEVER ? 0 : now - (this.#deadline - this.#from.decision.timeout)
    upstream.begin(this, `${headOfTry(this.#from.edited, tries, elapsed)}${side?.lines ?? ''}\r\n${body}`)
    if (tries > 1 || !this.requestDone) this.#client.resumeReading()
  }

  onUnreached(failure: 'no-healthy-upstream' | PoolFailure): void {
    if (failure === 'no-healthy-upstream' || failure === 'overflow') this.#give(failure)
    else this.#retryOr({ kind: 'failure', cause: 'connect-failure', sent: false }, failure)
  }

  // A try's time begins when it has a connection and the request is complete (envoy.md 6).
  #startTryTimer(now: Millis): void {
    const { retry, timeout } = this.#from.decision
    const perTry = retry?.perTryTimeout ?? 0
    if (perTry > 0 && (timeout === 0 || perTry < timeout) && !this.#answering) this.#tryDeadline = now + perTry
  }

  onHead(bytes: Buffer, untilClose: boolean): number {
    const outcome = outcomeOf(bytes)
    const now = this.#heardAt()
    this.#attempts.report(statusCounted(outcome.status, outcome.grpcStatus), now)
    if (this.#retriesAnswer(outcome, now)) return -1
    this.#attempts.state.stats.answered(head.status)
    this.#answering = true
    this.#tryDeadline = NEVER
    const upgraded = head.status === 101
    this.#account.begin(now, outcome.grpcStatus)
    const edits = this.#account.editsOf(bytes)
    const start = this.#writer.begin(bytes, { untilClose, upgraded, edits, closing: this.#client.closing, now })
    if (this.#account.asks) this.#account.answer = this.#writer.textOf(bytes, start)
    if (upgraded) this.#openTunnel()
    return start
  }

  #retriesAnswer(outcome: TryOutcome, now: Millis): boolean {
    if (this.#from.decision.retry === undefined || !this.#isRetried(outcome)) return false
    this.#leave(head.status, 'answered', now)
    this.#again()
    return true
  }

  #openTunnel(): void {
    this.#deadline = NEVER
    this.#feed.forget()
    this.#tunnel = true
    this.#client.onTunnel()
  }

  onBytes(bytes: Buffer, from: number, to: number): void {
    const { upstream } = this.#attempts
    if (from >= to || upstream === undefined) return
    this.lastByte = this.#context.sweep.now
    const waiting = this.#writer.write(upstream.buffers.passable(bytes, from, to), to - from)
    if (waiting === 0) return
    upstream.buffers.lend(this.#client.socket, to - from)
    if (waiting > this.#context.kept.waitingMax) upstream.pauseFor(this.#client.socket)
  }

  onAnswered(): void {
    this.#writer.end()
    this.#answered = true
    this.#complete(this.#writer.keep)
  }

  onTunnelEnd(): void {
    this.#complete(false)
  }

  #complete(keep: boolean): void {
    const { status } = this.#account
    const now = this.#heardAt()
    this.#leave(status, 'answered', now)
    this.#end(status, 'via_upstream', now)
    this.#client.onAnswered(keep)
  }

  // One look at the clock for all that one read of the upstream leads to.
  #heardAt(): Millis {
    return this.#attempts.upstream?.heardAt ?? this.#context.monotonic()
  }

  onFailure(failure: UpstreamFailure): void {
    if (this.#ended) return
    const now = this.#context.monotonic()
    const stale = this.#isStale(failure)
    if (!stale) this.#attempts.report('reset', now)
    this.#leave(this.#answering || stale ? undefined : FAILURES[failure].status, 'reset', now)
    if (this.#answering) return this.#cutOff(FAILURES[failure].flag, FAILURES[failure].details.replace('before', 'after'), now)
    if (stale && this.#stale < this.#context.limits.staleTriesMax) {
      this.#stale++
      this.#attempts.fresh = true
      return this.#try(now)
    }
    if (stale) this.#context.recorder.reach('staleTriesMax')
    this.#retryOr({ kind: 'failure', cause: 'reset', sent: true }, failure)
  }

  // The endpoint closed a kept connection before it read the request, which may be sent again without harm.
  #isStale(failure: UpstreamFailure): boolean {
    const { upstream } = this.#attempts
    if (failure !== 'terminated' || upstream?.reused !== true || !upstream.unread) return false
    return SAFE.has(this.#from.method) && this.#feed.isWhole
  }

  // Leaves the connection of this try; `code` is what the endpoint's own side counts, undefined when the try did not reach it.
  #leave(code: number | undefined, how: TryEnd, now: Millis): void {
    this.#cancelDelay?.()
    this.#attempts.cancel()
    if (this.#attempts.upstream === undefined) return
    this.#account.left(code, how, now)
    this.#attempts.leave(this.#answered)
  }

  #retryOr(outcome: TryOutcome, failure: Failure): void {
    if (this.#isRetried(outcome)) this.#again()
    else this.#give(failure)
  }

  #isRetried(outcome: TryOutcome): boolean {
    const verdict = this.#attempts.retries.judge(outcome, this.#attempts.state, this.#feed.isWhole)
    if (verdict === 'URX' || verdict === 'UO') this.#account.flag(verdict)
    return verdict === 'again'
  }

  #again(): void {
    this.#tryDeadline = NEVER
    const delay = this.#attempts.retries.delay(this.#context.draw)
    this.#cancelDelay = this.#context.clock.after(delay, () => this.#try(this.#context.monotonic()))
  }

  #perTryOverdue(): void {
    const now = this.#context.monotonic()
    this.#attempts.report('timeout', now)
    this.#attempts.state.stats.add(STAT.upstream_rq_per_try_timeout)
    this.#leave(FAILURES['per-try-timeout'].status, 'left', now)
    this.#retryOr({ kind: 'failure', cause: 'per-try-timeout', sent: true }, 'per-try-timeout')
  }

  /** Ends the exchange for lack of time: an answer of our own, or the connection cut off in the middle of one. */
  overdue(failure: 'timeout' | 'stream-idle' | 'request-timeout'): void {
    if (this.#ended) return
    const now = this.#context.monotonic()
    const limit = BOUNDS[failure]
    if (limit !== undefined) this.#context.recorder.reach(limit)
    else this.#attempts.state.stats.add(STAT.upstream_rq_timeout)
    // Who waits for a connection has met no endpoint yet (envoy.md 8).
    if (failure === 'timeout' && this.#attempts.upstream !== undefined && !this.#answering) this.#attempts.report('timeout', now)
    this.#leave(this.#answering ? this.#account.status : FAILURES[failure].status, 'left', now)
    const { flag, details } = FAILURES[failure]
    if (this.#answering) return this.#cutOff(flag, details, now)
    this.#give(failure)
  }

  #cutOff(flag: string, details: string, now: Millis): void {
    this.#account.flag(flag)
    this.#end(this.#account.status, details, now)
    // An orderly end would make half an answer whole for a client that knows no other sign of it.
    if (this.#writer.endsByClose) this.#client.socket.resetAndDestroy()
    else this.#client.socket.destroy()
  }

  #give(failure: Failure): void {
    const { status, flag, body } = FAILURES[failure]
    const account = this.#account
    const details = account.detailsOf(failure)
    // What ends by the plane's own bounds is not the destination's.
    if (BOUNDS[failure] === undefined) this.#attempts.state.stats.answered(status)
    account.flag(flag)
    const { grpc } = this.#from
    account.sent = grpc ? 0 : body.length
    if (grpc) account.grpcStatus = grpcStatusOf(status)
    this.#end(grpc ? 200 : status, details, this.#context.monotonic())
    this.#client.answer(failure, this.#attempts.tries, account.editsOfOwn(details))
  }

  #end(code: number, details: string, now: Millis): void {
    if (this.#ended) return
    this.#ended = true
    this.#context.load.ended()
    if (!this.requestDone) this.#feed.abort()
    this.#feed.forget()
    this.#attempts.retries.end()
    this.#deadline = NEVER
    this.#tryDeadline = NEVER
    this.#account.ended(code, details, now)
  }
}
