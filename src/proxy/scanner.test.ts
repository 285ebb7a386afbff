import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ChunkScanner } from './chunks.ts'
import { HEAD, MORE, NAMED, fieldKind, head, nameEnd, nameStart, valueEnd, valueStart } from './head.ts'
import { hostIsUsable, scanRequest, scanResponse } from './scanner.ts'
import { dataPath } from '../../test/data.ts'

interface Message {
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
  readonly complete: boolean
  readonly headersComplete: boolean
  readonly method?: string
  readonly url?: string
  readonly statusCode?: number
}

interface Case {
  readonly id: string
  readonly type: 'request' | 'response'
  readonly input: string
  readonly messages: readonly Message[]
  readonly error: { readonly offset: number; readonly code: number; readonly reason: string } | null
  readonly upgrade?: boolean
}

interface Seen {
  start: string
  status: number
  headers: [string, string][]
  body: string
  headersComplete: boolean
  complete: boolean
}

interface Outcome {
  readonly messages: Seen[]
  readonly refused: string | undefined
}

const DATA = dataPath('http1/cases.json')

function cases(): Case[] {
  if (!existsSync(DATA)) throw new Error(`the conformance data is not at ${DATA}`)
  return JSON.parse(readFileSync(DATA, 'utf8')) as Case[]
}

// Reads a stream of messages the way a connection does: a head is scanned again when more bytes have come, bodies by length or chunks.
class StreamReader {
  readonly messages: Seen[] = []
  refused: string | undefined
  #held = Buffer.alloc(0)
  #phase: 'head' | 'length' | 'chunks' | 'rest' = 'head'
  #left = 0
  #stopped = false
  readonly #chunks = new ChunkScanner()
  readonly #type: 'request' | 'response'

  constructor(type: 'request' | 'response') {
    this.#type = type
  }

