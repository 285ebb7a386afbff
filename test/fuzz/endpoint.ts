// The endpoints behind the engine: each connection reads requests strictly and answers by the play. What was asked and said is written down for
// the judge.

import type { Dice } from '../http1/dice.ts'
import type { ReadMessage } from '../http1/reading.ts'
import type { FarEnd } from './far-end.ts'
import { marked, pieceOf, unfolded } from './marks.ts'
import type { AnswerPlay } from './play.ts'
import { Requests, field, isOneAnswer } from './reading.ts'
import { FROM, MIRROR_PORT } from './rules.ts'

/** A request that reached an endpoint. */
export interface Served {
  readonly serial: number
  readonly request: ReadMessage
  /** Whose it is; -1 when it does not say. */
  readonly caller: number
  readonly isMirror: boolean
  /** What was sent in answer, and whether that was all there was to send, with the end of the connection where the play ends it. */
  sent: Buffer
  whole: boolean
}

/** What all connections have in common. */
export interface Register {
  readonly answers: readonly AnswerPlay[]
  readonly served: Served[]
}

interface Sending {
  readonly bytes: Buffer
  readonly play: AnswerPlay
  readonly served: Served | undefined
  at: number
}

const SILENT: AnswerPlay = { text: '', when: 'whole', piece: 100, after: 'stay', reads: 65_536 }

const GRANTS = /^HTTP\/1\.[01] 101/

/** A caller that was gone before its connection was accepted has no address any more; the engine says this one. */
export const GONE = -2
const NO_ADDRESS = '127.0.0.1'

/** The caller's number from its address: they are numbered by the last part. */
export const callerOf = (address: string | undefined): number => {
  if (address === NO_ADDRESS) return GONE
  const last = /^\d+\.\d+\.\d+\.(\d+)$/.exec(address ?? '')?.[1]
  return last === undefined ? -1 : Number(last)
}

/** One connection that the engine opened. */
export class EndpointConnection {
  readonly requests = new Requests()
  readonly port: number
  readonly #far: FarEnd
  readonly #register: Register
  #sending: Sending | undefined
  #next = 0
  #play: AnswerPlay | undefined
  #current: Served | undefined
  #over = false
  #hurried = false
  #isTrusted = true
  #granted = false

  constructor(far: FarEnd, port: number, register: Register) {
    this.#far = far
    this.port = port
    this.#register = register
    const first = register.answers[register.served.length % Math.max(1, register.answers.length)]
    if (first?.when === 'open') this.#say(first, undefined)
  }

  get canAct(): boolean {
    return this.#sending !== undefined || this.#canTake || (!this.#over && this.#far.ended && this.#far.waiting === 0)
  }

  get #canTake(): boolean {
    if (this.#far.waiting === 0) return false
    return this.#hurried || this.#play === undefined || this.#play.reads > 0
  }

  act(dice: Dice): void {
    if (this.#canTake && (this.#sending === undefined || dice.chance(0.5))) this.#take(dice)
    else if (this.#sending !== undefined) this.#send(this.#sending, dice)
    else this.#leave()
  }

  // The engine ended the connection: so does the endpoint.
  #leave(): void {
    this.#over = true
    this.#far.end()
  }

  #take(dice: Dice): void {
    const reads = this.#hurried ? 65_536 : (this.#play?.reads ?? 4096)
    this.requests.read(this.#far.take(reads >= 65_536 ? 1_000_000 : pieceOf(dice, reads, this.#far.waiting)))
    this.#look()
  }

  #look(): void {
    const request = this.requests.messages[this.#next]
    if (request === undefined || this.#sending !== undefined || this.#over) return
    if (this.#current === undefined) {
      const { answers, served } = this.#register
      const serial = served.length
      this.#play = answers.length === 0 ? SILENT : (answers[serial % answers.length] ?? SILENT)
      const caller = callerOf(field(request, FROM))
      this.#current = { serial, request, caller, isMirror: this.port === MIRROR_PORT, sent: Buffer.alloc(0), whole: false }
      served.push(this.#current)
    }
    if (this.#play?.when === 'whole' && !request.complete) return
    if (this.#play !== undefined) this.#say(this.#play, this.#current)
  }

  #say(play: AnswerPlay, served: Served | undefined): void {
    const bytes = this.#textOf(play, served)
    if (bytes.length === 0 && play.after === 'stay') return
    this.#sending = { bytes, play, served, at: 0 }
  }

  // Once it said what nobody asked for, the next request may get that as its answer: nothing it says can be told apart any more.
  #textOf({ text }: AnswerPlay, served: Served | undefined): Buffer {
    const long = unfolded(text)
    const caller = served?.caller ?? -1
    const bytes = Buffer.from(
      marked(long, caller, () => served?.serial ?? 0),
      'latin1'
    )
    this.#isTrusted &&= served !== undefined && caller >= 0 && isOneAnswer(bytes, served.request.method === 'HEAD')
    return this.#isTrusted ? bytes : Buffer.from(long.replaceAll('@@', 'nobody'), 'latin1')
  }

  #send(sending: Sending, dice: Dice): void {
    const { bytes, play, served } = sending
    const to = bytes.length === 0 ? 0 : sending.at + pieceOf(dice, play.piece, bytes.length - sending.at)
    this.#far.send(bytes.subarray(sending.at, to))
    sending.at = to
    if (served !== undefined) served.sent = bytes.subarray(0, to)
    if (to < bytes.length) return
    this.#sending = undefined
    if (served !== undefined) served.whole = play.after === 'stay' || play.after === 'end'
    this.#finish(play, served)
  }

  #finish(play: AnswerPlay, served: Served | undefined): void {
    if (play.after !== 'stay') this.upset(play.after)
    // What was said unasked may have been taken for the answer to the first request: what follows that may be no HTTP.
    if (served === undefined) {
      this.#granted = GRANTS.test(play.text)
      return this.#look()
    }
    const granted = this.#granted || GRANTS.test(served.sent.toString('latin1', 0, 16))
    this.#next++
    this.#current = undefined
    this.#play = undefined
    if (granted) {
      this.#over = true
      this.#hurried = true
    }
    this.requests.answered(granted)
    this.#look()
  }

  upset(act: 'end' | 'reset' | 'close'): void {
    this.#sending = undefined
    this.#over = true
    if (act === 'end') this.#far.end()
    else if (act === 'reset') this.#far.reset()
    else this.#far.close()
  }

  /** From now on it reads all there is. */
  hurry(): void {
    this.#hurried = true
  }
}
