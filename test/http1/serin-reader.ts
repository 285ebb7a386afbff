// Our side of the comparison: scanner, held bytes and body framing driven as client.ts and upstream.ts drive them, without sockets. Besides
// what was read it tells what would be passed on.

import { PLAIN_DECISION } from '../../src/route/plain.ts'
import { BodyFrame } from '../../src/proxy/body-frame.ts'
import { HeldBytes } from '../../src/proxy/buffers.ts'
import { HEAD, MORE, head, nameEnd, nameStart, valueEnd, valueStart } from '../../src/proxy/head.ts'
import { RequestHead, upstreamHead } from '../../src/proxy/request-head.ts'
import { editInPlace, headText } from '../../src/proxy/response-head.ts'
import { hostIsUsable, scanRequest, scanResponse } from '../../src/proxy/scanner.ts'
import type { Ending, ReadMessage, Reading, Stream } from './reading.ts'

/** A reading by our parser. */
export interface OwnReading extends Reading {
  /** Offsets of the first byte of each message, and of the byte behind the last whole one. */
  readonly starts: readonly number[]
  /** What was sent on of each message: its head as edited, its body with our framing. */
  readonly passedOn: readonly string[]
  /** Asked of each request: it goes on as a request for an upgrade. */
  readonly upgrades: readonly boolean[]
}

/** How chunked bodies are passed on: in chunks, or without their framing for a reader that knows none. */
export type Coding = 'chunked' | 'bare'

// For the lines that are added to the head of an answer.
const ROOM = 256

/** Reads the stream in pieces that end at the offsets `cuts`, and its end. */
export function readBySerin(stream: Stream, cuts: readonly number[] = [], coding: Coding = 'bare'): OwnReading {
  const reader = stream.type === 'request' ? new RequestReader(coding) : new ResponseReader(stream, coding)
  let from = 0
  for (const to of [...cuts, stream.bytes.length]) {
    // A read of its own each, with room before it: bytes behind what was read must never count.
    const bytes = Buffer.alloc(ROOM + to - from + 8, 'X')
    stream.bytes.copy(bytes, ROOM, from, to)
    if (to > from) reader.onRead(bytes, ROOM, ROOM + to - from)
    from = to
  }
  reader.onEnd()
  return reader.reading
}

const DECISION = {
  ...PLAIN_DECISION,
  route: { virtualService: undefined, name: undefined, index: 0 },
  cluster: 'c',
  path: '',
  authority: ''
} as const

const BAD_CHUNKS = 'the chunked framing of the body is malformed'

class Read {
  readonly messages: ReadMessage[] = []
  readonly passedOn: string[] = []
  readonly upgrades: boolean[] = []
  ending: Ending = 'more'
  reason = ''
  readonly starts: number[] = [0]
  protected consumed = 0
  protected readonly held = new HeldBytes()
  protected readonly frame = new BodyFrame()
  protected readonly coding: Coding

  constructor(coding: Coding) {
    this.coding = coding
  }

  get reading(): OwnReading {
    const { messages, ending, reason, starts, passedOn, upgrades } = this
    return { messages, ending, reason, starts, passedOn, upgrades }
  }

  protected refuse(reason: string): void {
    this.ending = 'refused'
    this.reason = reason
  }

  protected message(bytes: Buffer, facts: { readonly method: string; readonly target: string; readonly keep: boolean }): ReadMessage {
    const headers: [string, string][] = []
    for (let index = 0; index < head.fields; index++) {
      const name = bytes.toString('latin1', nameStart[index], nameEnd[index])
      headers.push([name, bytes.toString('latin1', valueStart[index], valueEnd[index])])
    }
    return {
      ...facts,
      status: facts.method === '' ? head.status : 0,
      version: `1.${head.minor}`,
      headers,
      body: '',
      complete: false,
      trailers: []
    }
  }

  protected complete(): void {
    const current = this.messages.at(-1)
    if (current !== undefined) current.complete = true
    this.starts.push(this.consumed)
  }

  // Bytes [from, to) of the body, or of its framing where that is passed on.
  protected pass(bytes: Buffer, from: number, to: number): void {
    const current = this.messages.at(-1)
    if (current === undefined) return
    const text = bytes.toString('latin1', from, to)
    current.body += text
    this.passedOn[this.passedOn.length - 1] += text
  }
}

