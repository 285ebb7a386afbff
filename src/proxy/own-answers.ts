// The answers that the proxy gives its client itself: to requests that no destination takes, in the place of one that failed, and to
// messages that cannot be understood. Each is counted and written as one piece.

import type { Decision, HeaderEdits } from '../route/decision.ts'
import type { Millis } from '../std/clock.ts'
import type { Context } from './context.ts'
import { DelayedAnswer } from './delayed-answer.ts'
import type { Current, Downstream } from './downstream.ts'
import { FAILURES, asGrpc, bodyOf, localAnswer, spokenFor } from './failures.ts'
import type { Failure, Spoken } from './failures.ts'
import type { LimitName } from './limits.ts'
import type { Answered, OwnAccount } from './own-account.ts'

/** Flags of what is refused before it is a request. */
const REFUSALS: Readonly<Record<number, string>> = { 400: 'DPE', 503: 'OM' }
// What is said to nobody: the client went during an injected delay.
const LEFT: Spoken = { status: 0, flag: 'DI,DC', details: 'downstream_remote_disconnect', body: '', lines: '', edits: undefined }

/** Speaks to one client. */
export class OwnAnswers {
  readonly #context: Context
  readonly #client: Downstream
  readonly #current: Current
  readonly #account: OwnAccount

  constructor(context: Context, client: Downstream, current: Current, account: OwnAccount) {
    this.#context = context
    this.#client = client
    this.#current = current
    this.#account = account
  }

  /** The answer that was decided. */
  give(decision: Decision, started: Millis): void {
    const spoken = spokenFor(decision)
    const answer = this.#current.grpc ? asGrpc(spoken) : spoken
    const edits = this.#account.editsOf(this.#count(decision, answer, started))
    this.#say({ ...answer, edits }, false)
  }

  /** The same after an injected delay; undefined when there is none. */
  delayed(decision: Decision, started: Millis): DelayedAnswer | undefined {
    if (decision.kind === 'redirect' || decision.delay === 0) return undefined
    return new DelayedAnswer(this.#context, decision.delay, {
      answer: () => this.give(decision, started),
      onOverdue: () => {
        const overdue = { ...FAILURES['request-timeout'], flag: 'DI', lines: '', edits: undefined }
        this.#count(decision, overdue, started)
        this.#say(overdue, true)
      },
      onLeft: () => this.#count(decision, LEFT, started)
    })
  }

  /** In the place of an endpoint's answer, after so many tries: its exchange has counted it. */
  replace(failure: Failure, tries: number, edits: HeaderEdits | undefined): void {
    const spoken = { ...FAILURES[failure], body: bodyOf(failure, tries), lines: FAILURES[failure].header ?? '', edits }
    this.#say(this.#current.grpc ? asGrpc(spoken) : spoken, failure === 'request-timeout' || failure === 'stream-idle')
  }

  /** To what is no request: the connection is to end with it. */
  refuse(status: number, reason: string, limit: LimitName | undefined): void {
    this.#account.refused(status, REFUSALS[status] ?? '-', reason)
    this.tell(status, reason, limit)
  }

  /** The same to a request that was counted. */
  tell(status: number, reason: string, limit: LimitName | undefined): void {
    if (limit !== undefined) this.#context.recorder.reach(limit)
    const answer = { status, body: reason, lines: '', edits: undefined, close: true, bodiless: false }
    this.#client.socket.write(localAnswer(answer), 'latin1')
  }

  // The end of a request that no destination took: its counts and its line.
  #count(decision: Decision, answer: Spoken, started: Millis): Answered {
    const { minor, grpc } = this.#current
    const answered = { decision, answer, started, received: this.#client.received, minor, grpc }
    this.#account.ended(answered)
    return answered
  }

  #say(answer: Spoken, close: boolean): void {
    const { status, body, lines, edits } = answer
    const closes = close || this.#current.close || this.#client.closing
    const bodiless = this.#current.method === 'HEAD'
    this.#client.socket.write(localAnswer({ status, body, lines, edits, close: closes, bodiless }), 'latin1')
    this.#client.onAnswered(!closes)
  }
}
