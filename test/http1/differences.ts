// Compares what Node's parser and ours make of a stream. Every difference must be one that a rule of rules.ts names; what is passed on must be
// read by Node's parser as the message that was taken.

import { chunkLines } from './chunk-lines.ts'
import { METHODS, readByNode } from './llhttp.ts'
import type { ReadMessage, Reading, Stream } from './reading.ts'
import { FACTS, STRICTER } from './rules.ts'
import type { Seen } from './rules.ts'
import { readBySerin } from './serin-reader.ts'
import type { OwnReading } from './serin-reader.ts'

/** What a comparison came to. */
export interface Comparison {
  /** Names of the rules that explain the differences. */
  readonly rules: readonly string[]
  /** What no rule explains. */
  readonly problem: string | undefined
  readonly ours: OwnReading
  readonly theirs: Reading
}

/** Compares the readings of one stream. */
export function compare(stream: Stream): Comparison {
  return compareTo(stream, 0)
}

function compareTo(stream: Stream, depth: number): Comparison {
  const ours = readBySerin(stream)
  const theirs = readByNode(stream)
  const known = withKnownMethod(stream, ours, theirs)
  if (known !== undefined && depth < 8) {
    const rest = compareTo(known, depth + 1)
    return { ...rest, rules: [...rest.rules, 'unknown method'] }
  }
  const { rules, problem } = new Pair(stream, ours, theirs, depth).judge()
  return { rules, problem: problem ?? passedOnWrongly(stream, ours), ours, theirs }
}

// Where Node's parser stops at a method that it does not know and we go on, the comparison goes on with one that it knows.
function withKnownMethod(stream: Stream, ours: OwnReading, theirs: Reading): Stream | undefined {
  const index = theirs.messages.length
  const message = ours.messages[index]
  if (theirs.ending !== 'refused' || message === undefined || stream.type !== 'request' || METHODS.has(message.method)) return undefined
  const start = stream.bytes.indexOf(message.method, ours.starts[index], 'latin1')
  const rest = stream.bytes.subarray(start + message.method.length)
  return { ...stream, bytes: Buffer.concat([stream.bytes.subarray(0, start), Buffer.from('PATCH'), rest]) }
}

interface Verdict {
  readonly rules: string[]
  readonly problem: string | undefined
}

class Pair {
  readonly #stream: Stream
  readonly #ours: OwnReading
  readonly #theirs: Reading
  readonly #depth: number
  readonly #rules: string[] = []

  constructor(stream: Stream, ours: OwnReading, theirs: Reading, depth: number) {
    this.#stream = stream
    this.#ours = ours
    this.#theirs = theirs
    this.#depth = depth
  }

