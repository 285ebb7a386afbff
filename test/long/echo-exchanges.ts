// Random valid exchanges for the whole proxy path: what a client sends and in which pieces, how the server behind answers and in which pieces.
// The server says back the body it got, so that every byte can be told both ways.

import type { Socket } from 'node:net'
import { Dice } from '../http1/dice.ts'
import { NodeParsing } from '../http1/llhttp.ts'
import { fieldOf } from '../http1/reading.ts'
import type { ReadMessage } from '../http1/reading.ts'

/** One request as sent, and what must come back. */
export interface Exchange {
  readonly id: string
  /** Latin1. */
  readonly text: string
  readonly body: string
  readonly plan: Plan
}

/** How an answer is framed: early ones come before the request was read, and say nothing of it. */
type Plan = 'length' | 'chunked' | 'close' | 'early'

const PLANS: readonly Plan[] = ['length', 'length', 'chunked', 'chunked', 'close']
const SIZES = [0, 0, 1, 10, 100, 1000, 5000, 20_000, 70_000]
const PIECES = [1, 3, 20, 300, 5000, 70_000]

/** Requests for one connection; a last one may end it. */
export function exchanges(dice: Dice, connection: string): Exchange[] {
  const count = 1 + dice.below(12)
  const found = Array.from({ length: count }, (_, at) => exchange(dice, { id: `/${connection}/${at}`, close: false }))
  if (dice.chance(0.2)) found.push(exchange(dice, { id: `/${connection}/last`, close: true }))
  return found
}

function exchange(dice: Dice, { id, close }: { readonly id: string; readonly close: boolean }): Exchange {
  const body = bytes(dice, dice.chance(0.01) ? 700_000 : dice.below(dice.pick(SIZES) + 1))
  // An early answer lets the server go before it has read a long body: the rest is dropped, which is no matter here.
  const plan = close && dice.chance(0.3) ? 'early' : dice.pick(PLANS)
  const fields = [
    'Host: h',
    `X-Plan: ${plan}`,
    `X-Seed: ${dice.below(1_000_000)}`,
    `X-Fill: ${'f'.repeat(dice.below(dice.pick([1, 40, 3000])))}`
  ]
  if (close) fields.push('Connection: close')
  if (body === '' && dice.chance(0.5)) return { id, text: `GET ${id} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`, body, plan }
  const chunked = dice.chance(0.5)
  fields.splice(dice.below(fields.length), 0, chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`)
  return { id, text: `POST ${id} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${chunked ? chunks(dice, body) : body}`, body, plan }
}

// Any bytes: a short random text, repeated where many are wanted, each time from another place on.
function bytes(dice: Dice, length: number): string {
  const some = String.fromCharCode(...Array.from({ length: 97 }, () => dice.below(256)))
  let text = ''
  while (text.length < length) text += some.slice(dice.below(50))
  return text.slice(0, length)
}

function chunks(dice: Dice, body: string): string {
  let text = ''
  const most = dice.pick([10, 1000, 100_000])
  for (let at = 0; at < body.length;) {
    const size = Math.min(body.length - at, Math.max(1 + dice.below(most), Math.ceil(body.length / 200)))
    text += `${size.toString(16)}${dice.chance(0.1) ? ';a="b;c"' : ''}\r\n${body.slice(at, at + size)}\r\n`
    at += size
  }
  return `${text}0\r\n${dice.chance(0.1) ? 'X-Sum: 1\r\n' : ''}\r\n`
}

/** Writes the text in pieces, each a turn of the event loop after the one before. */
export function writeInPieces(dice: Dice, socket: Socket, text: string): Promise<void> {
  const most = Math.max(dice.pick(PIECES), text.length / 100)
  return new Promise((resolve) => {
    const next = (at: number): void => {
      if (at >= text.length || socket.destroyed) return resolve()
      const size = 1 + dice.below(most)
      socket.write(text.slice(at, at + size), 'latin1')
      setImmediate(() => next(at + size))
    }
    next(0)
  })
}

/** A server of one connection: reads with Node's parser, notes each request once it is whole, answers as the request asks. */
export function serveEchoes(socket: Socket, note: (id: string) => void): void {
  const parsing = new NodeParsing({ type: 'request', toHead: false, toUpgrade: false }, [])
  let served = 0
  let busy = false
  const look = async (): Promise<void> => {
    if (busy) return
    const message = parsing.messages[served]
    if (message === undefined || !(message.complete || fieldOf(message, 'x-plan') === 'early')) return
    busy = true
    served++
    note(message.target)
    await answer(socket, message)
    message.body = ''
    busy = false
    await look()
  }
  socket.on('data', (piece) => {
    parsing.read(piece)
    void look()
  })
  socket.on('end', () => socket.end())
  socket.on('close', () => parsing.close())
}

async function answer(socket: Socket, message: ReadMessage): Promise<void> {
  const dice = new Dice(Number(fieldOf(message, 'x-seed')))
  const plan = fieldOf(message, 'x-plan')
  const { body } = message
  const interim = dice.chance(0.1) ? 'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n' : ''
  const start = `${interim}HTTP/1.1 ${dice.pick([200, 200, 404, 503])} Any\r\nX-Id: ${message.target}\r\n`
  switch (plan) {
    case 'chunked':
      return writeInPieces(dice, socket, `${start}Transfer-Encoding: chunked\r\n\r\n${chunks(dice, body)}`)
    case 'close':
      await writeInPieces(dice, socket, `${start}\r\n${body}`)
      socket.end()
      return
    case 'early':
      return writeInPieces(dice, socket, `${start}Content-Length: 5\r\n\r\nearly`)
    default:
      return writeInPieces(dice, socket, `${start}Content-Length: ${body.length}\r\n\r\n${body}`)
  }
}

/** What is wrong with the answers to these requests. */
export function wrongAnswers(sent: readonly Exchange[], { messages, reason }: NodeParsing): string[] {
  if (reason !== '') return [`the answers cannot be read: ${reason}`]
  if (messages.length !== sent.length) return [`${messages.length} answers to ${sent.length} requests`]
  return sent.flatMap(({ id, body, plan }, at) => {
    const message = messages[at]
    const want = plan === 'early' ? 'early' : body
    if (message === undefined || fieldOf(message, 'x-id') !== id)
      return [`${id} is answered as ${message === undefined ? 'nothing' : fieldOf(message, 'x-id')}`]
    return message.complete && message.body === want ? [] : [`${id} (${plan}): ${message.body.length} of ${want.length} bytes, or others`]
  })
}
