// The client of a replay: writes the bytes of a request as the case has them, path and all, and reads what comes back.

import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { MessageReader } from './message.ts'
import type { Message } from './message.ts'
import type { Tempo } from './tempo.ts'

/** A request under way or over. */
export interface Answer {
  readonly startedAt: number
  endedAt: number
  status: number
  headers: Message['headers']
  body: string
  done: boolean
  /** The answer was cut off after its head. */
  aborted: boolean
}

/** One connection to the plane, for one request at a time. Owns its socket. */
export class Caller {
  readonly #socket: Socket
  readonly #tempo: Tempo
  readonly #reader: MessageReader
  #answer: Answer | undefined
  #bodiless = false
  #closed = false

  constructor(port: number, tempo: Tempo) {
    this.#tempo = tempo
    this.#reader = new MessageReader(
      (message) => (this.#bodiless || /^HTTP\/1.1 (204|304) /.test(message.first) ? 'none' : 'close'),
      (message) => this.#take(message)
    )
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('connect', tempo.note)
    this.#socket.on('data', (bytes) => {
      tempo.note()
      this.#reader.push(bytes)
    })
    this.#socket.on('end', () => this.#end())
    this.#socket.on('error', tempo.note)
    this.#socket.on('close', () => this.#end())
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Sends the bytes (latin1); `bodiless`: the answer has no body, as to HEAD. */
  ask(text: string, bodiless: boolean): Answer {
    const answer: Answer = { startedAt: this.#tempo.now(), endedAt: 0, status: 0, headers: [], body: '', done: false, aborted: false }
    this.#answer = answer
    this.#bodiless = bodiless
    this.#socket.write(text, 'latin1')
    return answer
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(message: Message): void {
    const answer = this.#answer
    if (answer === undefined || answer.done) return
    answer.endedAt = this.#tempo.now()
    answer.status = Number(message.first.split(' ')[1])
    answer.headers = message.headers
    answer.body = message.body
    answer.aborted = !message.complete
    answer.done = true
    if (message.headers.some(([name, value]) => name === 'connection' && value === 'close')) this.#closed = true
  }

  #end(): void {
    if (this.#closed && this.#answer?.done === true) return
    this.#tempo.note()
    this.#closed = true
    this.#reader.end()
    const { current } = this.#reader
    if (current !== undefined) this.#take(current)
    // Closed without an answer: status 0.
    if (this.#answer !== undefined && !this.#answer.done) {
      this.#answer.endedAt = this.#tempo.now()
      this.#answer.done = true
    }
  }
}
