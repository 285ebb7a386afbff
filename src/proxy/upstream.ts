// One connection to an endpoint: connects, reads answers with strict framing, and says when it may be used again. It knows nothing of
// retries or clients. Bytes that no request asked for, bad framing or a surplus close it (proxy.md 9.4).

import type { Socket } from 'node:net'
import type { Millis } from '../std/clock.ts'
import { STAT } from '../route/cluster-stats.ts'
import type { ClusterStats } from '../route/cluster-stats.ts'
import { BodyFrame } from './body-frame.ts'
import { HEAD_ROOM, HeldBytes, ReadBuffers, readable } from './buffers.ts'
import { connectFailureOf } from './connect-failure.ts'
import type { ConnectFailure } from './connect-failure.ts'
import type { Context } from './context.ts'
import { HEAD, MORE, head, keepsConnection } from './head.ts'
import { addressOf } from './known-facts.ts'
import { hearLastWords } from './last-words.ts'
import { scanResponse } from './scanner.ts'
import { SYSTEM_LIMIT } from './limits.ts'
import type { LimitName } from './limits.ts'
import { BUSY } from './sweep.ts'
import type { Swept } from './sweep.ts'
import type { UpstreamFailure, UpstreamUser } from './upstream-user.ts'

/** Where a connection belongs. */
export interface Home {
  readonly cluster: string
  readonly host: string
  readonly port: number
  readonly connectTimeout: Millis
  readonly idleTimeout: Millis
  /** How old a connection may be when a request begins on it; 0: of any age. */
  readonly connectionDuration: Millis
  /** Idle time before the system probes it, 0 for the system's own; undefined: no probes. */
  readonly keepAlive: Millis | undefined
  readonly requestsMax: number
  /** The cluster's counts. */
  readonly stats: ClusterStats
  /** It is open and free. */
  onConnected(upstream: Upstream): void
  onIdle(upstream: Upstream): void
  /** `failure`: it never opened. */
  onClosed(upstream: Upstream, failure: ConnectFailure | undefined): void
}

const NEVER = Number.POSITIVE_INFINITY

type Phase = 'connecting' | 'idle' | 'head' | 'body' | 'tunnel' | 'closed'

/** A connection to one endpoint. Owns its socket and buffers. */
export class Upstream implements Swept {
  place = -1
  slot = BUSY
  readonly socket: Socket
  readonly buffers: ReadBuffers
  /** It answered a request before this one. */
  reused = false
  /** It was closed before the endpoint read the request in progress, as far as the system tells. */
  unread = false
  /** Our end of it, `address:port`; undefined before it opened. */
  local: string | undefined
  #phase: Phase = 'connecting'
  #user: UpstreamUser | undefined
  #requests = 0
  #keep = true
  /** What the system said when it did not open, in Envoy's words. */
  refusal: string | undefined
  // Why it did not open, as far as is known.
  #failure: ConnectFailure = 'connect-failure'
  // How it ended: by us, and in the middle of a request.
  #endedHere = false
  #cut = false
  #paused = false
  // For whom it is paused.
  #reader: Socket | undefined
  #answerStarted = false
  #interimBytes = 0
  #deadline: Millis
  // When it opened, and whether it has been told to be too old.
  #openedAt: Millis = NEVER
  #old = false
  // When the bytes at hand came; NEVER until somebody asks. Always a number, so that it is stored in place and not as an object of its own.
  #heardAt: Millis = NEVER
  readonly #held: HeldBytes
  readonly #frame: BodyFrame
  readonly #context: Context
  readonly #home: Home

