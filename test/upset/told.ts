// What a client was told, in one line: each answer with its body, and how the connection stands.

import { NodeParsing } from '../http1/llhttp.ts'
import { fieldOf } from '../http1/reading.ts'
import type { ReadMessage } from '../http1/reading.ts'
import type { Peer } from './peer.ts'

/** What the client got: `200 "abc", 503 "..." cut; ended`. Read by Node's parser, as if none of the answers were to HEAD unless told so. */
export function told(peer: Peer, toHead: 'to HEAD' | 'with bodies' = 'with bodies'): string {
  const answers = answersOf(peer, toHead).map(({ status, body, complete }) => `${status} ${shown(body)}${complete ? '' : ' cut'}`)
  return `${answers.join(', ') || 'nothing'}; ${standing(peer)}`
}

/** The answers that came, whole or cut; interim ones are no answers. */
export function answersOf(peer: Peer, toHead: 'to HEAD' | 'with bodies' = 'with bodies'): ReadMessage[] {
  const parsing = new NodeParsing({ type: 'response', toHead: toHead === 'to HEAD', toUpgrade: false }, [])
  const { bytes } = peer
  if (bytes.length > 0) parsing.read(bytes)
  if (parsing.reason === '' && peer.ended && !peer.error) parsing.end()
  parsing.close()
  if (parsing.reason !== '') throw new Error(`${parsing.reason} in ${JSON.stringify(peer.text.slice(0, 400))}`)
  return parsing.messages.filter(({ status }) => status >= 200)
}

/** Whether all the answers say which request they are for, in order, each once. */
export function idsOf(peer: Peer): string[] {
  return answersOf(peer).map((answer) => fieldOf(answer, 'x-id') ?? String(answer.status))
}

function shown(body: string): string {
  const short = body.replace(/^upstream connect error or disconnect\/reset before headers\. /, '')
  return JSON.stringify(short.length > 80 ? `${short.length} bytes` : short)
}

function standing(peer: Peer): string {
  if (peer.error !== undefined) return peer.error === 'ECONNRESET' || peer.error === 'EPIPE' ? 'reset' : peer.error
  return peer.ended || peer.closed ? 'ended' : 'open'
}
