// What all connections together keep: where it comes from, what is done without as it gets much, who is refused then, and that all of it is
// given back.

import { describe, expect, test } from 'vitest'
import type { RetryPolicy } from '../../src/route/decision.ts'
import type { Endpoint, TableChange } from '../../src/route/route-table.ts'
import type { ReadMode } from '../../src/proxy/transport.ts'
import { cluster, forward, ok, table } from '../proxy-plane.ts'
import { Ground } from './ground.ts'
import type { Peer } from './peer.ts'
import { told } from './told.ts'

const GET = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n'
const BIG = 'x'.repeat(8_000_000)
const ONE_READ = 70_000
const post = (body: string, length = body.length): string => `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${body}`
const AGAIN: RetryPolicy = {
  attempts: 2,
  perTryTimeout: 0,
  on: ['reset'],
  statuses: [],
  avoidTried: false,
  backoffBase: 1,
  backoffMax: 2
}

async function answering(peer: Peer): Promise<void> {
  for (;;) {
    await peer.request()
    peer.say(ok('fine'))
  }
}

// Resets the first connection behind its request, answers on the next one.
function resettingOnce(): (peer: Peer) => Promise<void> {
  let reset = false
  return async (peer) => {
    await peer.request()
    if (reset) return peer.say(ok('again'))
    reset = true
    peer.reset()
  }
}

function mirrored([first, second]: readonly Endpoint[]): readonly TableChange[] {
  const clusters = [cluster('c', first === undefined ? [] : [first]), cluster('d', second === undefined ? [] : [second])]
  return table(clusters, [forward([['c', 1]], { mirrors: [{ cluster: 'd', millionths: 1_000_000 }] })])
}

describe.each<ReadMode>(['buffer', 'data'])('reading by %s', (readMode) => {
  const reached = (ground: Ground): number => ground.plane.recorder.reached()['keptBytesMax'] ?? 0
  // A head that does not end keeps so many bytes.
  async function holding(ground: Ground, bytes: number): Promise<void> {
    ground.call('GET /a HTTP/1.1\r\nX: '.padEnd(bytes, 'x'))
    await ground.until(() => ground.plane.load.kept === bytes)
  }

  test.each([
    ['at three quarters a body is not kept for another try', post('hello'), 7500, ['503 "reset reason: connection termination"; open', 1]],
    ['at three quarters what has no body is tried again', GET, 7500, ['200 "again"; open', 0]],
    ['with room a body is kept', post('hello'), 7000, ['200 "again"; open', 0]]
  ])('%s', async (_, request, kept, want) => {
    const ground = await Ground.open({ readMode, serve: resettingOnce(), limits: { keptBytesMax: 10_000 }, action: { retry: AGAIN } })
    await holding(ground, kept)
    const client = ground.call(request)
    await ground.until(() => client.length > 0)
    expect([told(client), reached(ground)]).toEqual(want)
    expect(await ground.leftovers()).toEqual([])
  })

  test('at three quarters no copy is sent', async () => {
    const serve = [answering, answering]
    const ground = await Ground.open({ readMode, serve, limits: { keptBytesMax: 10_000 }, rules: mirrored })
    await holding(ground, 7500)
    const client = ground.call(GET)
    await ground.until(() => client.length > 0)
    expect([told(client), ground.servers[1]?.count('GET'), reached(ground)]).toEqual(['200 "fine"; open', 0, 1])
    expect(await ground.leftovers()).toEqual([])
  })

  test('of heads that do not end no more is kept than the bound: the next one is refused', async () => {
    const ground = await Ground.open({ readMode, serve: answering, limits: { keptBytesMax: 100_000 } })
    const part = `GET /a HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}`
    const slow = Array.from({ length: 4 }, () => ground.call(part))
    await ground.until(() => ground.plane.load.kept >= 80_000)
    const others = Array.from({ length: 8 }, () => ground.call(part))
    await ground.until(() => others.some(({ ended }) => ended))
    await ground.pass(1)
    expect(ground.plane.load.kept).toBeLessThan(150_000)
    const refused = others.map((client) => told(client)).filter((said) => said === '503 "envoy overloaded"; ended')
    expect([slow.map((client) => told(client)), refused.length > 0]).toEqual([slow.map(() => 'nothing; open'), true])
    expect([ground.counted(), ground.downstream('rq_overload_close')]).toEqual([[`503 OM ${refused.length}`], refused.length])
    for (const client of slow) client.say('\r\n\r\n')
    await ground.until(() => slow.every(({ length }) => length > 0))
    expect(slow.map((client) => told(client))).toEqual(slow.map(() => '200 "fine"; open'))
    expect(await ground.leftovers()).toEqual([])
  })

  test('answers that wait for slow readers count, one read of each; who comes then is refused until they have read', async () => {
    const serve = async (peer: Peer): Promise<void> => {
      for (;;) {
        await peer.request()
        peer.say(ok(BIG))
      }
    }
    const limits = { keptBytesMax: 4 * 69_000, streamIdleTimeout: 60_000 }
    const ground = await Ground.open({ readMode, serve, limits })
    const slow = [1, 2, 3, 4].map(() => ground.call())
    for (const client of slow) {
      client.deaf()
      client.say(GET)
      await ground.until(() => ground.stat('upstream_rq_total') === slow.indexOf(client) + 1)
      await ground.pass(10)
    }
    await ground.pass(10)
    expect(ground.plane.load.kept).toBeGreaterThanOrEqual(limits.keptBytesMax)
    expect(ground.plane.load.kept).toBeLessThan(limits.keptBytesMax + 2 * ONE_READ)
    const late = ground.call(GET)
    await ground.until(() => late.length > 0)
    expect(told(late)).toBe('503 "envoy overloaded"; open')
    for (const client of slow) client.hear()
    await ground.until(() => slow.every(({ length }) => length > BIG.length))
    late.say(GET)
    await ground.until(() => late.length > BIG.length)
    expect(ground.counted().toSorted()).toEqual(['200 - 5', '503 OM 1'])
    expect(await ground.leftovers()).toEqual([])
  })

  test('uploads that wait for slow endpoints count', async () => {
    const ground = await Ground.open({
      readMode,
      serve: async (peer) => peer.deaf(),
      limits: { keptBytesMax: 1_000_000, retainBytesMax: 0 }
    })
    const client = ground.call(post(BIG))
    await ground.until(() => (ground.plane.recorder.reached()['pendingBytesMax'] ?? 0) > 0)
    await ground.pass(100)
    expect(ground.plane.load.kept).toBeGreaterThan(0)
    expect(ground.plane.load.kept).toBeLessThan(3 * ONE_READ)
    client.reset()
    expect(await ground.leftovers()).toEqual([])
  })
})
