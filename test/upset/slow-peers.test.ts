// Clients and endpoints that are slow: to read, to write, to end. What the plane keeps for one of them is bounded, what it passes is whole,
// and nobody else waits for them.

import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { onlyChoice } from '../../src/route/plain.ts'
import type { ReadMode } from '../../src/proxy/transport.ts'
import { ok } from '../proxy-plane.ts'
import { Ground, UNREAD_MAX, UNSENT_MAX } from './ground.ts'
import type { Peer } from './peer.ts'
import { answersOf, told } from './told.ts'

const SIZE = 8 * 1024 * 1024
const PAYLOAD = Buffer.alloc(SIZE)
for (let at = 0; at < SIZE; at += 4) PAYLOAD.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at)
const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const SUM = sum(PAYLOAD)
const PATIENT = { streamIdleTimeout: 300_000, requestTimeout: 600_000 }
const GET = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n'
const bodyIn = (peer: Peer): Buffer => peer.bytes.subarray(peer.bytes.indexOf('\r\n\r\n') + 4)

// A byte a second for a while, then everything as fast as it comes.
async function readSlowly(peer: Peer): Promise<void> {
  peer.deaf()
  for (let second = 0; second < 60; second++) {
    await peer.later(1000)
    peer.sip(1)
  }
  peer.hear()
}

