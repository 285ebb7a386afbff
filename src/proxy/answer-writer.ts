// An endpoint's answer on its way to the client: its head in the client's form, its body with the framing that the client understands.

import type { Socket } from 'node:net'
import type { HeaderEdits } from '../route/decision.ts'
import type { Millis } from '../std/clock.ts'
import type { ExchangeStart } from './downstream.ts'
import { head } from './head.ts'
import { editInPlace, headText } from './response-head.ts'
import type { ResponseForm } from './response-head.ts'

/** What a head depends on besides itself. */
export interface AnswerStart {
  /** Only the end of the connection ends the body. */
  readonly untilClose: boolean
  readonly upgraded: boolean
  readonly edits: HeaderEdits | undefined
  /** The connection ends with this answer whatever else. */
  readonly closing: boolean
  readonly now: Millis
}

/** Owns the form of one answer. */
export class AnswerWriter {
  /** The connection can be used again. */
  keep = true
  /** The client takes the end of the connection for the end of the answer. */
  endsByClose = false
  readonly #socket: Socket
  readonly #from: ExchangeStart
  #chunk = false
  #form: ResponseForm | undefined

  constructor(socket: Socket, from: ExchangeStart) {
    this.#socket = socket
    this.#from = from
  }

  /**
   * The head in the registers: edited in place where it fits, to be passed on from the offset returned; else written, and the body begins at
   * the offset returned.
   */
  begin(bytes: Buffer, start: AnswerStart): number {
    const form = this.#formOf(start)
    this.#form = form
    this.keep = !form.close
    this.endsByClose = this.#from.minor === 0 && (start.untilClose || head.chunked)
    const at = this.#chunk ? -1 : editInPlace(bytes, form)
    if (at >= 0) return at
    const { end } = head
    this.#socket.write(headText(bytes, form), 'latin1')
    return end
  }

  /** The head as the client gets it, for who asks about its fields; `begun` is what begin returned. */
  textOf(bytes: Buffer, begun: number): string {
    if (begun !== head.end || this.#form === undefined) return bytes.toString('latin1', begun, head.end)
    return headText(bytes, this.#form)
  }

  /** Bytes of the body. Returns how many the client has not taken yet. */
  write(bytes: Buffer, from: number, to: number): number {
    const socket = this.#socket
    if (this.#chunk) {
      socket.cork()
      socket.write(`${(to - from).toString(16)}\r\n`, 'latin1')
      socket.write(bytes.subarray(from, to))
      socket.write('\r\n', 'latin1')
      socket.uncork()
    } else socket.write(bytes.subarray(from, to))
    return socket.writableLength
  }

  end(): void {
    if (this.#chunk) this.#socket.write('0\r\n\r\n', 'latin1')
  }

  #formOf({ untilClose, upgraded, edits, closing, now }: AnswerStart): ResponseForm {
    const { started, close, minor, method } = this.#from
    const old = minor === 0
    this.#chunk = untilClose && !old && method !== 'HEAD'
    const closes = close || closing || (old && !this.#keepsOld(untilClose))
    return {
      edits,
      serviceTime: Math.floor(now - started),
      close: closes && !upgraded,
      keepAlive: old && !closes,
      framing: this.#chunk ? 'chunk' : old && head.chunked ? 'bare' : 'same',
      upgrade: upgraded
    }
  }

  // An HTTP/1.0 client finds the end of the answer by its length, or by the end of the connection.
  #keepsOld(untilClose: boolean): boolean {
    return this.#from.keepAlive && !untilClose && !head.chunked
  }
}
