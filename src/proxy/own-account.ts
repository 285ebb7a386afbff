// What is written down of requests that the proxy answers itself, one after the other on a connection: counts, lines of the access log, and
// the facts for the header values of their routes.

import type { Measured } from '../metrics/recorder.ts'
import { BLOCK_ALL } from '../route/decide.ts'
import type { Decision, HeaderEdits } from '../route/decision.ts'
import type { Millis } from '../std/clock.ts'
import type { Context } from './context.ts'
import type { Entrance } from './downstream.ts'
import type { Spoken } from './failures.ts'
import { HeadText } from './head-text.ts'
import { head } from './head.ts'
import { NO_REQUEST, knownHere, refusalDetails } from './known.ts'
import type { Known } from './known-facts.ts'
import { BLACK_HOLE } from './passthrough.ts'
import { receivedHead } from './request-head.ts'
import type { RequestHead } from './request-head.ts'
import { responseEdits } from './route-edits.ts'

/** An answer and the request it is given to. */
export interface Answered {
  readonly decision: Decision
  readonly answer: Spoken
  readonly started: Millis
  /** Bytes of the request's body. */
  readonly received: number
  readonly minor: number
  readonly grpc: boolean
}

/** Owns what is kept of the head of the request in progress. */
export class OwnAccount {
  readonly #context: Context
  readonly #entrance: Entrance
  readonly #facts: RequestHead
  #headBytes = 0
  // The head as text, where somebody will ask.
  #head = ''

  constructor(context: Context, entrance: Entrance, facts: RequestHead) {
    this.#context = context
    this.#entrance = entrance
    this.#facts = facts
  }

  /** A request was decided; its head is in the registers. */
  begin(bytes: Buffer, decision: Decision, clientAddress: string): void {
    this.#headBytes = head.end - head.start
    this.#head = this.#asks(decision) ? receivedHead(bytes, this.#entrance.edge, clientAddress) : ''
  }

  /** The route's edits of an answer. They see no status yet, as in Envoy. */
  editsOf(answered: Answered): HeaderEdits | undefined {
    const { answer } = answered
    return responseEdits(answer.edits, () => this.#known({ ...answered, answer: { ...answer, status: 0 } }), this.#context)
  }

  /** The answer was given. */
  ended(answered: Answered): void {
    const { decision, answer, started } = answered
    const { cells, place } = this.#entrance
    const isBlocked = decision.route?.name === BLOCK_ALL && decision.route.virtualService === undefined
    const end = { status: answer.status, flags: answer.flag, measured: this.#measured(answered) }
    cells.ended(end, this.#context.monotonic() - started, cells.unreached(isBlocked ? BLACK_HOLE : undefined))
    const { accessLog } = this.#context
    if (accessLog?.wants(decision.route) === true) accessLog.write(place.pod ?? '', this.#known(answered))
  }

  /** A message that is no request was refused. */
  refused(status: number, flag: string, body: string): void {
    const { cells, place } = this.#entrance
    if (status === 503) cells.downstream.overloaded()
    cells.ended({ status, flags: flag }, 0, cells.unreached(undefined))
    const { accessLog, monotonic } = this.#context
    if (accessLog?.wants(undefined) !== true) return
    const here = { request: NO_REQUEST, place, client: this.#facts, started: monotonic(), route: undefined, received: 0 }
    accessLog.write(place.pod ?? '', knownHere(here, { status, flag, details: refusalDetails(status), body, lines: '' }))
  }

  #asks(decision: Decision): boolean {
    if (decision.kind === 'forward') return false
    return decision.response?.stages !== undefined || this.#context.accessLog?.wants(decision.route) === true
  }

  #measured({ answer, received, grpc }: Answered): Measured {
    const { lines, body } = answer
    return {
      grpc: grpc ? (new HeadText(`\r\n${lines}`).field('grpc-status') ?? '') : undefined,
      requestBytes: this.#headBytes + received,
      responseBytes: lines.length + Buffer.byteLength(body)
    }
  }

  #known({ decision, answer, started, received, minor }: Answered): Known {
    const { method, path, authority } = this.#facts
    const request = { method, path, authority, minor, head: new HeadText(this.#head) }
    return knownHere({ request, place: this.#entrance.place, client: this.#facts, started, route: decision.route, received }, answer)
  }
}
