// One request whose answer breaks off after so many bytes, and everything that is wrong afterwards.

import type { ReadMode } from '../../src/proxy/transport.ts'
import { actionFor, expected } from './answer-stages.ts'
import type { Break, Shape } from './answer-stages.ts'
import { Ground } from './ground.ts'
import type { Peer } from './peer.ts'
import { told } from './told.ts'

/** A fault in one place. */
export interface BreakCase {
  readonly readMode: ReadMode
  readonly shape: Shape
  readonly at: number
  readonly fault: Break
}

/** Plays it with a POST, which nobody may send twice; empty when all is as it should be. */
export async function breakAt({ readMode, shape, at, fault }: BreakCase): Promise<string[]> {
  const serve = async (peer: Peer): Promise<void> => {
    await peer.request()
    if (at > 0) peer.say(shape.text.slice(0, at))
    await peer.later()
    if (fault === 'reset') peer.reset()
    else if (fault === 'end') peer.end()
  }
  const ground = await Ground.open({ readMode, serve, action: actionFor(fault) })
  const client = ground.call('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello')
  await ground.until(() => ground.counted().length > 0)
  await ground.pass(10)
  const want = expected(shape, at, fault)
  const have = { told: told(client), counted: ground.counted().join(), posts: ground.server.count('POST') }
  const left = await ground.leftovers()
  const after = { requests: ground.downstream('rq_total'), active: ground.stat('upstream_rq_total') }
  await ground.close()
  const differs =
    JSON.stringify(have) === JSON.stringify({ ...want, posts: 1 }) ? [] : [`${JSON.stringify(have)} instead of ${JSON.stringify(want)}`]
  const counts = after.requests === 1 && after.active === 1 ? [] : [`counted ${JSON.stringify(after)}`]
  return [...differs, ...counts, ...left]
}
