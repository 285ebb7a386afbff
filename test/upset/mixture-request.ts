// One request of a mixture and what its endpoint does about it: each says in its fields what is to happen, so that a seed decides all.

import { Dice } from '../http1/dice.ts'
import type { Peer } from './peer.ts'

/** What an endpoint does about one request. */
const PLANS = [
  'length',
  'length',
  'chunked',
  'chunked',
  'close',
  'refused',
  'surplus',
  'reset at once',
  'end at once',
  'reset in answer',
  'end in answer',
  'stall',
  'stall in answer',
  'early',
  'garbage',
  'interim'
] as const
type Plan = (typeof PLANS)[number]

/** A request and what must come back of it. */
export interface Asked {
  readonly id: string
  readonly method: 'GET' | 'POST'
  readonly plan: Plan
  readonly text: string
}

const SIZES = [0, 10, 300, 5000, 70_000, 300_000]

/** The body that belongs to a request: letters only, so that no framing is found in it, and its own. */
export function bodyOf(id: string, length: number): string {
  const word = id.replaceAll(/\d/g, (digit) => String.fromCharCode(0x67 + Number(digit))).replaceAll('/', 'z')
  return word.repeat(Math.ceil(length / word.length)).slice(0, length)
}

/** A request by chance. */
export function ask(dice: Dice, id: string): Asked {
  const plan = dice.pick(PLANS)
  const method = dice.chance(0.5) ? 'GET' : 'POST'
  const fields = `Host: a\r\nX-Plan: ${plan}\r\nX-Seed: ${dice.below(1_000_000)}\r\nX-Size: ${dice.below(dice.pick(SIZES) + 1)}\r\n`
  if (method === 'GET') return { id, method, plan, text: `GET ${id} HTTP/1.1\r\n${fields}\r\n` }
  const body = bodyOf(id, dice.below(dice.pick(SIZES) + 1))
  const framed = dice.chance(0.5)
    ? `Content-Length: ${body.length}\r\n\r\n${body}`
    : `Transfer-Encoding: chunked\r\n\r\n${body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`}0\r\n\r\n`
  return { id, method, plan, text: `POST ${id} HTTP/1.1\r\n${fields}${framed}` }
}

/** A connection of an endpoint; `seen` notes each request whose head was read. */
export async function serve(peer: Peer, seen: (id: string) => void): Promise<void> {
  for (;;) {
    const head = await peer.head()
    const [, id = ''] = head.split(' ')
    seen(id)
    const value = (name: string): string => new RegExp(`^${name}: (.*)\r$`, 'im').exec(head)?.[1] ?? ''
    const dice = new Dice(Number(value('x-seed')))
    const plan = value('x-plan') as Plan
    const body = bodyOf(id, Number(value('x-size')))
    if (plan !== 'early' && dice.chance(0.9)) await peer.rest(head)
    if (!(await answer({ peer, dice, plan, id, body }))) return
    if (plan === 'early') await peer.rest(head)
  }
}

interface Answering {
  readonly peer: Peer
  readonly dice: Dice
  readonly plan: Plan
  readonly id: string
  readonly body: string
}

// Whether the connection goes on.
async function answer({ peer, dice, plan, id, body }: Answering): Promise<boolean> {
  const start = `HTTP/1.1 200 OK\r\nX-Id: ${id}\r\n`
  const plain = `${start}Content-Length: ${body.length}\r\n\r\n${body}`
  const part = plain.slice(0, dice.below(plain.length))
  const speak = (text: string): Promise<void> => peer.spell(text, Math.max(1, Math.ceil(text.length / (1 + dice.below(5)))), dice.below(30))
  switch (plan) {
    case 'length':
    case 'early':
      await speak(plain)
      return true
    case 'chunked':
      await speak(
        `${start}Transfer-Encoding: chunked\r\n\r\n${body === '' ? '' : `${body.length.toString(16)};e=1\r\n${body}\r\n`}0\r\nX-T: 1\r\n\r\n`
      )
      return true
    case 'interim':
      await speak(`HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${plain}`)
      return true
    case 'refused':
      await speak(`HTTP/1.1 503 No\r\nX-Id: ${id}\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      return true
    case 'close':
      await speak(`${start}\r\n${body}`)
      peer.end()
      return false
    case 'surplus':
      peer.say(`${start}Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nX-Id: nobody\r\nContent-Length: 0\r\n\r\n`)
      return true
    case 'garbage':
      peer.say('garbage\r\n\r\n')
      return true
    case 'reset at once':
      peer.reset()
      return false
    case 'end at once':
      peer.end()
      return false
    case 'reset in answer':
      await speak(part)
      peer.reset()
      return false
    case 'end in answer':
      await speak(part)
      peer.end()
      return false
    case 'stall in answer':
      await speak(part)
      return false
    case 'stall':
      return false
  }
}
