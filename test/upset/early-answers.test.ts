// An endpoint that answers before it has read the request, and what becomes of the rest of the request.

import { describe, expect, test } from 'vitest'
import type { ReadMode } from '../../src/proxy/transport.ts'
import { ok } from '../proxy-plane.ts'
import { Ground } from './ground.ts'
import type { Peer } from './peer.ts'
import { told } from './told.ts'

const SIZE = 4 * 1024 * 1024
const HEAD = `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${SIZE}\r\n\r\n`
const NEXT = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n'
const REFUSAL = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n'

// Answers every GET; what it says to a POST and does then is the case's.
function refusing(answer: string, then: (peer: Peer) => void): (peer: Peer) => Promise<void> {
  return async (peer) => {
    for (;;) {
      const head = await peer.head()
      if (head.startsWith('GET')) peer.say(ok('next'))
      else {
        peer.say(answer)
        await peer.later()
        then(peer)
      }
    }
  }
}

describe.each<ReadMode>(['buffer', 'data'])('reading by %s', (readMode) => {
  test.each([
    ['and keeps the connection', `${REFUSAL}\r\nbig`, () => undefined],
    ['and reads no more', `${REFUSAL}\r\nbig`, (peer: Peer) => peer.deaf()],
    ['and announces the end', `${REFUSAL}Connection: close\r\n\r\nbig`, (peer: Peer) => peer.end()],
    ['and goes', `${REFUSAL}Connection: close\r\n\r\nbig`, (peer: Peer) => peer.close()],
    ['and resets', `${REFUSAL}\r\nbig`, (peer: Peer) => peer.reset()],
    ['in chunks', 'HTTP/1.1 413 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbig\r\n0\r\n\r\n', () => undefined],
    ['to its end', 'HTTP/1.1 413 No\r\n\r\nbig', (peer: Peer) => peer.end()]
  ])(
    'an endpoint that answers an upload at its head %s: the answer arrives, the upload ends, the client asks on',
    async (_, answer, then) => {
      const ground = await Ground.open({ readMode, serve: refusing(answer, then) })
      const client = ground.call(HEAD)
      await ground.until(() => client.length > 0)
      await ground.pass(10)
      expect([told(client), ground.counted()]).toEqual(['413 "big"; open', ['413 - 1']])
      client.say(Buffer.alloc(SIZE))
      client.say(NEXT)
      await ground.until(() => ground.counted().length === 2)
      await ground.pass()
      expect([told(client), ground.counted()]).toEqual(['413 "big", 200 "next"; open', ['200 - 1', '413 - 1']])
      // The connection with half a request on it is not used again.
      expect([ground.server.peers.length, ground.server.count('POST')]).toEqual([2, 1])
      expect(ground.peak.unsent).toBeLessThan(SIZE / 2)
      expect(await ground.leftovers()).toEqual([])
    }
  )

  // Its connection goes with much of the upload unread, so that the system resets it, as the plane is about to write more.
  test('an answer is heard although a write meets the reset behind it first', async () => {
    const refuse = { now: (): void => undefined }
    const serve = async (peer: Peer): Promise<void> => {
      if ((await peer.head()).startsWith('GET')) return peer.say(ok('next'))
      peer.deaf()
      await peer.later(10)
      refuse.now = () => {
        refuse.now = () => undefined
        peer.say(`${REFUSAL}Connection: close\r\n\r\nbig`)
        peer.close()
      }
    }
    const ground = await Ground.open({ readMode, serve, between: () => refuse.now() })
    const client = ground.call(HEAD)
    client.say(Buffer.alloc(SIZE / 64))
    await ground.pass(20)
    client.say(Buffer.alloc(SIZE - SIZE / 64))
    client.say(NEXT)
    await ground.until(() => ground.counted().length === 2)
    await ground.pass()
    expect([told(client), ground.counted()]).toEqual(['413 "big", 200 "next"; open', ['200 - 1', '413 - 1']])
    expect(await ground.leftovers()).toEqual([])
  })

  test('an upload under way when its answer comes is read to its end, and dropped', async () => {
    const serve = async (peer: Peer): Promise<void> => {
      for (;;) {
        const head = await peer.head()
        if (head.startsWith('GET')) peer.say(ok('next'))
        else {
          await peer.take(100_000)
          peer.say(`${REFUSAL}\r\nbig`)
          await peer.later()
        }
      }
    }
    const ground = await Ground.open({ readMode, serve })
    const client = ground.call(HEAD)
    client.say(Buffer.alloc(SIZE))
    client.say(NEXT)
    await ground.until(() => ground.counted().length === 2)
    await ground.pass()
    expect([told(client), ground.counted()]).toEqual(['413 "big", 200 "next"; open', ['200 - 1', '413 - 1']])
    expect(await ground.leftovers()).toEqual([])
  })

  // Its end is a reset, as it has not read everything, and the next write to it would lose the answer that is there.
  test('an endpoint that refuses an upload under way and goes: its answer is read first', async () => {
    const serve = async (peer: Peer): Promise<void> => {
      await peer.head()
      await peer.take(100_000)
      peer.deaf()
      peer.say(`${REFUSAL}Connection: close\r\n\r\nbig`)
      setImmediate(() => peer.close())
    }
    const ground = await Ground.open({ readMode, serve })
    const client = ground.call('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n')
    client.flood('x')
    await ground.until(() => ground.counted().length > 0)
    await ground.pass()
    expect([told(client), ground.counted()]).toEqual(['413 "big"; open', ['413 - 1']])
    expect(await ground.leftovers()).toEqual([])
  })

  test('an answer in the midst of the upload: both go on together', async () => {
    const serve = async (peer: Peer): Promise<void> => {
      await peer.head()
      peer.say('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      for (let at = 0; at < 5; at++) peer.say(`4\r\n${await peer.take(4)}\r\n`)
      peer.say('0\r\n\r\n')
    }
    const ground = await Ground.open({ readMode, serve })
    const client = ground.call('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n')
    for (let at = 0; at < 5; at++) {
      client.say(`tick`)
      await ground.until(() => client.text.split('tick').length === at + 2)
    }
    await ground.pass()
    expect([told(client), ground.counted(), ground.server.open]).toEqual(['200 "tickticktickticktick"; open', ['200 - 1'], 1])
    expect(await ground.leftovers()).toEqual([])
  })

  test.each(['end', 'reset'] as const)('an answer that breaks off by %s in the midst of the upload ends the client', async (how) => {
    const serve = async (peer: Peer): Promise<void> => {
      await peer.head()
      peer.say('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc')
      await peer.later()
      peer[how]()
    }
    const ground = await Ground.open({ readMode, serve })
    const client = ground.call(HEAD)
    await ground.until(() => client.ended || client.closed)
    expect([told(client), ground.counted()]).toEqual(['200 "abc" cut; ended', ['200 UC 1']])
    expect(await ground.leftovers()).toEqual([])
  })

  test('a client that waits for 100 gets it from the plane; the endpoint sees no Expect', async () => {
    const serve = async (peer: Peer): Promise<void> => {
      const request = await peer.request()
      peer.say(ok(String(/expect/i.test(request))))
    }
    const ground = await Ground.open({ readMode, serve })
    const client = ground.call('POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')
    await ground.until(() => client.length > 0)
    expect(client.text).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    client.say('hello')
    await ground.until(() => ground.counted().length > 0)
    await ground.pass()
    expect(told(client)).toBe('200 "false"; open')
    expect(await ground.leftovers()).toEqual([])
  })

  test('a client that waits for 100 in vain, as the endpoint refuses at once, gets the refusal behind it', async () => {
    const ground = await Ground.open({ readMode, serve: refusing(`${REFUSAL}\r\nbig`, () => undefined) })
    const client = ground.call('POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')
    await ground.until(() => ground.counted().length > 0)
    await ground.pass()
    expect([told(client), client.text.match(/^HTTP\/1.1 \d+/gm)]).toEqual(['413 "big"; open', ['HTTP/1.1 100', 'HTTP/1.1 413']])
    client.say(`hello${NEXT}`)
    await ground.until(() => ground.counted().length === 2)
    expect(await ground.leftovers()).toEqual([])
  })
})