  judge(): Verdict {
    const problem = this.#messages() ?? this.#ends()
    return { rules: this.#rules, problem }
  }

  // The first message that both took and read differently.
  #messages(): string | undefined {
    const common = Math.min(this.#ours.messages.length, this.#theirs.messages.length)
    for (let index = 0; index < common; index++) {
      const [ours, theirs] = [this.#ours.messages[index], this.#theirs.messages[index]]
      if (ours === undefined || theirs === undefined) continue
      for (const fact of differing(ours, theirs)) {
        const rule = FACTS.find((one) => one.fact === fact && one.holds(ours, theirs, this.#stream))
        if (rule === undefined) return `message ${index}: ${fact} differs`
        this.#rules.push(rule.name)
      }
      if (ours.complete !== theirs.complete) return undefined
    }
    return undefined
  }

  #ends(): string | undefined {
    const ours = reach(this.#ours)
    const theirs = reach(this.#theirs)
    if (ours < theirs) return this.#short()
    if (ours > theirs) return this.#long()
    if (this.#ours.ending === 'refused' && this.#theirs.ending !== 'refused') return this.#short()
    return this.#theirs.ending === 'refused' && this.#ours.ending !== 'refused' ? this.#late() : undefined
  }

  // They took more than we.
  #short(): string | undefined {
    const { ending, reason } = this.#ours
    if (ending === 'more' || ending === 'tunnel') return `they took more, we ended with ${ending}`
    const seen = this.#seen()
    const rule = STRICTER.find((one) => one.reason.test(ending === 'closed' ? 'closed' : reason) && one.holds(seen))
    if (rule === undefined) return `we refuse: ${ending} ${reason}`
    this.#rules.push(rule.name)
    return undefined
  }

  // We took more than they: never.
  #long(): string {
    return `they refuse: ${this.#theirs.ending} ${this.#theirs.reason}`
  }

  // They refuse and we took no more, but did not refuse yet: whatever follows, we must not take it.
  #late(): string | undefined {
    if (this.#ours.ending === 'closed') {
      this.#rules.push(this.#stream.type === 'request' ? 'bytes after close' : 'surplus after an answer')
      return undefined
    }
    if (this.#ours.ending === 'tunnel') return 'they refuse, we tunnel'
    if (this.#depth > 0) return undefined
    for (const ending of COMPLETIONS) {
      const bytes = Buffer.concat([this.#stream.bytes, Buffer.from(ending, 'latin1')])
      const { problem } = compareTo({ ...this.#stream, bytes }, 1)
      if (problem !== undefined) return `followed by ${JSON.stringify(ending)}: ${problem}`
    }
    return undefined
  }

  #seen(): Seen {
    const index = this.#ours.messages.findIndex((message) => !message.complete)
    const at = index < 0 ? this.#ours.messages.length : index
    const from = this.#ours.starts[at] ?? 0
    return {
      raw: this.#stream.bytes.toString('latin1', from),
      message: this.#theirs.messages[at],
      before: this.#ours.messages[at - 1],
      stream: this.#stream
    }
  }
}

// What may follow the beginning of a message and complete it.
const COMPLETIONS = [
  '\n\r\n',
  '\r\n\r\n',
  '\n\n',
  ' / HTTP/1.1\r\nHost: h\r\n\r\n',
  ' HTTP/1.1\r\nHost: h\r\n\r\n',
  '1\r\nHost: h\r\n\r\n',
  ': 1\r\n\r\n',
  '\r\n0\r\n\r\n',
  'aaaaaaaaaaaaaaaaaaaaaaaaa\r\n0\r\n\r\n',
  '"\r\na\r\n0\r\n\r\n'
]

// How far a reading came: heads and whole messages.
function reach({ messages }: Reading): number {
  return messages.length * 2 - (messages.at(-1)?.complete === false ? 1 : 0)
}

function differing(ours: ReadMessage, theirs: ReadMessage): (keyof ReadMessage)[] {
  const facts: (keyof ReadMessage)[] = (['method', 'target', 'status', 'version', 'keep'] as const).filter(
    (fact) => ours[fact] !== theirs[fact]
  )
  if (JSON.stringify(ours.headers) !== JSON.stringify(theirs.headers)) facts.push('headers')
  if (!ours.complete || !theirs.complete) return facts
  if (ours.body !== theirs.body) facts.push('body')
  if (JSON.stringify(ours.trailers) !== JSON.stringify(theirs.trailers)) facts.push('trailers')
  return facts
}

// Extensions and trailers are nobody's business behind us.
function isPlainlyFramed(text: string, message: ReadMessage): boolean {
  if (!chunked(message)) return true
  const { extensions, trailers } = chunkLines(text.slice(text.indexOf('\r\n\r\n') + 4))
  return trailers.length === 0 && extensions.every((extension) => extension === '')
}

/** What a reader of what was passed on would get wrong. */
function passedOnWrongly(stream: Stream, bare: OwnReading): string | undefined {
  const framed = bare.messages.some((message) => chunked(message)) || stream.type === 'response' ? readBySerin(stream, [], 'chunked') : bare
  if (stream.type === 'request') return requestsPassedOnWrongly(bare, framed)
  return answerPassedOnWrongly(stream, bare, bare) ?? answerPassedOnWrongly(stream, bare, framed)
}

function chunked({ headers }: ReadMessage): boolean {
  return headers.some(([name]) => name.length === 17 && name.toLowerCase() === 'transfer-encoding')
}

function requestsPassedOnWrongly(bare: OwnReading, framed: OwnReading): string | undefined {
  const whole = bare.messages.filter((message) => message.complete)
  if (whole.length === 0 || whole.some((message) => !METHODS.has(message.method))) return undefined
  const text = framed.passedOn.slice(0, whole.length).join('')
  const read = readByNode({ type: 'request', bytes: Buffer.from(text, 'latin1'), toHead: false, toUpgrade: false })
  const want = JSON.stringify(whole.map(({ method, body }) => [method, body, true]))
  const got = JSON.stringify(read.messages.map(({ method, body, complete, keep }) => [method, body, complete && keep]))
  const isPlain = whole.every((message, at) => isPlainlyFramed(framed.passedOn[at] ?? '', message))
  return want === got && isPlain && read.ending === 'more'
    ? undefined
    : `passed on as ${JSON.stringify(text)}, which is read as ${got} (${read.ending} ${read.reason})`
}

function answerPassedOnWrongly(stream: Stream, bare: OwnReading, passed: OwnReading): string | undefined {
  const last = bare.messages.at(-1)
  if (last === undefined || !last.complete || last.status < 200) return undefined
  const text = passed.passedOn.at(-1) ?? ''
  const read = readByNode({ ...stream, bytes: Buffer.from(text, 'latin1') })
  const want = JSON.stringify([[last.status, last.body, true]])
  const got = JSON.stringify(read.messages.map(({ status, body, complete }) => [status, body, complete]))
  const isPlain = read.messages.every((message) => isPlainlyFramed(text, message))
  return want === got && isPlain && read.ending === 'more'
    ? undefined
    : `passed on as ${JSON.stringify(text)}, which is read as ${got} (${read.ending} ${read.reason})`
}