  feed(bytes: Buffer): void {
    this.#held = Buffer.concat([this.#held, bytes])
    while (this.#held.length > 0 && this.refused === undefined && !this.#stopped && this.#step());
  }

  #step(): boolean {
    const current = this.messages.at(-1)
    switch (this.#phase) {
      case 'head':
        return this.#head()
      case 'length': {
        const length = Math.min(this.#left, this.#held.length)
        if (current !== undefined) current.body += this.#held.toString('latin1', 0, length)
        this.#left -= length
        this.#held = this.#held.subarray(length)
        if (this.#left === 0) this.#finish()
        return true
      }
      case 'chunks': {
        const copy = Buffer.from(this.#held)
        const end = this.#chunks.scan(copy, 0, copy.length)
        if (end < 0) {
          this.refused = 'chunked framing'
          return false
        }
        if (current !== undefined) current.body += copy.toString('latin1', 0, this.#chunks.kept)
        this.#held = this.#held.subarray(end)
        if (this.#chunks.done) this.#finish()
        return true
      }
      case 'rest':
        if (current !== undefined) current.body += this.#held.toString('latin1')
        this.#held = Buffer.alloc(0)
        return true
    }
  }

  #finish(): void {
    const current = this.messages.at(-1)
    if (current !== undefined) current.complete = true
    this.#phase = 'head'
  }

  #head(): boolean {
    const bytes = this.#held
    const request = this.#type === 'request'
    const result = request ? scanRequest(bytes, 0, bytes.length) : scanResponse(bytes, 0, bytes.length)
    if (result === MORE) return false
    if (result !== HEAD) {
      this.refused = head.reason
      return false
    }
    const headers: [string, string][] = []
    for (let index = 0; index < head.fields; index++) {
      headers.push([
        bytes.toString('latin1', nameStart[index], nameEnd[index]),
        bytes.toString('latin1', valueStart[index], valueEnd[index])
      ])
    }
    const start = request
      ? `${bytes.toString('latin1', head.start, head.methodEnd)} ${bytes.toString('latin1', head.targetStart, head.targetEnd)}`
      : String(head.status)
    this.messages.push({ start, status: head.status, headers, body: '', headersComplete: true, complete: false })
    this.#held = bytes.subarray(head.end)
    this.#frame(request)
    return true
  }

  #frame(request: boolean): void {
    const bodiless = !request && (head.status < 200 || head.status === 204 || head.status === 304)
    const tunnel = request ? head.upgrade >= 0 && head.connectionUpgrade : head.status === 101
    this.#stopped = tunnel
    if (tunnel || bodiless) this.#finish()
    else this.#body(request)
  }

  #body(request: boolean): void {
    if (head.chunked) {
      this.#chunks.reset('bare')
      this.#phase = 'chunks'
    } else if (head.contentLength > 0) {
      this.#left = head.contentLength
      this.#phase = 'length'
    } else if (request || head.contentLength === 0) this.#finish()
    else this.#phase = 'rest'
  }
}

function read(type: 'request' | 'response', pieces: readonly Buffer[]): Outcome {
  const reader = new StreamReader(type)
  for (const piece of pieces) reader.feed(piece)
  // How much of a body was passed on before its framing proved wrong depends on the reads; that it was never ended does not.
  const last = reader.messages.at(-1)
  if (reader.refused !== undefined && last !== undefined && !last.complete) last.body = ''
  return { messages: reader.messages, refused: reader.refused }
}

// Messages that the published parser takes and Serin refuses, by id.
const STRICTER: Record<string, string> = {
  'request-connection: CRLF between requests, implicit `keep-alive`': 'two empty lines before a request; one is skipped',
  'request-method: CONNECT request': 'CONNECT is refused by the engine; its bytes are not read as a tunnel here',
  'request-method: CONNECT with body': 'CONNECT is refused by the engine; its bytes are not read as a tunnel here',
  'request-method: SOURCE request with ICE': 'ICE',
  'request-method: OPTIONS request with RTSP': 'RTSP',
  'request-method: ANNOUNCE request with RTSP': 'RTSP',
  'request-transfer-encoding: POST with `chunked` as last transfer-encoding': 'a fragment in the target; only chunked is known (501)',
  'request-transfer-encoding: POST with `chunked` as last transfer-encoding (multiple headers)':
    'a fragment in the target; only chunked is known',
  'request-uri: Fragment in URI': 'RFC 9112 3.2: a request target has no fragment',
  'response-connection: HTTP 100 first, then 400': 'an empty line before a response is not in RFC 9112 2.2',
  'response-pipelining: Should parse multiple events': 'empty lines between responses: surplus bytes on a pooled connection',
  'response-sample: RTSP response': 'RTSP',
  'response-sample: ICE response': 'ICE',
  'response-sample: HTTP version 0.9': 'HTTP/0.9',
  'response-sample: Response starting with CRLF': 'an empty line before a response is not in RFC 9112 2.2',
  'response-transfer-encoding: `chunked` before other transfer-encoding': 'only chunked is known',
  'response-transfer-encoding: multiple transfer-encoding where chunked is not the last one': 'only chunked is known',
  'response-transfer-encoding: `chunkedchunked` transfer-encoding does not enable chunked enconding': 'only chunked is known'
}
// Messages that the published parser refuses and Serin takes, by id.
const LOOSER: Record<string, string> = {
  'request-invalid: HTTP protocol and ANNOUNCE method': 'a method that is a token',
  'request-invalid: Invalid method': 'a method that is a token',
  'response-connection: HTTP/1.1 with keep-alive disabled and 204 status': 'bytes after Connection: close are dropped with the connection'
}

const show = (seen: Pick<Seen, 'start' | 'headers' | 'body' | 'complete'>): string =>
  JSON.stringify([seen.start, seen.headers, seen.body, seen.complete])

function recordedMessages(one: Case): string[] {
  return one.messages
    .filter((message) => message.headersComplete)
    .map((message) =>
      show({
        start: one.type === 'request' ? `${message.method} ${message.url}` : String(message.statusCode),
        headers: message.headers.map(([name, value]) => [name, Buffer.from(value, 'utf8').toString('latin1').trim()]),
        body: Buffer.from(message.body, 'utf8').toString('latin1'),
        complete: message.complete
      })
    )
}

// How a case ends: refused, or the messages read; differences listed end as the parser's own reading does.
function seenOf(one: Case): readonly string[] | 'refused' {
  const { refused, messages } = read(one.type, [Buffer.from(one.input, 'utf8')])
  if (one.error !== null) return refused !== undefined || LOOSER[one.id] !== undefined ? 'refused' : messages.map(show)
  if (refused === undefined) return messages.map(show)
  return STRICTER[one.id] === undefined ? 'refused' : recordedMessages(one)
}

test.each(cases().map((one) => [one.id, one] as const))('the scanner reads or refuses as the published parser does: %s', (_, one) => {
  expect(seenOf(one)).toEqual(one.error === null ? recordedMessages(one) : 'refused')
})

test('every difference listed is a case that exists', ({ task }) => {
  task.meta.deliberate = Object.entries({ ...STRICTER, ...LOOSER }).map(([id, why]) => ({ id, why }))
  const ids = new Set(cases().map((one) => one.id))
  expect([...Object.keys(STRICTER), ...Object.keys(LOOSER)].filter((id) => !ids.has(id))).toEqual([])
})

test('any split of the bytes into reads gives the same result', () => {
  const all = cases()
  fc.assert(
    fc.property(fc.nat(all.length - 1), fc.array(fc.nat(400), { maxLength: 12 }), (index, cuts) => {
      const one = all[index]!
      const bytes = Buffer.from(one.input, 'utf8')
      const marks = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort((a, b) => a - b)
      const pieces = marks.slice(1).map((mark, at) => bytes.subarray(marks[at], mark))
      const whole = read(one.type, [bytes])
      const split = read(one.type, pieces)
      expect(split.messages).toEqual(whole.messages)
      expect(split.refused === undefined).toBe(whole.refused === undefined)
    }),
    { numRuns: 3000 }
  )
  for (const one of all) {
    const bytes = Buffer.from(one.input, 'utf8')
    const single = read(
      one.type,
      Array.from(bytes, (octet) => Buffer.of(octet))
    )
    expect(single.messages, one.id).toEqual(read(one.type, [bytes]).messages)
  }
})

const REQUESTS: readonly (readonly [head: string, status: number])[] = [
  ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', HEAD],
  ['\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', HEAD],
  ['\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 501],
  ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ['POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n', 400],
  ['GET / HTTP/1.1\nHost: a\n\n', 400],
  ['GET / HTTP/1.1\r\nHost: a\u0000\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\n: a\r\n\r\n', 400],
  ['GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['get / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['GET /\r\n\r\n', 400],
  ['GET / HTTP/1.2\r\nHost: a\r\n\r\n', 505],
  ['GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
  ['GET /#part HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n', 417],
  [`GET / HTTP/1.1\r\nHost: a\r\n${'X: 1\r\n'.repeat(128)}\r\n`, 431],
  [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(65_536)}\r\n\r\n`, 431],
  [`GET / HTTP/1.1\r\nHost: a\r\nConnection: ${Array.from({ length: 10 }, (_, at) => `n${at}`).join(', ')}\r\n\r\n`, 400]
]

test.each(REQUESTS.map(([text, status]) => [text.slice(0, 60), status, text] as const))('%j is read as %i', (_, status, text) => {
  const bytes = Buffer.from(text, 'latin1')
  expect(scanRequest(bytes, 0, bytes.length)).toBe(status)
})

test('fields named in Connection are marked for removal, framing and Host are not', () => {
  const bytes = Buffer.from('GET / HTTP/1.1\r\nX-A: 1\r\nHost: h\r\nConnection: x-a, Host, close\r\nX-B: 2\r\n\r\n')
  expect(scanRequest(bytes, 0, bytes.length)).toBe(HEAD)
  expect([...fieldKind.subarray(0, head.fields)].map((kind) => kind === NAMED)).toEqual([true, false, false, false])
  expect(head.close).toBe(true)
})

test('a usable Host is needed in HTTP/1.1 and may be missing in HTTP/1.0', () => {
  const usable = (text: string): boolean => {
    const bytes = Buffer.from(text)
    expect(scanRequest(bytes, 0, bytes.length)).toBe(HEAD)
    return hostIsUsable(bytes)
  }
  expect(usable('GET / HTTP/1.1\r\n\r\n')).toBe(false)
  expect(usable('GET / HTTP/1.0\r\n\r\n')).toBe(true)
  expect(usable('GET / HTTP/1.1\r\nHost: a b\r\n\r\n')).toBe(false)
  expect(usable('GET / HTTP/1.1\r\nHost: a@b\r\n\r\n')).toBe(false)
  expect(usable('GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n')).toBe(true)
})

test.each(
  [
    ['5\r\nhello\r\n0\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['5;a=b\r\nhello\r\n0;x="y;\\""\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['2\r\nhe\r\n003\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n', '2\r\nhe\r\n003\r\nllo\r\n0\r\n\r\n', 'hello'],
    ['5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n', undefined, undefined],
    ['5\r\nhello\r\n0\r\nHost: a\r\n\r\n', undefined, undefined],
    ['5 \r\nhello\r\n0\r\n\r\n', undefined, undefined],
    ['0x5\r\nhello\r\n0\r\n\r\n', undefined, undefined],
    ['5\nhello\r\n0\r\n\r\n', undefined, undefined],
    ['5;a\nhello\r\n0\r\n\r\n', undefined, undefined],
    ['5\r\nhelloX\r\n0\r\n\r\n', undefined, undefined],
    ['fffffffffffffff\r\n', undefined, undefined],
    [`5;${'a'.repeat(1100)}\r\nhello\r\n0\r\n\r\n`, undefined, undefined]
  ].map(([text = '', passed, bare]) => [text.slice(0, 40), passed, bare, text] as const)
)('chunks %j pass on as %j at any split', (_, passed, bare, text) => {
  for (const dropFraming of [false, true]) {
    for (let size = 1; size <= text.length; size++) {
      const scanner = new ChunkScanner()
      scanner.reset(dropFraming ? 'bare' : 'framed')
      let out = ''
      let wrong = false
      for (let at = 0; at < text.length && !wrong; at += size) {
        const piece = Buffer.from(text.slice(at, at + size), 'latin1')
        wrong = scanner.scan(piece, 0, piece.length) < 0
        if (!wrong) out += piece.toString('latin1', 0, scanner.kept)
      }
      const want = dropFraming ? bare : passed
      expect(scanner.done && !wrong ? out : undefined).toBe(want)
    }
  }
})
