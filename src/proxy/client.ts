// One client connection: reads requests one at a time (what comes early is held), asks the router what to do, and carries it out. Bodies
// pass without being kept; an answer that comes before the end of its request lets the rest be read and dropped, up to a limit.

import type { Socket } from 'node:net'
import type { Decision } from '../route/decision.ts'
import { decide } from '../route/decide.ts'
import type { ScopeId } from '../route/request-facts.ts'
import type { Millis } from '../std/clock.ts'
import { HeldBytes, ReadBuffers, readable, whenWritten } from './buffers.ts'
import type { ListenerCells } from './cells.ts'
import { ChunkScanner } from './chunks.ts'
import type { Context } from './context.ts'
import { Exchange } from './exchange.ts'
import type { Downstream } from './exchange.ts'
import { FAILURES, localAnswer } from './failures.ts'
import type { Failure } from './failures.ts'
import type { Pools } from './pools.ts'
import { RequestHead, upstreamHead } from './request-head.ts'
import { HEAD, MORE, head, hostIsUsable, scanRequest, valueEnd, valueStart } from './scanner.ts'
import type { Swept } from './sweep.ts'
import type { Reading } from './transport.ts'

type Forward = Extract<Decision, { kind: 'forward' }>

/** What a connection needs to know of the listener that accepted it. */
export interface Entrance {
  readonly edge: boolean
  readonly cells: ListenerCells
  /** The scope of a request to this authority. */
  scopeOf(authority: string): ScopeId
  /** The authority to route by: a Service's own address stands for its name. */
  nameOf(authority: string): string
  onClosed(client: Client): void
}

/** head: between or in a head. length, chunks: in a body. answer: complete, waiting. lingering: answered for the last time. */
type Phase = 'head' | 'length' | 'chunks' | 'answer' | 'tunnel' | 'lingering'

/** What is kept of the head of the current request, once the registers are used again. */
interface Current {
  method: string
  minor: number
  close: boolean
  keepAlive: boolean
}

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
const NEVER = Number.POSITIVE_INFINITY

/** Owns a client socket, its held bytes and the exchange in progress. */
export class Client implements Swept, Downstream, Reading {
  place = -1
  closing = false
  readonly socket: Socket
  readonly #context: Context
  readonly #pools: Pools
  readonly #entrance: Entrance
  readonly #address: string
  readonly #facts = new RequestHead()
  readonly #current: Current = { method: '', minor: 1, close: false, keepAlive: false }
  readonly #held = new HeldBytes()
  #chunks: ChunkScanner | undefined
  #buffers: ReadBuffers | undefined
  #private = false
  #phase: Phase = 'head'
  #exchange: Exchange | undefined
  #left = 0
  #dropped = 0
  #keepAfter = true
  #paused = false
  #scanAt = 0
  #halfClosed = false
  #lastByte: Millis
  #started: Millis
  #lingerUntil = NEVER
  #fresh = true

