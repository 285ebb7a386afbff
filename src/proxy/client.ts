// One client connection: reads requests one at a time (what comes early is held), asks the router what to do, and carries it out. Bodies
// pass without being kept; an answer that comes before the end of its request lets the rest be read and dropped, up to a limit.

import type { Socket } from 'node:net'
import type { HeaderEdits } from '../route/decision.ts'
import type { Millis } from '../std/clock.ts'
import { BodyFrame } from './body-frame.ts'
import { whenWritten } from './buffers.ts'
import type { Context } from './context.ts'
import { Dispatch } from './dispatch.ts'
import type { Current, Downstream, Entrance, Handling } from './downstream.ts'
import type { Failure } from './failures.ts'
import { HEAD, MORE, head } from './head.ts'
import { Intake } from './intake.ts'
import type { Taker } from './intake.ts'
import { addressOf } from './known-facts.ts'
import type { LimitName } from './limits.ts'
import { OwnAccount } from './own-account.ts'
import { OwnAnswers } from './own-answers.ts'
import type { Pools } from './pools.ts'
import { RequestHead } from './request-head.ts'
import { scanRequest } from './scanner.ts'
import { BUSY } from './sweep.ts'
import type { Swept } from './sweep.ts'
import { Unsent } from './unsent.ts'

/**
 * head: between or in a head. token: complete, its token is being checked. answer: complete, waiting for its answer, or answered and the
 * answers are to be taken first. lingering: answered for the last time.
 */
type Phase = 'head' | 'token' | 'body' | 'answer' | 'tunnel' | 'lingering'

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
const NEVER = Number.POSITIVE_INFINITY
/** Owns a client socket, its intake and what is done about the request in progress. */
export class Client implements Swept, Downstream, Taker {
  place = -1
  slot = BUSY
  closing = false
  readonly socket: Socket
  readonly intake: Intake
  readonly #context: Context
  readonly #entrance: Entrance
  readonly #address: string
  readonly #facts: RequestHead
  readonly #current: Current = { method: '', minor: 1, close: false, keepAlive: false, grpc: false }
  readonly #frame: BodyFrame
  readonly #dispatch: Dispatch
  readonly #account: OwnAccount
  readonly #answers: OwnAnswers
  readonly #unsent: Unsent
  #phase: Phase = 'head'
  #handling: Handling | undefined
  #dropped = 0
  #keepAfter = true
  #halfClosed = false
  #lastByte: Millis
  #started: Millis
  // The first bytes of a head have come, at #started; it may be looked at many times before it is whole.
  #begun = false
  #lingerUntil = NEVER
  // Some of the answers given may not be on their way.
  #lags = false
  #fresh = true
  // In a drain: how long without a request it is kept.
  #quiet = NEVER

