// HTTP as the fuzzer's callers and endpoints read it, with Node's parser: piece by piece, tunnels apart.

import { NodeParsing, readByNode } from '../http1/llhttp.ts'
import type { ReadMessage, Reading } from '../http1/reading.ts'

/** What a caller sent, as an independent reader has it. */
export function requestsIn(bytes: Buffer): Reading {
  return readByNode({ type: 'request', bytes, toHead: false, toUpgrade: false })
}

// A method that Node's parser does not know, or knows from another protocol, is no mistake: it is any token (RFC 9110 9.1).
const METHODS = /^HPE_INVALID_METHOD|Invalid method for HTTP|Expected HTTP\/2 Connection Preface/

/** Whether the parser stopped at a method that is only unknown to it: nothing is known of what follows. */
export function isOddMethod(reason: string): boolean {
  return METHODS.test(reason)
}

/** The final answer in what an endpoint sent: undefined when there is none that a strict reader takes. */
export function answerIn(bytes: Buffer, toHead: boolean): { readonly message: ReadMessage; readonly refused: boolean } | undefined {
  const { messages, ending } = readByNode({ type: 'response', bytes, toHead, toUpgrade: true })
  const at = messages.findIndex(({ status }) => status >= 200 || status === 101)
  const message = messages[at]
  if (message === undefined) return undefined
  // What is wrong behind the first final answer is no matter of that answer.
  return { message, refused: ending === 'refused' && !message.complete }
}

/** Whether that is one final answer and nothing else: more of it could be taken for the answer to somebody's next request. */
export function isOneAnswer(bytes: Buffer, toHead: boolean): boolean {
  const { messages, ending } = readByNode({ type: 'response', bytes, toHead, toUpgrade: true })
  const finals = messages.filter(({ status }) => status >= 200 || status === 101)
  return finals.length === 1 && messages.at(-1) === finals[0] && ending !== 'refused'
}

/** The value of a field in the head of a message, in text. */
export function field(message: ReadMessage, name: string): string | undefined {
  return message.headers.find(([other]) => other.toLowerCase() === name)?.[1]
}

/** Requests as they reach an endpoint, on one connection. */
export class Requests {
  readonly messages: ReadMessage[] = []
  /** Why it cannot be read on. */
  problem = ''
  /** Bytes behind a request for an upgrade. */
  rest: Buffer[] = []
  #parsing = this.#made()
  #waits = false

  #made(): NodeParsing {
    return new NodeParsing({ type: 'request', toHead: false, toUpgrade: false }, this.messages)
  }

  read(bytes: Buffer): void {
    if (this.problem !== '' || bytes.length === 0) return
    if (this.#waits) {
      this.rest.push(bytes)
      return
    }
    const taken = this.#parsing.read(bytes)
    this.problem = this.#parsing.reason
    if (!this.#parsing.upgrade || this.messages.at(-1)?.complete !== true) return
    this.#waits = true
    if (taken < bytes.length) this.rest.push(bytes.subarray(taken))
  }

  /** A request was answered; `granted`: what follows is not HTTP. */
  answered(granted: boolean): void {
    if (!this.#waits || granted) return
    this.#waits = false
    this.#parsing.close()
    this.#parsing = this.#made()
    for (const bytes of this.rest.splice(0)) this.read(bytes)
  }

  /** Reads no more. */
  close(): void {
    this.#parsing.close()
  }
}

/** Answers as they reach a caller, who knows what was asked. */
export class Answers {
  readonly messages: ReadMessage[] = []
  readonly #methods: readonly string[]
  readonly #parsing: NodeParsing
  #broken = ''

  /** `methods`: of the requests in their order. */
  constructor(methods: readonly string[]) {
    this.#methods = methods
    const { messages } = this
    const isToHead = (): boolean => this.#isToHead()
    const stream = {
      type: 'response' as const,
      toUpgrade: true,
      get toHead() {
        return isToHead()
      }
    }
    this.#parsing = new NodeParsing(stream, messages)
  }

  /** Those that are final. */
  get finals(): ReadMessage[] {
    return this.messages.filter(({ status }) => status >= 200 || status === 101)
  }

  get problem(): string {
    return this.tunnel ? '' : this.#broken
  }

  get tunnel(): boolean {
    return this.#parsing.tunnel
  }

  read(bytes: Buffer): void {
    if (this.#broken !== '' || this.tunnel || bytes.length === 0) return
    this.#parsing.read(bytes)
    this.#broken = this.#parsing.reason
  }

  /** The engine ended the connection: a body without another end is complete. */
  end(): void {
    if (this.#broken === '' && !this.tunnel) this.#parsing.end()
  }

  /** Reads no more. */
  close(): void {
    this.#parsing.close()
  }

  // Refusals of the engine say why, whatever was asked: it may not have understood what that was.
  #isToHead(): boolean {
    const last = this.messages.at(-1)
    if (last === undefined) return false
    if (isRefusal(last)) return false
    return this.#methods[this.finals.length - 1] === 'HEAD'
  }
}

/** An answer with which the engine turns away what it cannot read. */
export function isRefusal(answer: ReadMessage): boolean {
  return (
    [400, 405, 408, 417, 431, 501, 505].includes(answer.status) &&
    field(answer, 'server') === 'istio-envoy' &&
    field(answer, 'connection') === 'close' &&
    field(answer, 'x-envoy-upstream-service-time') === undefined
  )
}