  constructor(shared: { readonly context: Context; readonly pools: Pools }, entrance: Entrance, socket: Socket) {
    this.#context = shared.context
    this.#pools = shared.pools
    this.#entrance = entrance
    this.socket = socket
    this.#address = socket.remoteAddress ?? '127.0.0.1'
    this.#context.sweep.add(this)
    this.#lastByte = this.#context.sweep.now
    this.#started = this.#lastByte
    socket.on('end', () => this.#onEnd())
    socket.on('error', () => undefined)
    socket.on('close', () => this.#onClose())
  }

  /** Closes now when no request is in progress, otherwise with its answer. */
  drain(): void {
    this.closing = true
    if (this.#phase === 'head' && this.#held.length === 0) this.#linger()
  }

  nextBuffer(): Buffer | undefined {
    if (this.#private) {
      if (this.#buffers !== undefined) return this.#buffers.next()
      this.#buffers = new ReadBuffers(this.#context.buffers, () => this.resumeReading())
      return readable(this.#buffers.current)
    }
    if (this.#buffers === undefined) return undefined
    this.#buffers.close()
    this.#buffers = undefined
    return this.#context.shared
  }

  onRead(bytes: Buffer, length: number): void {
    this.#lastByte = this.#context.sweep.now
    if (this.#held.length === 0) return this.#run(bytes, 0, length)
    this.#held.append(bytes, 0, length)
    // A head is looked at again when a line ended or it has doubled: a sender of single bytes cannot make that expensive.
    if (this.#phase === 'head' && this.#held.length < this.#scanAt && !bytes.subarray(0, length).includes(10)) return
    this.#runHeld()
  }

  answer(failure: Failure, decision: Forward): void {
    const { status, body, header } = FAILURES[failure]
    const close = failure === 'request-timeout' || failure === 'stream-idle'
    this.#say({ status, body, lines: header ?? '', edits: decision.response }, close)
  }

  onAnswered(keep: boolean): void {
    this.#keepAfter = keep && !this.#halfClosed && !this.closing
    this.#lingerUntil = this.#context.sweep.now + this.#context.limits.discardTimeout
    if (this.#phase === 'answer') return this.#next()
    this.#dropped = 0
    this.resumeReading()
    if (!this.#keepAfter) this.socket.end()
  }

  onTunnel(): void {
    this.#phase = 'tunnel'
    this.#private = true
    this.#again()
  }

  resumeReading(): void {
    if (!this.#paused || this.#exchange?.full === true) return
    this.#paused = false
    this.socket.resume()
  }

  sweep(now: Millis): void {
    const { limits } = this.#context
    const exchange = this.#exchange
    if (this.#phase === 'lingering' || exchange?.ended === true) {
      if (now >= this.#lingerUntil) this.socket.destroy()
    } else if (this.#phase === 'head') this.#sweepHead(now)
    else if (exchange !== undefined) {
      if (this.#inBody() && now - this.#started >= limits.requestTimeout) exchange.overdue('request-timeout')
      else exchange.sweep(now, Math.max(this.#lastByte, exchange.lastByte))
    }
  }

  #sweepHead(now: Millis): void {
    const { headerTimeout, idleTimeout } = this.#context.limits
    if (this.#held.length === 0) {
      if (now - this.#lastByte >= (this.#fresh ? headerTimeout : idleTimeout)) this.socket.destroy()
    } else if (now - this.#started >= headerTimeout) this.#refuse(408, 'the head did not come in time')
  }

  #inBody(): boolean {
    return this.#phase === 'length' || this.#phase === 'chunks'
  }

  #runHeld(): void {
    const bytes = this.#held.bytes.subarray(0, this.#held.length)
    this.#held.clear()
    this.#run(bytes, 0, bytes.length)
  }

  #run(bytes: Buffer, start: number, end: number): void {
    let at = start
    while (at < end && !this.socket.destroyed) at = this.#take(bytes, at, end)
  }

  // Takes bytes of one message; returns the offset after them.
  #take(bytes: Buffer, start: number, end: number): number {
    switch (this.#phase) {
      case 'head':
        return this.#takeHead(bytes, start, end)
      case 'length':
      case 'chunks':
        return this.#takeBody(bytes, start, end)
      case 'answer':
        this.#held.append(bytes, start, end)
        this.#pause()
        return end
      case 'tunnel':
        this.#passOn(bytes, start, end)
        return end
      case 'lingering':
        return end
    }
  }

  #takeHead(bytes: Buffer, start: number, end: number): number {
    const result = scanRequest(bytes, start, end)
    if (result === MORE) {
      if (this.#held.length === 0) this.#started = this.#context.sweep.now
      this.#held.append(bytes, start, end)
      this.#scanAt = this.#held.length * 2
      return end
    }
    if (result !== HEAD) return this.#refuse(result, head.reason)
    this.#fresh = false
    const next = head.end
    const problem = this.#facts.read(bytes) ?? (hostIsUsable(bytes) ? undefined : 'no usable Host field')
    if (this.#facts.method === 'CONNECT') return this.#refuse(405, 'CONNECT is not supported: use http_proxy for http:// addresses only')
    if (problem !== undefined) return this.#refuse(400, problem)
    return this.#begin(bytes, next, end)
  }

  #begin(bytes: Buffer, next: number, end: number): number {
    const started = this.#context.monotonic()
    this.#started = started
    this.#remember()
    const { continues } = head
    this.#facts.authority = this.#entrance.nameOf(this.#facts.authority)
    const decision = decide(this.#context.router, this.#entrance.scopeOf(this.#facts.authority), this.#facts, this.#context.draw)
    const exchange = decision.kind === 'forward' ? this.#exchangeFor(bytes, decision, started) : undefined
    this.#exchange = exchange
    // The registers are not read from here on: trailers are scanned with them.
    const range = this.#inBody() ? this.#frame(bytes, next, end) : undefined
    if (range === null) return this.#refuse(400, 'not chunked framing')
    if (exchange === undefined) this.#answerBy(decision, started)
    else {
      if (this.#phase === 'answer') exchange.onRequestDone(started)
      else if (continues && this.#current.minor === 1) this.socket.write(CONTINUE, 'latin1')
      exchange.start(range === undefined ? '' : bytes.toString('latin1', next, range.kept))
    }
    return range?.after ?? next
  }

  // Takes from the registers what is needed until the answer is complete.
  #remember(): void {
    const current = this.#current
    current.method = this.#facts.method
    current.minor = head.minor
    current.close = head.close || (head.minor === 0 && !head.keepAlive)
    current.keepAlive = head.keepAlive
    this.#left = head.contentLength
    this.#phase = head.chunked ? 'chunks' : head.contentLength > 0 ? 'length' : 'answer'
    if (head.chunked) (this.#chunks ??= new ChunkScanner()).reset()
  }

  #exchangeFor(bytes: Buffer, decision: Forward, started: Millis): Exchange | undefined {
    const state = this.#context.router.clusters.get(decision.cluster)
    if (state === undefined) return undefined
    const upgrade = head.connectionUpgrade && head.upgrade >= 0 && !head.chunked && head.contentLength <= 0 && !this.#asksForHttp2(bytes)
    const text = upstreamHead(bytes, { decision, facts: this.#facts, edge: this.#entrance.edge, clientAddress: this.#address, upgrade })
    const { method, minor, close, keepAlive } = this.#current
    return new Exchange({ context: this.#context, pools: this.#pools }, this, {
      decision,
      state,
      cells: this.#entrance.cells,
      method,
      head: text,
      minor,
      close,
      keepAlive,
      upgrade,
      started
    })
  }

  #asksForHttp2(bytes: Buffer): boolean {
    return bytes.toString('latin1', valueStart[head.upgrade], valueEnd[head.upgrade]).toLowerCase().includes('h2c')
  }

  // Where the body's part of [start, end) ends, as it came and as it is passed on; null when its framing is wrong.
  #frame(bytes: Buffer, start: number, end: number): { readonly after: number; readonly kept: number } | null {
    if (this.#phase === 'length') {
      const length = Math.min(this.#left, end - start)
      this.#left -= length
      if (this.#left === 0) this.#phase = 'answer'
      return { after: start + length, kept: start + length }
    }
    const chunks = this.#chunks
    const after = chunks?.scan(bytes, { start, end }, false) ?? -1
    if (chunks === undefined || after < 0) return null
    if (chunks.done) this.#phase = 'answer'
    return { after, kept: chunks.kept }
  }

  #takeBody(bytes: Buffer, start: number, end: number): number {
    const range = this.#frame(bytes, start, end)
    const exchange = this.#exchange
    if (range === null) {
      exchange?.abort()
      return exchange?.answering === true ? this.#cut(end) : this.#refuse(400, 'not chunked framing')
    }
    if (exchange === undefined || exchange.ended) return this.#drop(range.after - start, range.after)
    if (range.kept > start) this.#passOn(bytes, start, range.kept)
    if (!this.#inBody()) {
      this.#private = false
      exchange.onRequestDone(this.#context.sweep.now)
    }
    return range.after
  }

  #cut(end: number): number {
    this.socket.destroy()
    return end
  }

  // Bytes of a request that was answered already.
  #drop(length: number, after: number): number {
    this.#dropped += length
    if (this.#dropped > this.#context.limits.discardBytesMax) return this.#cut(after)
    if (!this.#inBody()) this.#next()
    return after
  }

  #passOn(bytes: Buffer, from: number, to: number): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    const socket = exchange.onRequestBytes(bytes, from, to)
    if (socket === undefined) {
      if (exchange.full) this.#pause()
      return
    }
    const view = bytes.subarray(from, to)
    this.#private = this.#phase !== 'answer'
    socket.write(bytes.buffer === this.#context.shared.buffer ? Buffer.from(view) : view)
    const waiting = socket.writableLength
    if (waiting === 0) return
    if (this.#buffers !== undefined && bytes.buffer === this.#buffers.current.buffer) this.#buffers.lend(socket)
    else whenWritten(socket, () => this.resumeReading())
    if (waiting > this.#context.limits.pendingBytesMax) this.#pause()
  }

  #pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.socket.pause()
  }

  // The request was answered and read to its end: the next one, or the end of the connection.
  #next(): void {
    this.#exchange = undefined
    this.#private = false
    this.#lingerUntil = NEVER
    if (!this.#keepAfter) return this.#linger()
    this.#phase = 'head'
    this.#lastByte = this.#context.sweep.now
    if (this.#held.length > 0 || this.#paused) this.#again()
  }

  // Held bytes are read in a turn of their own: the caller may be in the middle of its registers.
  #again(): void {
    setImmediate(() => {
      this.resumeReading()
      if (this.#held.length > 0 && !this.socket.destroyed) this.#runHeld()
    })
  }

  #linger(): void {
    this.#phase = 'lingering'
    this.#held.clear()
    this.#lingerUntil = this.#context.sweep.now + this.#context.limits.discardTimeout
    this.#paused = true
    this.resumeReading()
    this.socket.end()
  }

  #answerBy(decision: Decision, started: Millis): void {
    const answer = answerOf(decision)
    this.#entrance.cells.unreached(undefined).record(answer.status, answer.flag, this.#context.monotonic() - started)
    this.#say(answer, false)
  }

  #say(answer: Spoken, close: boolean): void {
    const { status, body, lines, edits } = answer
    const closes = close || this.#current.close || this.closing
    this.socket.write(localAnswer({ status, body, lines, edits, close: closes, bodiless: this.#current.method === 'HEAD' }), 'latin1')
    this.onAnswered(!closes)
  }

  // A message that cannot be understood: an answer, and the end of the connection. Nothing of what follows is read as a request.
  #refuse(status: number, reason: string): number {
    this.#entrance.cells.unreached(undefined).record(status, status === 400 ? 'DPE' : '-', 0)
    this.socket.write(localAnswer({ status, body: reason, lines: '', edits: undefined, close: true, bodiless: false }), 'latin1')
    this.#exchange = undefined
    this.#linger()
    return NEVER
  }

  #onEnd(): void {
    this.#halfClosed = true
    if (this.#phase === 'tunnel') return this.#exchange?.endTunnel()
    // Half a request can never be completed; a complete one is still answered.
    if (this.#phase !== 'answer') this.socket.destroy()
  }

  #onClose(): void {
    this.#exchange?.abort()
    this.#buffers?.close()
    this.#context.sweep.remove(this)
    this.#entrance.onClosed(this)
  }
}

interface Spoken {
  readonly status: number
  readonly body: string
  readonly lines: string
  readonly edits: Forward['response']
}

function answerOf(decision: Decision): Spoken & { readonly flag: string } {
  switch (decision.kind) {
    case 'redirect':
      return { status: decision.status, body: '', lines: `location: ${decision.location}\r\n`, edits: decision.response, flag: '-' }
    case 'respond': {
      const lines = decision.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
      return { status: decision.status, body: decision.body, lines, edits: decision.response, flag: '-' }
    }
    case 'forward':
      return { ...FAILURES['no-destination'], lines: '', edits: decision.response }
    case 'no-route': {
      const failure = decision.because === 'no-destination' || decision.because === 'bad-path' ? decision.because : 'no-route'
      return { ...FAILURES[failure], lines: '', edits: undefined }
    }
  }
}