function keepsConnection(): boolean {
  return !head.close && (head.minor === 1 || head.keepAlive)
}

// Client and Intake, for requests that are answered at once.
class RequestReader extends Read {
  #phase: 'head' | 'body' | 'answer' = 'head'
  readonly #facts = new RequestHead('127.0.0.1:1', '127.0.0.1:2')

  onRead(bytes: Buffer, start: number, end: number): void {
    if (this.ending !== 'more') return
    if (this.held.length === 0) this.#run(bytes, start, end)
    else if (this.held.addToPart(bytes, start, end) || this.#phase !== 'head') this.#runHeld()
    while (this.#phase === 'answer' && this.ending === 'more') this.#next()
  }

  onEnd(): void {}

  // After the answer: what came early is read in a turn of its own.
  #next(): void {
    if (this.messages.at(-1)?.keep !== true) {
      this.ending = 'closed'
      return
    }
    this.#phase = 'head'
    if (this.held.length > 0) this.#runHeld()
  }

  #runHeld(): void {
    const bytes = this.held.takeAll()
    this.#run(bytes, 0, bytes.length)
  }

  #run(bytes: Buffer, start: number, end: number): void {
    let at = start
    while (at < end && this.ending === 'more') at = this.#take(bytes, at, end)
  }

  #take(bytes: Buffer, start: number, end: number): number {
    switch (this.#phase) {
      case 'head':
        return this.#takeHead(bytes, start, end)
      case 'body':
        return this.#takeBody(bytes, start, end)
      case 'answer':
        this.held.append(bytes, start, end)
        return end
    }
  }

  #takeHead(bytes: Buffer, start: number, end: number): number {
    const result = scanRequest(bytes, start, end)
    if (result === MORE) {
      this.held.keepPart(bytes, start, end)
      return end
    }
    if (result !== HEAD) {
      this.refuse(head.reason)
      return end
    }
    const target = bytes.toString('latin1', head.targetStart, head.targetEnd)
    const problem = this.#facts.read(bytes) ?? (hostIsUsable(bytes) ? undefined : 'no usable Host field')
    if (this.#facts.method === 'CONNECT' || problem !== undefined) {
      this.refuse(problem === undefined || this.#facts.method === 'CONNECT' ? 'CONNECT is not supported' : problem)
      return end
    }
    const keep = keepsConnection()
    this.messages.push(this.message(bytes, { method: this.#facts.method, target, keep }))
    this.#passHead(bytes)
    this.frame.begin(Math.max(0, head.contentLength), head.chunked ? this.coding : 'plain')
    this.consumed += head.end - start
    this.#phase = 'body'
    if (!this.frame.done) return this.#takeBody(bytes, head.end, end)
    this.#phase = 'answer'
    this.complete()
    return head.end
  }

  #passHead(bytes: Buffer): void {
    const named = bytes.toString('latin1', valueStart[head.upgrade], valueEnd[head.upgrade]).toLowerCase()
    const upgrade = head.connectionUpgrade && head.upgrade >= 0 && !head.chunked && head.contentLength <= 0 && !named.includes('h2c')
    const decision = { ...DECISION, path: this.#facts.path, authority: this.#facts.authority }
    const forwarding = { decision, facts: this.#facts, edge: false, clientAddress: '127.0.0.1', upgrade, edits: undefined, requestId: 'i' }
    this.upgrades.push(upgrade)
    this.passedOn.push(`${upstreamHead(bytes, forwarding)}\r\n`)
  }

  #takeBody(bytes: Buffer, start: number, end: number): number {
    if (!this.frame.take(bytes, start, end)) {
      this.refuse(BAD_CHUNKS)
      return end
    }
    const { after, kept } = this.frame
    this.pass(bytes, start, kept)
    this.consumed += after - start
    if (this.frame.done) {
      this.#phase = 'answer'
      this.complete()
    }
    return after
  }
}

// Upstream and Exchange, for one answer.
class ResponseReader extends Read {
  #phase: 'head' | 'body' | 'idle' = 'head'
  #chunk = false
  readonly #stream: Stream

  constructor(stream: Stream, coding: Coding) {
    super(coding)
    this.#stream = stream
  }

  onRead(bytes: Buffer, start: number, end: number): void {
    if (this.ending !== 'more') return
    if (this.held.length === 0) return this.#take(bytes, start, end)
    if (!this.held.addToPart(bytes, start, end)) return
    const held = this.held.takeAll()
    this.#take(held, 0, held.length)
  }

  onEnd(): void {
    if (this.ending !== 'more' || this.#phase !== 'body' || !this.frame.untilClose) return
    this.#finish(false)
  }

  #take(bytes: Buffer, start: number, end: number): void {
    if (this.#phase === 'head') this.#takeHead(bytes, start, end)
    else if (this.#phase === 'body') this.#takeBody(bytes, start, end)
    else this.ending = 'closed'
  }

  #takeHead(bytes: Buffer, start: number, end: number): void {
    let at = start
    let result = scanResponse(bytes, at, end)
    while (result === HEAD && head.status < 200) {
      if (head.status === 101 && !this.#stream.toUpgrade) return this.refuse('an upgrade that nobody asked for')
      this.#passInterim(bytes, at)
      at = head.end
      if (at === end || this.ending !== 'more') return
      result = scanResponse(bytes, at, end)
    }
    if (result === MORE) return this.held.keepPart(bytes, at, end)
    if (result !== HEAD) return this.refuse(head.reason)
    this.consumed += head.end - at
    this.#takeFinalHead(bytes, end)
  }

  #takeFinalHead(bytes: Buffer, end: number): void {
    const body = head.end
    const { status } = head
    const { toHead } = this.#stream
    if (toHead || status === 204 || status === 304) this.frame.begin(0, 'plain')
    else if (head.chunked) this.frame.begin(-1, this.coding)
    else this.frame.begin(head.contentLength, 'plain')
    const keep = keepsConnection() && !this.frame.untilClose
    this.messages.push(this.message(bytes, { method: '', target: '', keep }))
    this.passedOn.push('')
    this.#passHead(bytes)
    this.#phase = 'body'
    this.#takeBody(bytes, body, end)
  }

  #passInterim(bytes: Buffer, start: number): void {
    const keep = keepsConnection()
    this.messages.push(this.message(bytes, { method: '', target: '', keep }))
    this.passedOn.push('')
    this.consumed += head.end - start
    this.complete()
    if (head.status === 101) this.ending = 'tunnel'
    else if (!keep) this.refuse('an interim answer that ends the connection')
  }

  // The head for a client of HTTP/1.1, or (bare) for one of HTTP/1.0, as Exchange has it made.
  #passHead(bytes: Buffer): void {
    const { untilClose } = this.frame
    const isOld = this.coding === 'bare'
    this.#chunk = untilClose && !isOld
    const bare = isOld && head.chunked
    const framing = this.#chunk ? 'chunk' : bare ? 'bare' : 'same'
    const form = { edits: undefined, serviceTime: 1, close: isOld, keepAlive: false, framing, upgrade: false } as const
    const { end } = head
    const start = this.#chunk ? -1 : editInPlace(bytes, form)
    this.passedOn[this.passedOn.length - 1] = start < 0 ? headText(bytes, form) : bytes.toString('latin1', start, end)
  }

  #takeBody(bytes: Buffer, start: number, end: number): void {
    if (!this.frame.take(bytes, start, end)) return this.refuse(BAD_CHUNKS)
    const { after, kept } = this.frame
    this.consumed += after - start
    if (kept > start) this.#passBody(bytes, start, kept)
    if (this.frame.done) this.#finish(after < end)
  }

  #passBody(bytes: Buffer, start: number, end: number): void {
    const before = this.passedOn.at(-1) ?? ''
    this.pass(bytes, start, end)
    if (!this.#chunk) return
    const text = bytes.toString('latin1', start, end)
    this.passedOn[this.passedOn.length - 1] = `${before}${text.length.toString(16)}\r\n${text}\r\n`
  }

  #finish(surplus: boolean): void {
    this.complete()
    if (this.#chunk) this.passedOn[this.passedOn.length - 1] += '0\r\n\r\n'
    this.#phase = 'idle'
    if (surplus) this.ending = 'closed'
  }
}
