// How each bound of the plane is met: one row for each name. A row plays on a ground of its own; what clients are told, the lines of the access
// log and the counter are compared after it.

import type { Limits } from '../../src/proxy/limits.ts'
import { ok } from '../proxy-plane.ts'
import type { Ground, GroundOptions } from '../upset/ground.ts'
import type { Peer } from '../upset/peer.ts'

/** One bound and how it is met. */
export interface Row extends Partial<Pick<GroundOptions, 'serve' | 'plane' | 'calls' | 'entry' | 'cluster' | 'action' | 'rules'>> {
  /** What it is set to; the others are as they are in test/upset. */
  readonly limits: Partial<Limits>
  /** Meets it once. */
  readonly play: (ground: Ground) => Promise<void>
  /** What each client is told, as test/upset/told.ts says it. */
  readonly told: readonly string[]
  /** Lines of the access log about callers: code, flags, details. */
  readonly lines: readonly string[]
  /** What is odd about the ground afterwards, and right so. */
  readonly left?: readonly string[]
}

export const GET = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n'
export const post = (length: number): string => `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`
export const CHUNKED = 'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
export const FINE = '200 - via_upstream'

/** Reads requests and answers each. */
export async function serveFine(peer: Peer): Promise<void> {
  for (;;) {
    await peer.request()
    peer.say(ok('fine'))
  }
}

/** Reads a request and says no more. */
export async function stall(peer: Peer): Promise<void> {
  await peer.request()
}

/** A client that says this and waits for an answer or the end. */
export async function answered(ground: Ground, text: string): Promise<Peer> {
  const client = ground.call(text)
  await ground.until(() => client.length > 0 || client.ended || client.closed)
  await ground.pass(1)
  return client
}

/** A row whose one client says this. */
export const says =
  (text: string): Row['play'] =>
  async (ground) => {
    await answered(ground, text)
  }
