// A caller of the engine: sends its messages in pieces, reads what comes as fast as the play lets it.

import type { ReadMessage, Reading } from '../http1/reading.ts'
import type { Dice } from '../http1/dice.ts'
import type { FarEnd } from './far-end.ts'
import { marked, pieceOf, unfolded } from './marks.ts'
import type { CallerPlay } from './play.ts'
import { Answers, requestsIn } from './reading.ts'

/** Owns one connection to the engine, from its side of the world. */
export class Caller {
  readonly number: number
  readonly answers: Answers
  /** All it was told to send, and where its messages end in that. */
  readonly bytes: Buffer
  readonly #ends: readonly number[]
  /** Every byte it got. */
  readonly received: Buffer[] = []
  /** It broke off before all had settled. */
  wasDisturbed = false
  readonly #play: CallerPlay
  readonly #far: FarEnd | undefined
  #at = 0
  #finished = false
  #asked: Reading = { messages: [], ending: 'more', reason: '' }
  #askedAt = 0
  #reads: number

  constructor(play: CallerPlay, number: number, far: FarEnd | undefined) {
    this.#play = play
    this.number = number
    this.#far = far
    this.#reads = play.reads
    let last = 0
    const texts = play.messages.map((text) => marked(unfolded(text), number, () => last++))
    this.bytes = Buffer.from(texts.join(''), 'latin1')
    let length = 0
    this.#ends = texts.map((text) => (length += text.length))
    this.answers = new Answers(requestsIn(this.bytes).messages.map(({ method }) => method))
  }

  /** What was sent of it. */
  get sent(): Buffer {
    return this.bytes.subarray(0, this.#at)
  }

  /** What an independent reader finds in what was sent: looked at anew when more was. */
  get asked(): Reading {
    if (this.#askedAt !== this.#at) {
      this.#asked = requestsIn(this.sent)
      this.#askedAt = this.#at
    }
    return this.#asked
  }

  get isOpen(): boolean {
    return this.#far !== undefined && !this.#far.ended
  }

  get sentAll(): boolean {
    return this.#at >= this.bytes.length
  }

  get canAct(): boolean {
    return this.#canSend || this.#canTake
  }

  get #canSend(): boolean {
    if (this.#far === undefined || this.#finished || this.#far.gone) return false
    if (this.sentAll) return this.#play.after !== 'stay'
    if (this.#play.pipelines) return true
    // The message at hand is the first whose end was not reached.
    const current = this.#ends.findIndex((end) => end > this.#at)
    const begun = current > 0 ? (this.#ends[current - 1] ?? 0) < this.#at : this.#at > 0
    return begun || this.answers.finals.filter(({ complete }) => complete).length >= current
  }

  get #canTake(): boolean {
    return this.#far !== undefined && this.#reads > 0 && this.#far.waiting > 0
  }

  act(dice: Dice): void {
    if (this.#canTake && (!this.#canSend || dice.chance(0.5))) this.#take(dice)
    else if (this.#canSend) this.#send(dice)
  }

  #take(dice: Dice): void {
    if (this.#far === undefined) return
    const bytes = this.#far.take(this.#reads >= 65_536 ? 1_000_000 : pieceOf(dice, this.#reads, this.#far.waiting))
    this.received.push(bytes)
    this.answers.read(bytes)
  }

  #send(dice: Dice): void {
    if (this.sentAll) {
      const { after } = this.#play
      this.wasDisturbed = true
      if (after !== 'stay') this.upset(after)
      return
    }
    const end = this.#play.pipelines ? this.bytes.length : (this.#ends.find((one) => one > this.#at) ?? this.bytes.length)
    const to = this.#at + pieceOf(dice, this.#play.piece, end - this.#at)
    this.#far?.send(this.bytes.subarray(this.#at, to))
    this.#at = to
  }

  /** Breaks the connection off in one way. */
  upset(act: 'half' | 'reset' | 'close'): void {
    if (this.#far === undefined || this.#finished) return
    this.#finished = true
    if (act === 'half') this.#far.end()
    else if (act === 'reset') this.#far.reset()
    else this.#far.close()
  }

  /** From now on it reads all there is, as fast as it can. */
  hurry(): void {
    this.#reads = 65_536
  }

  /** All answers to its complete requests are there, or there is nothing to wait for. */
  get settled(): boolean {
    if (this.canAct) return false
    return !this.isOpen || this.answers.tunnel || (this.sentAll && this.#isAnswered)
  }

  get #isAnswered(): boolean {
    const { asked } = this
    const finals = this.answers.finals.filter((answer: ReadMessage) => answer.complete).length
    return asked.ending !== 'refused' && asked.messages.every(({ complete }) => complete) && finals === asked.messages.length
  }
}
