// The judge: llhttp as Node's http module drives it, strict, without sockets. The binding is not public, so it is checked for when it is used.

import type { ReadMessage, Reading, Stream } from './reading.ts'

type Fields = readonly string[]

// What the parser tells of a head.
type HeadGiven = [
  major: number,
  minor: number,
  fields: Fields | undefined,
  method: number | undefined,
  target: string | undefined,
  status: number | undefined,
  reason: string,
  upgrade: boolean,
  keep: boolean
]

interface NodeParser {
  /** Node keeps a parser, and all that its callbacks see, until this is called. */
  close(): void
  initialize(type: number, resource: object, headBytesMax: number, lenient: number): void
  execute(bytes: Uint8Array): number | (Error & { readonly code: string; readonly reason: string })
  finish(): unknown
  [callback: number]: unknown
}

interface Binding {
  readonly HTTPParser: { new (): NodeParser } & Readonly<Record<string, number>>
  readonly methods: readonly string[]
}

// Its type is not among Node's published ones.
const { HTTPParser, methods } = (process.getBuiltinModule as (id: string) => unknown)('_http_common') as Binding
const { REQUEST = -1, RESPONSE = -1, kOnHeaders = -1, kOnHeadersComplete = -1, kOnBody = -1, kOnMessageComplete = -1 } = HTTPParser
if ([REQUEST, RESPONSE, kOnHeaders, kOnHeadersComplete, kOnBody, kOnMessageComplete].includes(-1)) {
  throw new Error(`the parser of Node ${process.version} is not the one that these tests know`)
}

// By their numbers in the parser, which are found by asking it: the list that Node gives is in another order.
const NAMES = new Map(methods.map((name) => [numberOf(name), name]))

function numberOf(name: string): number {
  const parser = new HTTPParser()
  let found = -1
  parser.initialize(REQUEST, {}, 1024, 0)
  parser[kOnHeadersComplete] = (_major: number, _minor: number, _fields: Fields, method: number): number => {
    found = method
    return 2
  }
  parser.execute(Buffer.from(`${name} ${name === 'CONNECT' ? 'h:1' : '/'} HTTP/1.1\r\n\r\n`))
  parser.close()
  return found
}

// Its own bound on heads is of no interest: ours is far below.
const HEAD_BYTES_MAX = 1 << 22

/** The methods that llhttp knows. */
export const METHODS: ReadonlySet<string> = new Set(methods)

/** Reads the whole stream, its end included. After a request for an upgrade the rest is read as if that were not granted. */
export function readByNode(stream: Stream): Reading {
  const messages: ReadMessage[] = []
  let from = 0
  for (;;) {
    const one = new NodeParsing(stream, messages)
    from += one.read(stream.bytes.subarray(from))
    if (one.reason === '' && !one.tunnel && !one.upgrade) one.end()
    one.close()
    if (one.reason !== '') return { messages, ending: 'refused', reason: one.reason }
    if (one.tunnel) return { messages, ending: 'tunnel', reason: '' }
    if (!one.upgrade || from >= stream.bytes.length) return { messages, ending: 'more', reason: '' }
  }
}

/**
 * One parser, fed as bytes come: to the end of a stream, or of a message that asks for an upgrade. Whoever makes one closes it: what was read
 * stays.
 */
export class NodeParsing {
  readonly messages: ReadMessage[]
  /** Why it stopped: code and words. */
  reason = ''
  upgrade = false
  tunnel = false
  readonly #stream: Omit<Stream, 'bytes'>
  readonly #parser: NodeParser
  #early: string[] = []
  #target = ''
  #inHead = true
  #closed = false

  /** Adds what it reads to `messages`. */
  constructor(stream: Omit<Stream, 'bytes'>, messages: ReadMessage[]) {
    this.#stream = stream
    this.messages = messages
    this.#parser = this.#made()
  }

  /** Reads on; returns how many bytes belong to HTTP. */
  read(bytes: Buffer): number {
    if (this.#closed) return 0
    const taken = this.#parser.execute(bytes)
    if (typeof taken !== 'number') {
      this.reason = `${taken.code} ${taken.reason}`
      return 0
    }
    // Node tells no error once an upgrade was asked for: it hands the rest on.
    if (this.upgrade && taken < bytes.length && this.messages.at(-1)?.complete === false)
      this.reason = 'HPE in the body of a request for an upgrade'
    return taken
  }

  /** The stream ended, which ends a body that has no other end. */
  end(): void {
    if (!this.#closed) this.#parser.finish()
  }

  /** Reads no more. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#parser.close()
  }

  #made(): NodeParser {
    const parser = new HTTPParser()
    parser.initialize(this.#stream.type === 'request' ? REQUEST : RESPONSE, {}, HEAD_BYTES_MAX, 0)
    // A head of many fields comes in parts. After the head these are trailers.
    parser[kOnHeaders] = (fields: Fields, target: string) => {
      if (!this.#inHead) {
        this.messages.at(-1)?.trailers.push(...pairs(fields))
        return
      }
      this.#early.push(...fields)
      this.#target += target
    }
    parser[kOnHeadersComplete] = (...given: HeadGiven): number => {
      const [major, minor, fields, method, target, status, , upgrade, keep] = given
      this.#inHead = false
      const headers = pairs([...this.#early, ...(fields ?? [])])
      const name = method === undefined ? '' : (NAMES.get(method) ?? `method ${method}`)
      const start = { method: name, target: this.#target + (target ?? ''), status: status ?? 0, version: `${major}.${minor}` }
      this.messages.push({ ...start, headers, body: '', complete: false, trailers: [], keep })
      return this.#afterHead(status ?? 0, upgrade)
    }
    parser[kOnBody] = (part: Buffer) => {
      const current = this.messages.at(-1)
      if (current !== undefined) current.body += part.toString('latin1')
    }
    parser[kOnMessageComplete] = () => {
      this.#inHead = true
      this.#early = []
      this.#target = ''
      const current = this.messages.at(-1)
      if (current !== undefined) current.complete = true
    }
    return parser
  }

  // What Node's server and client answer here: 1 skips the body, 2 ends HTTP.
  #afterHead(status: number, upgrade: boolean): number {
    const { type, toHead } = this.#stream
    const current = this.messages.at(-1)
    if (type === 'request') {
      this.tunnel = current?.method === 'CONNECT'
      this.upgrade = upgrade
      return 0
    }
    this.tunnel = status === 101
    return toHead || (status < 200 && status !== 101) ? 1 : 0
  }
}

function pairs(fields: Fields): [string, string][] {
  const found: [string, string][] = []
  for (let at = 0; at < fields.length; at += 2) found.push([fields[at] ?? '', fields[at + 1] ?? ''])
  return found
}
