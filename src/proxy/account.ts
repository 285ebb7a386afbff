// What is written down of one forwarded request: the counts of both sides, their lines of the access log, and the facts for its header
// values. The exchange tells it what happens.

import type { Measured } from '../metrics/recorder.ts'
import type { HeaderEdits } from '../route/decision.ts'
import { withCookies } from '../route/hash-policy.ts'
import { withAdditions } from '../route/limit-filter.ts'
import type { Cluster } from '../route/route-table.ts'
import type { EndpointSlot } from '../route/router.ts'
import type { Millis } from '../std/clock.ts'
import type { Attempts } from './attempts.ts'
import type { PeerCells } from './cells.ts'
import type { Clocks } from './clocks.ts'
import type { Downstream, ExchangeStart } from './downstream.ts'
import { FAILURES, withFlag } from './failures.ts'
import type { Failure } from './failures.ts'
import { HeadText, NO_HEAD } from './head-text.ts'
import type { Fields } from './head-text.ts'
import { head } from './head.ts'
import type { Known, RequestText } from './known-facts.ts'
import { knownInbound, requestOf, serviceTime } from './known.ts'
import type { TryEnd } from './known.ts'
import { PASSTHROUGH } from './passthrough.ts'
import { headOfTry, responseEdits } from './route-edits.ts'

/** Whose request is written down. */
export interface Accounted {
  readonly from: ExchangeStart
  readonly attempts: Attempts
  readonly client: Downstream
}

/** UNAUTHENTICATED, the last of gRPC's. */
const GRPC_STATUS_MAX = 16

/** Owns the outcome, times and sizes of one request. Its sizes are read where they are counted. */
export class Account implements Measured {
  /** Of the answer that is passed on; 0 before. */
  status = 0
  /** When the request was complete, a try had its connection, and the answer began. */
  doneAt: Millis | undefined
  triedAt: Millis = 0
  answeredAt: Millis | undefined
  /** Bytes of the answer's body. */
  sent = 0
  /** The head of the answer, where lines show its fields. */
  answer = ''
  /** The gRPC status of the answer. */
  grpcStatus: number | undefined
  #flags = '-'
  #request: RequestText | undefined
  #requestTries = 0
  #headBytes = 0
  readonly #of: Accounted
  readonly #clocks: Clocks
  #local: string | undefined
  #peers: PeerCells | undefined
  #slot: EndpointSlot | undefined
  #cluster: Cluster | undefined

  constructor(of: Accounted, clocks: Clocks) {
    this.#of = of
    this.#clocks = clocks
  }

  /** Lines show fields of the answer. */
  get asks(): boolean {
    return this.#of.from.log?.asks === true
  }

  /** Adds one of Envoy's response flags. */
  flag(flag: string): void {
    this.#flags = withFlag(this.#flags, flag)
  }

  /** Response code details of an answer that the proxy gives instead of an endpoint. */
  detailsOf(failure: Failure): string {
    const { details } = FAILURES[failure]
    const { refusal } = this.#of.attempts
    return refusal === undefined || failure !== 'connect-failure' ? details : details.replace('}', `|${refusal}}`)
  }

