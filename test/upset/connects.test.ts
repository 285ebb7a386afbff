// Endpoints that cannot be reached: nobody answers the connection, and it is given up in time.

import { describe, expect, test } from 'vitest'
import type { RetryPolicy } from '../../src/route/decision.ts'
import type { ReadMode } from '../../src/proxy/transport.ts'
import { cleanups, cluster, endpoint, forward, ok, table, until } from '../proxy-plane.ts'
import { DeafListener } from './deaf-listener.ts'
import { Ground } from './ground.ts'
import type { Peer } from './peer.ts'
import { told } from './told.ts'

const POST = 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello'
const ELSEWHERE: RetryPolicy = {
  attempts: 1,
  perTryTimeout: 0,
  on: ['connect-failure'],
  statuses: [],
  avoidTried: true,
  backoffBase: 1,
  backoffMax: 1
}

async function deaf(): Promise<number> {
  const listener = await DeafListener.open()
  cleanups.push(() => listener.close())
  await until(() => listener.full)
  return listener.port
}

async function answering(peer: Peer): Promise<void> {
  for (;;) {
    await peer.request()
    peer.say(ok('fine'))
  }
}

describe.each<ReadMode>(['buffer', 'data'])('reading by %s', (readMode) => {
  test('a connection that nobody accepts is given up after the connect timeout: 503 UF', async () => {
    const cluster = { endpoints: [endpoint(await deaf())], connectTimeout: 3000 }
    const ground = await Ground.open({ readMode, serve: answering, cluster, calls: 'some' })
    const client = ground.call(POST)
    await ground.until(() => client.length > 0)
    expect([told(client), ground.counted()]).toEqual(['503 "reset reason: connection timeout"; open', ['503 UF 1']])
    expect(ground.tempo.now()).toBeGreaterThanOrEqual(3000)
    expect(ground.tempo.now()).toBeLessThan(3300)
    expect([ground.stat('upstream_cx_connect_timeout'), ground.stat('upstream_cx_connect_fail')]).toEqual([1, 1])
    expect(await ground.leftovers()).toEqual([])
  })

  test('a client that goes while its connection is being opened leaves nothing', async () => {
    const cluster = { endpoints: [endpoint(await deaf())], connectTimeout: 3000 }
    const ground = await Ground.open({ readMode, serve: answering, cluster, calls: 'some' })
    const client = ground.call(POST)
    await ground.pass(500)
    expect(ground.stat('upstream_rq_pending_active')).toBe(1)
    client.reset()
    await ground.pass(500)
    expect([ground.counted(), ground.stat('upstream_rq_pending_active'), ground.stat('upstream_rq_cancelled')]).toEqual([['0 DC 1'], 0, 1])
    expect(await ground.leftovers()).toEqual([])
  })

  test('a POST that found no connection is tried elsewhere by the policy, and read once', async () => {
    const port = await deaf()
    const ground = await Ground.open({
      readMode,
      serve: answering,
      rules: (served) =>
        table(
          [cluster('c', [endpoint(port), ...served], { connectTimeout: 3000, idleTimeout: 30_000 })],
          [forward([['c', 1]], { retry: ELSEWHERE })]
        ),
      calls: 'some'
    })
    const clients = [ground.call(POST), ground.call(POST)]
    await ground.until(() => clients.every(({ length }) => length > 0))
    expect([clients.map((client) => told(client)), ground.server.count('POST')]).toEqual([['200 "fine"; open', '200 "fine"; open'], 2])
    expect(await ground.leftovers()).toEqual([])
  })
})
