// An endpoint that resets, closes or stalls before it has read the request: at the accept, at its head, in the midst of its body.

import { describe, expect, test } from 'vitest'
import type { ReadMode } from '../../src/proxy/transport.ts'
import { Ground } from './ground.ts'
import type { Peer } from './peer.ts'
import { told } from './told.ts'

const TERMINATED = '503 "reset reason: connection termination"'
const HEAD = 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n'

type Fault = 'reset' | 'end' | 'stall'

function fail(peer: Peer, fault: Fault): void {
  if (fault === 'reset') peer.reset()
  else if (fault === 'end') peer.end()
}

// What the endpoint waits for before it fails; what the client has sent by then, and sends after it.
const STAGES: readonly (readonly [stage: string, reads: (peer: Peer) => Promise<unknown>, sent: string, rest: string])[] = [
  ['after the accept', (peer) => peer.later(), `${HEAD}hello`, ''],
  ['after the first byte', (peer) => peer.take(1), `${HEAD}hello`, ''],
  ['in a field', (peer) => peer.take(30), `${HEAD}hello`, ''],
  ['before the body', (peer) => peer.head(), HEAD, 'hello'],
  ['in the body', (peer) => peer.head().then(() => peer.take(2)), `${HEAD}he`, 'llo'],
  ['after the request', (peer) => peer.request(), `${HEAD}hello`, '']
]

describe.each<ReadMode>(['buffer', 'data'])('reading by %s', (readMode) => {
  for (const [stage, reads, sent, rest] of STAGES) {
    test.each<Fault>(['reset', 'end'])(`%s ${stage}: 503 UC, once, and the rest of the request is read`, async (fault) => {
      const serve = async (peer: Peer): Promise<void> => {
        await reads(peer)
        await peer.later()
        fail(peer, fault)
      }
      const ground = await Ground.open({ readMode, serve })
      const client = ground.call(sent)
      await ground.until(() => client.length > 0)
      client.say(rest)
      await ground.pass(10)
      expect([told(client), ground.counted(), ground.server.count('POST')]).toEqual([`${TERMINATED}; open`, ['503 UC 1'], 1])
      expect(ground.stat('upstream_cx_destroy_remote_with_active_rq')).toBe(1)
      // The connection is as good as before.
      client.say('GET /next HTTP/1.1\r\nHost: a\r\n\r\n')
      await ground.until(() => ground.counted().includes('503 UC 2'))
      expect(await ground.leftovers()).toEqual([])
    })

    const whole = rest === ''
    test(`stall ${stage}: ${whole ? 'the route timeout' : 'the time for a request'} ends it`, async () => {
      const ground = await Ground.open({ readMode, serve: async (peer) => void (await reads(peer)), action: { timeout: 1000 } })
      const client = ground.call(sent)
      await ground.until(() => client.length > 0)
      const answer = whole ? '504 "upstream request timeout"; open' : '408 "stream timeout"; ended'
      expect([told(client), ground.counted()]).toEqual([answer, [whole ? '504 UT 1' : '408 SI 1']])
      expect(ground.server.count('POST')).toBe(1)
      expect(await ground.leftovers()).toEqual([])
    })
  }

  test('nobody listens: 503 UF, and the counts of connections say so', async () => {
    const ground = await Ground.open({ readMode, serve: async () => undefined })
    await ground.server.refuse()
    const client = ground.call(`${HEAD}hello`)
    await ground.until(() => client.length > 0)
    expect([told(client), ground.counted()]).toEqual(['503 "reset reason: remote connection failure"; open', ['503 UF 1']])
    expect([ground.stat('upstream_cx_connect_fail'), ground.stat('upstream_rq_pending_failure_eject')]).toEqual([1, 1])
    expect(await ground.leftovers()).toEqual([])
  })

  test('an endpoint that reads nothing of a long upload: the client waits, and both go with the time', async () => {
    const ground = await Ground.open({ readMode, serve: async (peer) => peer.deaf() })
    const client = ground.call('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n')
    client.flood('x')
    await ground.until(() => client.length > 0 || client.closed)
    expect(told(client)).toMatch(/^408 "stream timeout"/)
    expect(ground.counted()).toEqual(['408 SI 1'])
    expect(await ground.leftovers()).toEqual([])
  })
})