  /** The head of the answer that is passed on is in the registers. */
  begin(now: Millis, grpcStatus: number | undefined): void {
    this.status = head.status
    this.answeredAt = now
    this.#headBytes = head.end - head.start
    if (this.#of.from.grpc) this.grpcStatus = grpcStatus
  }

  /** The route's edits of the answer in the registers, those of the called side, and generated cookies. */
  editsOf(bytes: Buffer): HeaderEdits | undefined {
    const { response, cookies } = this.#of.from.decision
    const { side } = this.#of.attempts
    const formatted = response?.stages !== undefined
    const routed = formatted ? this.#editsNow('via_upstream', bytes.toString('latin1', head.start, head.end)) : response
    return withCookies(side === undefined ? routed : withAdditions(routed, side.fields, () => false), cookies)
  }

  /** The route's edits of the proxy's own answer. It has no status yet when its header values are formatted: they see 0, as in Envoy. */
  editsOfOwn(details: string): HeaderEdits | undefined {
    return this.#editsNow(details, '')
  }

  #editsNow(details: string, answer: string): HeaderEdits | undefined {
    return responseEdits(this.#of.from.decision.response, () => this.#known(this.status, details, new HeadText(answer)), this.#clocks)
  }

  /** A try leaves its connection; `code` is what the endpoint's own side counts, undefined when the try did not reach it. */
  left(code: number | undefined, how: TryEnd, now: Millis): void {
    const { from, attempts } = this.#of
    const { slot, upstream, state } = attempts
    this.sent = upstream?.payload ?? 0
    this.#local = upstream?.local
    // Outside of the mesh nobody counts on the other side.
    if (slot === undefined || code === undefined || state.cluster.id === PASSTHROUGH) return
    const end = attempts.limited ? 'limited' : how
    const flags = attempts.limited ? 'RL' : '-'
    this.#peersOf(state.cluster, slot).destination.record(code, flags, now - from.started, this)
    if (from.log === undefined) return
    const known = knownInbound(this.#known(code, '', this.#answerFields(this.triedAt), now), slot, end, this.triedAt)
    from.log.write(known.place.pod ?? '', known)
  }

  /** The request ends with `code`: its caller's side counts it once. */
  ended(code: number, details: string, now: Millis): void {
    const { from, attempts } = this.#of
    const { slot, state } = attempts
    const { cells, log, place, started } = from
    const end = { status: code, flags: this.#flags, measured: this }
    const cell = slot === undefined ? cells.unreached(state.cluster) : this.#peersOf(state.cluster, slot).source
    cells.ended(end, now - started, cell)
    if (slot !== undefined && code > 0 && from.decision.response?.givesCookie === true) cell.giveCookie()
    if (log !== undefined) log.write(place.pod ?? '', this.#known(code, details, this.#answerFields(started), now))
  }

  // The cells of the try that was counted last are most often those of the request.
  #peersOf(cluster: Cluster, slot: EndpointSlot): PeerCells {
    if (this.#peers !== undefined && this.#slot === slot && this.#cluster === cluster) return this.#peers
    this.#slot = slot
    this.#cluster = cluster
    this.#peers = this.#of.from.cells.peers(cluster, slot)
    return this.#peers
  }

  get grpc(): string | undefined {
    return this.#of.from.grpc ? grpcLabel(this.grpcStatus) : undefined
  }

  get requestBytes(): number {
    return this.#of.from.edited.head.length + this.#of.client.received
  }

  get responseBytes(): number {
    return this.#headBytes + this.sent
  }

  // Both sides show the same request.
  #requestOf(tries: number): RequestText {
    if (this.#request === undefined || tries !== this.#requestTries) {
      const { from } = this.#of
      this.#request = requestOf(from, new HeadText(headOfTry(from.edited, tries)))
      this.#requestTries = tries
    }
    return this.#request
  }

  #answerFields(since: Millis): Fields {
    if (this.answeredAt === undefined) return NO_HEAD
    return this.answer === '' ? serviceTime(this.answeredAt - since) : new HeadText(this.answer)
  }

  // `ended`: when, for who asks then.
  #known(status: number, details: string, answer: Fields, ended?: Millis): Known {
    const { from, attempts, client } = this.#of
    const { tries, slot, upstream, refusal } = attempts
    return {
      place: from.place,
      client: from.client,
      route: from.decision.route,
      cluster: from.decision.cluster,
      request: this.#requestOf(Math.max(1, tries)),
      answer,
      body: '',
      status,
      flags: this.#flags,
      details,
      attempts: tries,
      upstreamHost: slot?.key,
      upstreamLocal: upstream === undefined ? this.#local : upstream.local,
      upstreamFailure: refusal,
      received: client.received,
      sent: upstream === undefined ? this.sent : upstream.payload,
      started: from.started,
      requestDone: this.doneAt,
      answered: this.answeredAt,
      ended
    }
  }
}

// What is no status of gRPC is -1, as in Istio's metrics: Envoy's Grpc::Common::getGrpcStatus makes it InvalidCode unless told to let it
// pass (source/common/grpc/common.cc), which Istio's filter does not. A label must not take every number that an endpoint thinks of.
function grpcLabel(status: number | undefined): string {
  if (status === undefined) return ''
  return Number.isInteger(status) && status >= 0 && status <= GRPC_STATUS_MAX ? String(status) : '-1'
}