  constructor(context: Context, home: Home) {
    this.#context = context
    this.#home = home
    this.#frame = new BodyFrame(context.limits)
    this.#held = new HeldBytes(context.kept)
    this.buffers = new ReadBuffers(context.buffers, () => this.#onWritten(), 'shared')
    this.#deadline = context.monotonic() + home.connectTimeout
    let first = true
    this.socket = context.sockets.connect({
      ...context.locate(home.host, home.port, home.cluster),
      noDelay: true,
      // An end that comes under a request is looked into before the connection is given up.
      allowHalfOpen: true,
      onread: {
        // Node calls this once for the first buffer and after each read; a non-buffer keeps the current one.
        buffer: () => {
          const next = first ? readable(this.buffers.current) : this.buffers.next()
          first = false
          // The type wants a buffer; anything else keeps the current one (net documentation, onread).
          return next as Uint8Array
        },
        callback: (length) => {
          this.#onRead(length)
          return true
        }
      }
    })
    this.socket.on('connect', () => this.#onConnect())
    this.socket.on('end', () => this.#onEnd())
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      const { failure, refusal } = connectFailureOf(error)
      if (failure === 'overflow') context.recorder.reach(SYSTEM_LIMIT)
      this.#failure = failure
      this.refusal = refusal
      this.unread ||= error.code === 'ECONNRESET' || error.code === 'EPIPE'
    })
    this.socket.on('close', () => this.#onClose())
    hearLastWords(this.socket, context.sockets, () => this.#phase === 'head' || this.#phase === 'body')
    context.sweep.add(this)
  }

  /** Bytes of the body of the answer so far. */
  get payload(): number {
    return this.#frame.payload
  }

  /** The time of what is being read: the clock is looked at once for all that follows from it. */
  get heardAt(): Millis {
    if (this.#heardAt === NEVER) this.#heardAt = this.#context.monotonic()
    return this.#heardAt
  }

  get answerStarted(): boolean {
    return this.#answerStarted
  }

  /** Begins a request on a free connection: `text` is its head and what is there of its body, latin1. */
  begin(user: UpstreamUser, text: string): void {
    this.#user = user
    this.#requests++
    this.reused = this.#requests > 1
    this.#keep = true
    this.#answerStarted = false
    this.#interimBytes = 0
    this.#phase = 'head'
    if (text !== '') this.socket.write(text, 'latin1')
  }

  /** Answers a request on a free connection in the endpoint's place, which does not see it. */
  pretend(user: UpstreamUser, answer: Buffer): void {
    this.begin(user, '')
    this.#take(answer, 0, answer.length)
  }

  /** Ends the connection; its user hears no more. */
  destroy(): void {
    this.#cut ||= this.#user !== undefined
    this.#user = undefined
    this.#close()
  }

  /** Reads no more while so much waits for this reader. */
  pauseFor(reader: Socket): void {
    if (this.#paused) return
    this.#reader = reader
    this.#context.recorder.reach('pendingBytesMax')
    this.#paused = true
    this.socket.pause()
  }

  sweep(now: Millis): Millis {
    const tooOldAt = this.#tooOldAt
    const waits = this.#phase === 'connecting' || this.#phase === 'idle'
    if (now >= tooOldAt) this.#retire()
    else if (waits && now >= this.#deadline) this.#giveUp()
    return waits ? Math.min(this.#deadline, tooOldAt) : tooOldAt
  }

  get #tooOldAt(): Millis {
    const { connectionDuration } = this.#home
    return connectionDuration > 0 && !this.#old ? this.#openedAt + connectionDuration : NEVER
  }

  // Nobody answered the call, or nobody has used the connection for too long.
  #giveUp(): void {
    if (this.#phase === 'connecting') this.#failure = 'connect-timeout'
    else this.#home.stats.add(STAT.upstream_cx_idle_timeout)
    this.destroy()
  }

  // Too old: it closes now, or with the answer in progress.
  #retire(): void {
    this.#old = true
    this.#home.stats.add(STAT.upstream_cx_max_duration_reached)
    if (this.#phase === 'idle') this.destroy()
  }

  #close(): void {
    this.#endedHere = true
    this.socket.destroy()
  }

  // A part of what waits: to go on with each would let in more than goes out. Behind the last part nothing waits.
  #onWritten(): void {
    if (this.#reader?.destroyed === false && this.#reader.writableLength > this.#context.kept.waitingMax) return
    this.#resume()
  }

  #resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#reader = undefined
    this.socket.resume()
  }

  #onConnect(): void {
    this.#openedAt = this.#context.monotonic()
    const { localAddress, localPort } = this.socket
    if (localAddress !== undefined) this.local = addressOf(localAddress, localPort)
    const { keepAlive } = this.#home
    if (keepAlive !== undefined) this.socket.setKeepAlive(true, keepAlive)
    this.#rest()
    this.#home.onConnected(this)
  }

  #onRead(length: number): void {
    const bytes = this.buffers.current
    this.buffers.heard(length)
    if (this.#user === undefined) return this.destroy()
    if (this.#held.length === 0) return this.#take(bytes, HEAD_ROOM, HEAD_ROOM + length)
    if (!this.#held.addToPart(bytes, HEAD_ROOM, HEAD_ROOM + length)) return
    const held = this.#held.takeAll()
    this.#take(held, 0, held.length)
  }

  #take(bytes: Buffer, start: number, end: number): void {
    this.#answerStarted = true
    this.#heardAt = NEVER
    switch (this.#phase) {
      case 'head':
        return this.#takeHead(bytes, start, end)
      case 'body':
        return this.#takeBody(bytes, { from: start, start, end })
      case 'tunnel':
        this.#user?.onBytes(bytes, start, end)
        return
      case 'connecting':
      case 'idle':
      case 'closed':
        this.destroy()
    }
  }

  #takeHead(bytes: Buffer, start: number, end: number): void {
    let at = start
    let result = scanResponse(bytes, at, end, this.#context.limits)
    // Interim answers are not passed on: the proxy sent 100 itself, and nobody asked for others. One that ends the connection leaves no final one.
    while (result === HEAD && head.status < 200 && head.status !== 101) {
      if (!keepsConnection()) return this.#refuse(undefined)
      this.#interimBytes += head.end - at
      if (this.#interimBytes > this.#context.limits.interimBytesMax) return this.#refuse('interimBytesMax')
      at = head.end
      if (at === end) return
      result = scanResponse(bytes, at, end, this.#context.limits)
    }
    if (result === MORE) return this.#held.keepPart(bytes, at, end)
    if (result !== HEAD) return this.#refuse(head.limit)
    if (this.#user !== undefined) this.#takeFinalHead(bytes, end, this.#user)
  }

  // The final head is in the registers.
  #takeFinalHead(bytes: Buffer, end: number, user: UpstreamUser): void {
    const body = head.end
    if (head.status === 101 && !user.wantsUpgrade) return this.#fail('protocol')
    this.#beginBody(user)
    const from = user.onHead(bytes, this.#phase === 'body' && this.#frame.untilClose)
    if (from < 0) return
    if (this.#phase === 'tunnel') {
      user.onBytes(bytes, from, end)
      return
    }
    this.#takeBody(bytes, { from, start: body, end })
  }

  #beginBody(user: UpstreamUser): void {
    this.#keep = keepsConnection()
    const { status } = head
    this.#phase = status === 101 ? 'tunnel' : 'body'
    if (user.bodiless || status === 204 || status === 304) this.#frame.begin(0, 'plain')
    else if (head.chunked) this.#frame.begin(-1, user.bare ? 'bare' : 'chunked')
    else this.#frame.begin(head.contentLength, 'plain')
  }

  // Passes on [from, ...) of which the body begins at `start`.
  #takeBody(bytes: Buffer, range: { readonly from: number; readonly start: number; readonly end: number }): void {
    const { from, start, end } = range
    const frame = this.#frame
    if (!frame.take(bytes, start, end)) return this.#refuse(frame.limit)
    if (frame.after < end) this.#keep = false
    if (frame.kept > from) this.#user?.onBytes(bytes, from, frame.kept)
    if (frame.done) this.#finish()
  }

  #refuse(limit: LimitName | undefined): void {
    if (limit !== undefined) this.#context.recorder.reach(limit)
    this.#home.stats.add(STAT.upstream_cx_protocol_error)
    this.#fail('protocol')
  }

  #finish(): void {
    const user = this.#user
    this.#user = undefined
    this.buffers.ended(this.#frame.payload)
    const { requestsMax } = this.#home
    const whole = user?.requestDone === true
    const spent = requestsMax > 0 && this.#requests >= requestsMax
    if (spent) this.#home.stats.add(STAT.upstream_cx_max_requests)
    if (!whole || !this.#keep || this.#phase === 'closed' || spent || this.#old) this.#close()
    else {
      this.#rest()
      this.#home.onIdle(this)
    }
    user?.onAnswered()
  }

  // Free from now on, for as long as idle connections are kept.
  #rest(): void {
    // Whoever is slow to take this answer does not stop the next one, which may be another client's.
    this.#resume()
    this.#phase = 'idle'
    this.#deadline = this.#context.sweep.now + this.#home.idleTimeout
    this.#context.sweep.wake(this)
  }

  #onEnd(): void {
    this.#heardAt = NEVER
    if (this.#phase === 'body' && this.#frame.untilClose) {
      this.#keep = false
      return this.#finish()
    }
    if (this.#phase === 'tunnel') return this.#user?.onTunnelEnd()
    // In the middle of a request the probe would be taken for part of it.
    if (this.#phase === 'head' && this.reused && !this.#answerStarted && this.#user?.requestDone === true) return this.#probe()
    this.socket.destroy()
  }

  // Bytes that arrive at a closed connection are answered by a reset, and nothing can be written after it: then the endpoint had closed
  // before the request came. One that read the request and closed without an answer has broken it.
  #probe(): void {
    this.socket.write('\r\n', (error) => {
      this.unread ||= error !== undefined && error !== null
      this.socket.destroy()
    })
  }

  #fail(failure: UpstreamFailure): void {
    const user = this.#user
    this.destroy()
    user?.onFailure(failure)
  }

  #onClose(): void {
    const before = this.#phase
    const user = this.#user
    this.#phase = 'closed'
    this.#user = undefined
    this.buffers.close()
    this.#held.clear()
    this.#context.sweep.remove(this)
    this.#home.stats.closed(this.#endedHere ? 'local' : 'remote', this.#cut || user !== undefined ? 'in progress' : 'none')
    this.#home.onClosed(this, before === 'connecting' ? this.#failure : undefined)
    user?.onFailure('terminated')
  }
}
