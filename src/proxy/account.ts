// What is written down of one forwarded request: the counts of both sides, their lines of the access log, and the facts for its header
// values. The exchange tells it what happens.

import type { Measured } from '../metrics/recorder.ts'
import type { HeaderEdits } from '../route/decision.ts'
import type { Cluster } from '../route/route-table.ts'
import type { EndpointSlot } from '../route/router.ts'
import type { Millis } from '../std/clock.ts'
import type { Clocks } from './clocks.ts'
import type { ExchangeStart } from './downstream.ts'
import { FAILURES } from './failures.ts'
import type { Failure } from './failures.ts'
import { head } from './head.ts'
import type { Known } from './known-facts.ts'
import { knownInbound, knownOf, localOf, serviceTimeLine } from './known.ts'
import type { TryEnd } from './known.ts'
import { PASSTHROUGH } from './passthrough.ts'
import { outcomeOf } from './response-head.ts'
import { responseEdits } from './route-edits.ts'
import type { Upstream } from './upstream.ts'

/** Where an exchange stands. */
export interface Now {
  readonly status: number
  readonly flags: string
  readonly tries: number
  readonly slot: EndpointSlot | undefined
  /** Of the try in progress. */
  readonly upstream: Upstream | undefined
  /** Bytes of the request's body so far. */
  readonly received: number
}

/** Owns the times and sizes of one request. */
export class Account {
  /** When the request was complete, a try had its connection, and the answer began. */
  doneAt: Millis | undefined
  triedAt: Millis = 0
  answeredAt: Millis | undefined
  /** Why the last try got no connection, where the system said so. */
  refusal: string | undefined
  /** Bytes of the answer's body. */
  sent = 0
  /** The head of the answer, where lines show its fields. */
  answer = ''
  /** The gRPC status of the answer. */
  grpcStatus: number | undefined
  #headBytes = 0
  readonly #from: ExchangeStart
  readonly #clocks: Clocks
  #local: string | undefined

  constructor(from: ExchangeStart, clocks: Clocks) {
    this.#from = from
    this.#clocks = clocks
  }

  /** Lines show fields of the answer. */
  get asks(): boolean {
    return this.#from.log?.asks === true
  }

  /** Response code details of an answer that the proxy gives instead of an endpoint. */
  detailsOf(failure: Failure): string {
    const { details } = FAILURES[failure]
    return this.refusal === undefined || failure !== 'connect-failure' ? details : details.replace('}', `|${this.refusal}}`)
  }

  /** The head of the answer that is passed on is in the registers. */
  begin(bytes: Buffer, now: Millis): void {
    this.answeredAt = now
    this.#headBytes = head.end - head.start
    const outcome = this.#from.grpc ? outcomeOf(bytes) : undefined
    if (outcome?.kind === 'response') this.grpcStatus = outcome.grpcStatus
  }

  /** The route's edits of an answer, whose head is `answer`. */
  responseEdits(now: () => Now, details: string, answer: string): HeaderEdits | undefined {
    const { response } = this.#from.decision
    return responseEdits(response, () => this.#known(now(), details, answer), this.#clocks)
  }

  /** A try leaves its connection; `code` is what the endpoint's own side counts, undefined when the try did not reach it. */
  left(now: Now, cluster: Cluster, code: number | undefined, how: TryEnd): void {
    const { cells, log, started } = this.#from
    const { slot, upstream } = now
    this.sent = upstream?.payload ?? 0
    if (log !== undefined) this.#local = localOf(upstream?.socket)
    // Outside of the mesh nobody counts on the other side.
    if (slot === undefined || code === undefined || cluster.id === PASSTHROUGH) return
    cells
      .peers(cluster, slot)
      .destination.record(code, how === 'limited' ? 'RL' : '-', this.#clocks.monotonic() - started, this.#measured(now))
    if (log === undefined) return
    const known = knownInbound(this.#known({ ...now, status: code }, '', this.#answerLines(this.triedAt)), slot, how, this.triedAt)
    log.write(known.place.pod ?? '', known)
  }

  /** The request ends: its caller's side counts it once. */
  ended(now: Now, cluster: Cluster, details: string): void {
    const { cells, log, place, started } = this.#from
    const { status, flags } = now
    cells.ended({ status, flags, measured: this.#measured(now) }, this.#clocks.monotonic() - started, cluster, now.slot)
    if (log !== undefined) log.write(place.pod ?? '', this.#known(now, details, this.#answerLines(started)))
  }

  #measured({ received }: Now): Measured {
    const { grpc, edited } = this.#from
    return {
      grpc: grpc ? String(this.grpcStatus ?? '') : undefined,
      requestBytes: edited.head.length + received,
      responseBytes: this.#headBytes + this.sent
    }
  }

  #answerLines(since: Millis): string {
    if (this.answeredAt === undefined) return ''
    return this.answer === '' ? serviceTimeLine(this.answeredAt - since) : this.answer
  }

  #known({ status, flags, tries, slot, upstream, received }: Now, details: string, answer: string): Known {
    return knownOf(this.#from, {
      status,
      flags,
      details,
      answer,
      tries,
      slot,
      local: upstream === undefined ? this.#local : localOf(upstream.socket),
      received,
      sent: upstream === undefined ? this.sent : upstream.payload,
      failure: this.refusal,
      times: { requestDone: this.doneAt, answered: this.answeredAt }
    })
  }
}