describe.each<ReadMode>(['buffer', 'data'])('reading by %s', (readMode) => {
  test.each(['', 'Connection: close\r\n'])('8 MB reach a client that reads a byte a second, whole (%j)', async (more) => {
    const serve = async (peer: Peer): Promise<void> => {
      await peer.head()
      peer.say(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`)
      peer.say(PAYLOAD)
    }
    const ground = await Ground.open({ readMode, serve, limits: PATIENT })
    const client = ground.call(GET.replace('\r\n\r\n', `\r\n${more}\r\n`))
    void readSlowly(client)
    await ground.until(() => ground.peak.unsent > 0, 5000)
    await ground.until(() => client.length > SIZE, 100_000)
    await ground.pass()
    expect(sum(bodyIn(client))).toBe(SUM)
    expect([ground.counted(), client.ended]).toEqual([['200 - 1'], more !== ''])
    expect(ground.peak.unsent).toBeGreaterThan(0)
    expect(ground.peak.unsent).toBeLessThan(UNSENT_MAX)
    expect(ground.peak.unread).toBeLessThan(UNREAD_MAX)
    expect(await ground.leftovers()).toEqual([])
  })

  test('8 MB reach an endpoint that reads a byte a second, whole', async () => {
    const serve = async (peer: Peer): Promise<void> => {
      const head = await peer.head()
      await readSlowly(peer)
      await peer.take(SIZE)
      peer.say(ok(sum(peer.bytes.subarray(head.length))))
    }
    const ground = await Ground.open({ readMode, serve, limits: PATIENT })
    const client = ground.call(`POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${SIZE}\r\n\r\n`)
    client.say(PAYLOAD)
    await ground.until(() => client.length > 0, 100_000)
    expect(told(client)).toBe(`200 "${SUM}"; open`)
    expect(ground.peak.unsent).toBeGreaterThan(0)
    expect(ground.peak.unsent).toBeLessThan(UNSENT_MAX)
    expect(ground.peak.unread).toBeLessThan(UNREAD_MAX)
    expect(await ground.leftovers()).toEqual([])
  })

  // The last answer is complete for the plane long before its client has read it.
  test('the end of an answer is not cut off for a client that is slow to take it', async () => {
    const serve = async (peer: Peer): Promise<void> => {
      await peer.head()
      peer.say(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`)
      peer.say(PAYLOAD)
    }
    const ground = await Ground.open({ readMode, serve, limits: { ...PATIENT, pendingBytesMax: SIZE, discardTimeout: 2000 } })
    const client = ground.call(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    client.deaf()
    await ground.until(() => ground.counted().length > 0)
    expect(ground.peak.unsent).toBeGreaterThan(100_000)
    await ground.pass(60_000)
    client.hear()
    await ground.until(() => client.ended || client.closed)
    expect(sum(bodyIn(client))).toBe(SUM)
    expect(await ground.leftovers()).toEqual([])
  })

  test('a client that takes nothing of its last answer is let go like one in the midst of it', async () => {
    const serve = async (peer: Peer): Promise<void> => {
      await peer.head()
      peer.say(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`)
      peer.say(PAYLOAD)
    }
    const ground = await Ground.open({ readMode, serve, limits: { pendingBytesMax: SIZE } })
    const client = ground.call(GET)
    client.deaf()
    await ground.until(() => ground.counted().length > 0)
    await ground.until(() => ground.downstream('cx_active') === 0)
    expect([ground.downstream('cx_active'), ground.counted()]).toEqual([0, ['200 - 1']])
    expect(ground.plane.recorder.reached()['streamIdleTimeout']).toBe(1)
    expect(await ground.leftovers()).toEqual([])
  })

  test('an endpoint whose answer a client is slow to take serves others on the same connection', async () => {
    const body = 'x'.repeat(60_000)
    const serve = async (peer: Peer): Promise<void> => {
      for (;;) {
        await peer.head()
        peer.say(ok(body))
      }
    }
    const ground = await Ground.open({ readMode, serve, limits: PATIENT })
    const slow = ground.call(GET)
    slow.deaf()
    // One at a time until its answers wait in the plane.
    for (let at = 1; at < 400 && (ground.plane.recorder.reached()['pendingBytesMax'] ?? 0) === 0; at++) {
      await ground.until(() => ground.counted()[0] === `200 - ${at}`, 1000)
      slow.say(GET)
    }
    expect(ground.plane.recorder.reached()['pendingBytesMax']).toBeGreaterThan(0)
    const other = ground.call(GET)
    await ground.until(() => answersOf(other)[0]?.complete === true, 1000)
    expect(told(other)).toBe('200 "60000 bytes"; open')
    expect(await ground.leftovers()).toEqual([])
  })

  test.each([
    ['answers of endpoints', 'c'],
    ['answers of the plane', 'absent']
  ])('a client that asks and asks and never reads is answered no further than the bound: %s', async (_, destination) => {
    const serve = async (peer: Peer): Promise<void> => {
      for (;;) {
        await peer.head()
        peer.say(ok('x'.repeat(20_000)))
      }
    }
    const action = { choices: [onlyChoice(destination)], total: 1 }
    const ground = await Ground.open({ readMode, serve, limits: PATIENT, action })
    const client = ground.call()
    client.deaf()
    client.flood(GET)
    await ground.until(() => ground.plane.recorder.reached()['pendingBytesMax'] !== 0, 1000)
    await ground.pass(3000)
    expect(ground.peak.unsent).toBeGreaterThan(0)
    expect(ground.peak.unsent).toBeLessThan(UNSENT_MAX)
    expect(ground.peak.unread).toBeLessThan(UNREAD_MAX)
    // It is served on as soon as it reads.
    const before = ground.downstream('rq_total')
    client.hear()
    await ground.until(() => ground.downstream('rq_total') > before + 100, 1000)
    expect(ground.downstream('rq_total')).toBeGreaterThan(before + 100)
    client.close()
    expect(await ground.leftovers()).toEqual([])
  })

  test.each([
    ['a head', GET, '408 "the head did not come in time"; ended', 4000],
    ['a body', `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n${'x'.repeat(100)}`, '408 "request timeout"; ended', 8000],
    [
      'chunks',
      `POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(50)}`,
      '408 "request timeout"; ended',
      8000
    ]
  ])('a client that sends %s a byte a second is refused in time', async (what, text, want, bound) => {
    const ground = await Ground.open({ readMode, serve: async (peer) => void (await peer.request()) })
    const client = ground.call()
    const start = what === 'a head' ? 0 : text.indexOf('\r\n\r\n') + 4
    client.say(text.slice(0, start))
    client.spell(text.slice(start), 1, 1000).catch(() => undefined)
    await ground.until(() => client.ended)
    expect(told(client)).toBe(want)
    expect(ground.tempo.now()).toBeLessThan(bound + 1200)
    expect(await ground.leftovers()).toEqual([])
  })

  test('half an answer to a client of HTTP/1.0 ends in a reset: an orderly end would make it whole', async () => {
    const serve = async (peer: Peer): Promise<void> => {
      await peer.head()
      peer.say('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel')
      await peer.later()
      peer.reset()
    }
    const ground = await Ground.open({ readMode, serve })
    const client = ground.call('GET /a HTTP/1.0\r\nHost: a\r\n\r\n')
    await ground.until(() => client.closed || client.ended)
    expect([client.error, client.ended, ground.counted()]).toEqual(['ECONNRESET', false, ['200 UC 1']])
    expect(await ground.leftovers()).toEqual([])
  })
})
