// An endpoint that closes kept connections: while they are idle, as a request comes, and after it was read. What may be sent again is sent
// again without the client noticing; what may not be reaches an endpoint once.

import { describe, expect, test } from 'vitest'
import type { ReadMode } from '../../src/proxy/transport.ts'
import { ok } from '../proxy-plane.ts'
import { Ground } from './ground.ts'
import type { Peer } from './peer.ts'
import { answersOf } from './told.ts'

const GET = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n'
const POST = 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello'
const CHUNKS = 'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'

async function answering(peer: Peer): Promise<void> {
  for (;;) {
    await peer.request()
    peer.say(ok('fine'))
  }
}

const statuses = (peer: Peer): number[] => answersOf(peer).map(({ status }) => status)

describe.each<ReadMode>(['buffer', 'data'])('reading by %s', (readMode) => {
  test.each([
    ['GET', 'end', GET],
    ['GET', 'reset', GET],
    ['POST', 'end', POST],
    ['POST', 'reset', POST],
    ['POST in chunks', 'end', CHUNKS]
  ] as const)('a %s behind an idle connection that the endpoint ended by %s goes out on another', async (_, how, request) => {
    const ground = await Ground.open({ readMode, serve: answering })
    const client = ground.call(GET)
    await ground.until(() => client.length > 0)
    ground.server.peers[0]?.[how]()
    await ground.pass(5)
    expect([ground.stat('upstream_cx_active'), ground.stat('upstream_cx_destroy_remote')]).toEqual([0, 1])
    client.say(request)
    await ground.until(() => ground.counted().includes('200 - 2'))
    await ground.pass()
    expect([statuses(client), ground.server.peers.length]).toEqual([[200, 200], 2])
    expect(await ground.leftovers()).toEqual([])
  })

  // The end and the request cross each other: the plane writes to a connection that is gone.
  test.each(['reset', 'close'] as const)(
    'requests that cross the %s of an idle connection: a GET is answered, a POST sent once',
    async (how) => {
      for (const [request, allowed] of [
        [GET, [200]],
        [POST, [200, 503]],
        [CHUNKS, [200, 503]]
      ] as const) {
        const ground = await Ground.open({ readMode, serve: answering })
        const client = ground.call(GET)
        await ground.until(() => client.length > 0)
        const before = ground.server.text.length
        client.say(request)
        ground.server.peers[0]?.[how]()
        await ground.until(() => ground.downstream('rq_total') === 2)
        await ground.pass()
        const [, second = 0] = statuses(client)
        expect(allowed).toContain(second)
        const reached = ground.server.text.slice(before).split(' /a HTTP').length - 1
        expect(reached).toBe(second === 200 ? 1 : 0)
        expect(await ground.leftovers()).toEqual([])
      }
    }
  )

  test.each([
    ['GET', GET],
    ['POST', POST]
  ])('a %s that was read on a kept connection and not answered has failed, and is not sent again', async (_, request) => {
    const serve = async (peer: Peer): Promise<void> => {
      await peer.request()
      peer.say(ok('fine'))
      await peer.request()
      peer.end()
    }
    const ground = await Ground.open({ readMode, serve })
    const client = ground.call(GET)
    await ground.until(() => client.length > 0)
    client.say(request)
    await ground.until(() => ground.downstream('rq_total') === 2)
    await ground.pass()
    expect([statuses(client), ground.counted(), ground.server.text.split(' /a HTTP').length]).toEqual([
      [200, 503],
      ['200 - 1', '503 UC 1'],
      3
    ])
    expect(await ground.leftovers()).toEqual([])
  })

  test('endpoints that close each connection as its second request comes: no GET fails, whatever there is kept', async () => {
    const serve = async (peer: Peer): Promise<void> => {
      await peer.request()
      peer.say(ok('fine'))
      await peer.take(1)
      peer.reset()
    }
    const ground = await Ground.open({ readMode, serve })
    const clients = Array.from({ length: 5 }, () => ground.call(GET))
    await ground.until(() => ground.counted().includes('200 - 5'))
    for (let round = 2; round <= 5; round++) {
      for (const client of clients) client.say(GET)
      await ground.until(() => ground.downstream('rq_total') === round * 5)
    }
    await ground.pass()
    expect([clients.map((client) => statuses(client).join(' ')), ground.counted()]).toEqual([
      Array(5).fill('200 200 200 200 200'),
      ['200 - 25']
    ])
    expect(await ground.leftovers()).toEqual([])
  })

  test('an idle connection ends with its idle time, and the next request opens one', async () => {
    const ground = await Ground.open({ readMode, serve: answering })
    const client = ground.call(GET)
    await ground.until(() => client.length > 0)
    await ground.pass(31_000)
    expect([ground.stat('upstream_cx_idle_timeout'), ground.stat('upstream_cx_active'), ground.server.open]).toEqual([1, 0, 0])
    client.say(GET)
    await ground.until(() => ground.counted().includes('200 - 2'))
    expect(ground.server.peers.length).toBe(2)
    expect(await ground.leftovers()).toEqual([])
  })
})