  constructor(shared: { readonly context: Context; readonly pools: Pools }, entrance: Entrance, socket: Socket) {
    this.#context = shared.context
    this.#frame = new BodyFrame(shared.context.limits)
    this.#entrance = entrance
    this.socket = socket
    this.#address = socket.remoteAddress ?? '127.0.0.1'
    this.#facts = new RequestHead(addressOf(this.#address, socket.remotePort), addressOf(socket.localAddress ?? '', socket.localPort))
    this.#facts.edge = entrance.edge
    const caller = { entrance, client: this, facts: this.#facts, current: this.#current, address: this.#address }
    this.#dispatch = new Dispatch(shared, caller)
    this.#account = new OwnAccount(shared.context, entrance, this.#facts)
    this.#answers = new OwnAnswers(shared.context, this, this.#current, this.#account)
    this.intake = new Intake(shared.context, socket, this)
    this.#unsent = new Unsent(socket)
    this.#context.sweep.add(this)
    this.#lastByte = this.#context.sweep.now
    this.#started = this.#lastByte
    socket.on('end', () => this.#onEnd())
    socket.on('error', () => undefined)
    socket.on('close', () => this.#onClose())
  }

  /** Closes with the next answer, or once there has been no request for `quiet` ms. */
  drain(quiet: Millis): void {
    this.closing = true
    this.#quiet = quiet
    this.#context.sweep.wake(this)
    if (this.#phase === 'head') this.#sweepHead(this.#context.sweep.now)
  }

  get inHead(): boolean {
    return this.#phase === 'head'
  }

  get full(): boolean {
    // The next request waits: that of another try asking for more must not let more of it in.
    return this.#handling?.full === true || (this.#phase === 'answer' && this.intake.held.length > 0)
  }

  get inBody(): boolean {
    return this.#phase === 'body'
  }

  get received(): number {
    return this.#frame.payload
  }

  onHeard(): void {
    const { sweep } = this.#context
    this.#lastByte = sweep.now
    sweep.wake(this)
  }

  answer(failure: Failure, tries: number, edits: HeaderEdits | undefined): void {
    this.#answers.replace(failure, tries, edits)
  }

  onAnswered(keep: boolean): void {
    // An answer that promised to keep the connection may have been begun before the drain.
    this.#keepAfter = keep
    this.#lingerUntil = this.#context.sweep.now + this.#context.limits.discardTimeout
    this.#context.sweep.wake(this)
    this.#lags = this.socket.writableLength > 0
    if (this.#phase === 'answer') return this.#next()
    this.#dropped = 0
    this.resumeReading()
    if (!this.#keepAfter) this.socket.end()
  }

  onTunnel(): void {
    this.#phase = 'tunnel'
    this.intake.private = true
    this.intake.again()
  }

  resumeReading(): void {
    this.intake.resume()
  }

  sweep(now: Millis): Millis {
    const { limits } = this.#context
    const exchange = this.#handling
    if (exchange === undefined || exchange.ended) {
      if (this.#lags && this.#isLagging(now)) return now
      if (this.#phase === 'head') return this.#sweepHead(now)
      if (now >= this.#lingerUntil) this.#end('discardTimeout')
      return now
    }
    const lastByte = Math.max(this.#lastByte, exchange.lastByte)
    if (this.#phase === 'body' && now - this.#started >= limits.requestTimeout) exchange.overdue('request-timeout')
    else exchange.sweep(now, lastByte)
    // A tunnel has no other deadline, and bytes only put it off.
    return this.#phase === 'tunnel' ? lastByte + limits.streamIdleTimeout : now
  }

  // Whether the client has to take of the answers given before other deadlines count; one that takes nothing is let go.
  #isLagging(now: Millis): boolean {
    const { streamIdleTimeout, discardTimeout } = this.#context.limits
    const state = this.#unsent.look(now, streamIdleTimeout)
    if (state === 'stuck') this.#end('streamIdleTimeout')
    if (state !== 'none' && this.#lingerUntil !== NEVER) this.#lingerUntil = now + discardTimeout
    this.#lags = state !== 'none'
    return this.#lags
  }

  #end(limit: LimitName): void {
    if (this.socket.destroyed) return
    this.#context.recorder.reach(limit)
    this.socket.destroy()
  }

  #sweepHead(now: Millis): Millis {
    const { limits } = this.#context
    if (this.intake.held.length === 0) {
      if (this.closing && now - this.#lastByte >= this.#quiet) {
        this.#linger()
        return now
      }
      const limit = this.#fresh ? 'headerTimeout' : 'idleTimeout'
      const deadline = this.#lastByte + limits[limit]
      if (now >= deadline) this.#end(limit)
      return Math.min(deadline, this.#lastByte + this.#quiet)
    }
    if (now - this.#started >= limits.headerTimeout) this.#refuse(408, 'the head did not come in time', 'headerTimeout')
    return now
  }

  take(bytes: Buffer, start: number, end: number): number {
    switch (this.#phase) {
      case 'head':
        return this.#takeHead(bytes, start, end)
      case 'body':
        return this.#takeBody(bytes, start, end)
      case 'token':
      case 'answer':
        this.intake.held.append(bytes, start, end)
        this.intake.pause()
        return end
      case 'tunnel':
        this.#passOn(bytes, start, end)
        return end
      case 'lingering':
        return end
    }
  }

  #takeHead(bytes: Buffer, start: number, end: number): number {
    const result = scanRequest(bytes, start, end, this.#context.limits)
    if (result === MORE) {
      if (!this.#context.kept.admits()) return this.#refuse(503, 'envoy overloaded')
      if (!this.#begun) this.#started = this.#context.sweep.now
      this.#begun = true
      this.intake.held.keepPart(bytes, start, end)
      return end
    }
    if (result !== HEAD) return this.#refuse(result, head.reason, head.limit)
    this.#fresh = false
    const next = head.end
    const problem = this.#dispatch.read(bytes)
    if (problem !== undefined) return this.#refuse(problem.status, problem.reason)
    const wait = this.#dispatch.awaited()
    return wait === undefined ? this.#begin(bytes, next, end) : this.#waitFor(wait, bytes, start, end)
  }

  // The head is held, and read again when what it waits for is known.
  #waitFor(wait: Promise<void>, bytes: Buffer, start: number, end: number): number {
    this.#phase = 'token'
    this.intake.held.append(bytes, start, end)
    this.intake.pause()
    const goOn = (): void => {
      if (this.#phase !== 'token') return
      this.#phase = 'head'
      this.#started = this.#context.sweep.now
      this.intake.again()
    }
    wait.then(goOn, goOn)
    return end
  }

  #begin(bytes: Buffer, next: number, end: number): number {
    const started = this.#context.monotonic()
    if (!this.#begun) this.#started = started
    this.#begun = false
    const { continues } = head
    this.#dispatch.remember()
    this.#frame.begin(Math.max(0, head.contentLength), head.chunked ? 'chunked' : 'plain')
    this.#phase = this.#frame.done ? 'answer' : 'body'
    const decision = this.#dispatch.decide()
    this.#account.begin(bytes, decision, this.#address)
    const handling =
      decision.kind === 'forward' ? this.#dispatch.exchangeFor(bytes, decision, started) : this.#answers.delayed(decision, started)
    this.#handling = handling
    // The registers are not read from here on: trailers are scanned with them.
    const after = this.#phase === 'body' ? this.#takeFrame(bytes, next, end) : next
    if (after < 0) return this.#refuseBody()
    if (handling === undefined) this.#answers.give(decision, started)
    else {
      if (this.#phase === 'answer') handling.onRequestDone(started)
      else if (continues && this.#current.minor === 1) this.socket.write(CONTINUE, 'latin1')
      handling.start(after === next ? '' : bytes.toString('latin1', next, this.#frame.kept))
    }
    return after
  }

  // Takes the body's part of [start, end): the offset after it, or -1 when its framing is wrong.
  #takeFrame(bytes: Buffer, start: number, end: number): number {
    if (!this.#frame.take(bytes, start, end)) return -1
    if (this.#frame.done) this.#phase = 'answer'
    return this.#frame.after
  }

  #refuseBody(): number {
    const reason = 'the chunked framing of the body is malformed'
    const { limit } = this.#frame
    if (this.#handling?.onMalformed() !== 'counted') return this.#refuse(400, reason, limit)
    this.#answers.tell(400, reason, limit)
    return this.#endReading()
  }

  #takeBody(bytes: Buffer, start: number, end: number): number {
    const after = this.#takeFrame(bytes, start, end)
    const exchange = this.#handling
    if (exchange === undefined || exchange.ended) return after < 0 ? this.#leaveOff() : this.#drop(after - start, after)
    if (after < 0) {
      if (!exchange.answering) return this.#refuseBody()
      this.socket.destroy()
      return end
    }
    if (this.#frame.kept > start) this.#passOn(bytes, start, this.#frame.kept)
    if (this.#phase !== 'body') {
      this.intake.private = false
      exchange.onRequestDone(this.#context.monotonic())
    }
    return after
  }

  // The rest of a request that was answered already cannot be read: its one answer was given.
  #leaveOff(): number {
    const { limit } = this.#frame
    if (limit !== undefined) this.#context.recorder.reach(limit)
    this.#handling = undefined
    this.#linger()
    return NEVER
  }

  // Bytes of a request that was answered already.
  #drop(length: number, after: number): number {
    this.#dropped += length
    if (this.#dropped > this.#context.limits.discardBytesMax) {
      this.#end('discardBytesMax')
      return after
    }
    if (this.#phase !== 'body') this.#next()
    return after
  }

  #passOn(bytes: Buffer, from: number, to: number): void {
    const exchange = this.#handling
    if (exchange === undefined) return
    const socket = exchange.onRequestBytes(bytes, from, to)
    if (socket === undefined) {
      if (exchange.full) this.intake.pause()
      return
    }
    this.intake.private = this.#phase !== 'answer'
    this.intake.passOn(socket, bytes, from, to)
  }

  // The request was answered and read to its end: the next one, or the end of the connection.
  #next(): void {
    this.#handling = undefined
    this.intake.private = false
    this.#lingerUntil = NEVER
    if (!this.#keepAfter) return this.#linger()
    if (this.#lags && this.socket.writableLength > this.#context.limits.pendingBytesMax) return this.#waitForReader()
    this.#phase = 'head'
    this.#lastByte = this.#context.sweep.now
    if (this.intake.held.length > 0 || this.intake.paused || this.#halfClosed) this.intake.again()
  }

  // Who asks and asks and takes no answers is answered no further.
  #waitForReader(): void {
    this.#context.recorder.reach('pendingBytesMax')
    this.#phase = 'answer'
    whenWritten(this.socket, () => {
      if (!this.socket.destroyed) this.#next()
    })
  }

  #linger(): void {
    this.#phase = 'lingering'
    this.intake.held.clear()
    this.#lags = true
    this.#lingerUntil = this.#context.sweep.now + this.#context.limits.discardTimeout
    this.#context.sweep.wake(this)
    this.intake.readOn()
    this.socket.end()
  }

  // A message that cannot be understood: an answer, and the end of the connection. Nothing of what follows is read as a request.
  #refuse(status: number, reason: string, limit?: LimitName): number {
    this.#answers.refuse(status, reason, limit)
    return this.#endReading()
  }

  #endReading(): number {
    this.#handling = undefined
    this.#linger()
    return NEVER
  }

  #onEnd(): void {
    this.#halfClosed = true
    if (this.#phase === 'tunnel') this.#handling?.endTunnel()
    else if (!this.intake.goesOn) this.onDry()
  }

  // A client that ends what it says is gone (decision 072): nothing is done for it any more, but what was answered before is still delivered.
  onDry(): void {
    if (!this.#halfClosed || this.#phase === 'tunnel') return
    this.#handling?.abort()
    if (this.socket.writableLength === 0) this.socket.destroy()
    else if (this.#phase !== 'lingering') this.#endReading()
  }

  #onClose(): void {
    this.#handling?.abort()
    this.intake.close()
    this.#context.sweep.remove(this)
    this.#entrance.onClosed(this)
  }
}
