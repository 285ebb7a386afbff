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

/** Owns the form of one answer, which it is itself: no other object is made for it. */
export class AnswerWriter implements ResponseForm {
  edits: HeaderEdits | undefined
  serviceTime = 0
  close = false
  keepAlive = false
  framing: ResponseForm['framing'] = 'same'
  upgrade = false
  /** The client takes the end of the connection for the end of the answer. */
  endsByClose = false
  readonly #socket: Socket
  readonly #from: ExchangeStart

  constructor(socket: Socket, from: ExchangeStart) {
    this.#socket = socket
    this.#from = from
  }

  /** The connection can be used again. */
  get keep(): boolean {
    return !this.close
  }

  /**
   * The head in the registers: edited in place where it fits, to be passed on from the offset returned; else written, and the body begins at
   * the offset returned.
   */
  begin(bytes: Buffer, start: AnswerStart): number {
    this.#takeForm(start)
    this.endsByClose = this.#from.minor === 0 && (start.untilClose || head.chunked)
    const at = this.framing === 'chunk' ? -1 : editInPlace(bytes, this)
    if (at >= 0) return at
    const { end } = head
    this.#socket.write(headText(bytes, this), 'latin1')
    return end
  }

  /** The head as the client gets it, for who asks about its fields; `begun` is what begin returned. */
  textOf(bytes: Buffer, begun: number): string {
    return begun === head.end ? headText(bytes, this) : bytes.toString('latin1', begun, head.end)
  }

  /** So many bytes of the body, latin1 where they are text. Returns how many the client has not taken yet. */
  write(bytes: Buffer | string, length: number): number {
    const socket = this.#socket
    if (this.framing === 'chunk') {
      socket.cork()
      socket.write(`${length.toString(16)}\r\n`, 'latin1')
      socket.write(bytes, 'latin1')
      socket.write('\r\n', 'latin1')
      socket.uncork()
    } else socket.write(bytes, 'latin1')
    return socket.writableLength
  }

  end(): void {
    if (this.framing === 'chunk') this.#socket.write('0\r\n\r\n', 'latin1')
  }

  #takeForm({ untilClose, upgraded, edits, closing, now }: AnswerStart): void {
    const { started, close, minor, method } = this.#from
    const old = minor === 0
    const chunk = untilClose && !old && method !== 'HEAD'
    const closes = close || closing || (old && !this.#keepsOld(untilClose))
    this.edits = edits
    this.serviceTime = Math.floor(now - started)
    this.close = closes && !upgraded
    this.keepAlive = old && !closes
    this.framing = chunk ? 'chunk' : old && head.chunked ? 'bare' : 'same'
    this.upgrade = upgraded
  }

  // An HTTP/1.0 client finds the end of the answer by its length, or by the end of the connection.
  #keepsOld(untilClose: boolean): boolean {
    return this.#from.keepAlive && !untilClose && !head.chunked
  }
}
