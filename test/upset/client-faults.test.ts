// A client that vanishes, ends what it says, or stalls, in every stage of its request and of the answer.

import { describe, expect, test } from 'vitest'
import type { RetryPolicy } from '../../src/route/decision.ts'
import { onlyChoice } from '../../src/route/plain.ts'
import type { ReadMode } from '../../src/proxy/transport.ts'
import { ok } from '../proxy-plane.ts'
import { Ground } from './ground.ts'
import type { GroundOptions } from './ground.ts'
import type { Peer } from './peer.ts'
import { answersOf, told } from './told.ts'

const HEAD = 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n'
const WHOLE = `${HEAD}hello`
const CHUNKED = 'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
const LATER: RetryPolicy = {
  attempts: 3,
  perTryTimeout: 0,
  on: ['5xx'],
  statuses: [],
  avoidTried: false,
  backoffBase: 900,
  backoffMax: 1000
}

async function answering(peer: Peer): Promise<void> {
  for (;;) {
    await peer.request()
    peer.say(ok('fine'))
  }
}
const silent = async (peer: Peer): Promise<void> => void (await peer.request())
async function halfAnswering(peer: Peer): Promise<void> {
  await peer.request()
  peer.say('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
}
async function refusing(peer: Peer): Promise<void> {
  for (;;) {
    await peer.request()
    peer.say('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno')
  }
}

interface Stage {
  readonly stage: string
  readonly sent: string
  readonly serve: (peer: Peer) => Promise<void>
  readonly more?: Partial<GroundOptions>
  /** How the request counts when its client vanishes here; empty: it was none. */
  readonly gone: readonly string[]
  /** What the client gets that only ends what it says. */
  readonly halfClosed: string
  /** What the client gets that says nothing more. */
  readonly stalled: string
}

const DROPPED = 'nothing; ended'

const STAGES: readonly Stage[] = [
  { stage: 'after the connect', sent: '', serve: answering, gone: [], halfClosed: DROPPED, stalled: DROPPED },
  {
    stage: 'in the request line',
    sent: 'POST /a HT',
    serve: answering,
    gone: [],
    halfClosed: DROPPED,
    stalled: '408 "the head did not come in time"; ended'
  },
  {
    stage: 'in a field',
    sent: 'POST /a HTTP/1.1\r\nHo',
    serve: answering,
    gone: [],
    halfClosed: DROPPED,
    stalled: '408 "the head did not come in time"; ended'
  },
  {
    stage: 'before the body',
    sent: HEAD,
    serve: answering,
    gone: ['0 DC 1'],
    halfClosed: DROPPED,
    stalled: '408 "stream timeout"; ended'
  },
  {
    stage: 'in the body',
    sent: `${HEAD}he`,
    serve: answering,
    gone: ['0 DC 1'],
    halfClosed: DROPPED,
    stalled: '408 "stream timeout"; ended'
  },
  {
    stage: 'in a size line',
    sent: `${CHUNKED}2\r\nab\r\n1`,
    serve: answering,
    gone: ['0 DC 1'],
    halfClosed: DROPPED,
    stalled: '408 "stream timeout"; ended'
  },
  {
    stage: 'in the trailers',
    sent: `${CHUNKED}2\r\nab\r\n0\r\nX-S`,
    serve: answering,
    gone: ['0 DC 1'],
    halfClosed: DROPPED,
    stalled: '408 "stream timeout"; ended'
  },
  {
    stage: 'before the answer',
    sent: WHOLE,
    serve: silent,
    gone: ['0 DC 1'],
    halfClosed: DROPPED,
    stalled: '408 "stream timeout"; ended'
  },
  {
    stage: 'in the answer',
    sent: WHOLE,
    serve: halfAnswering,
    gone: ['200 DC 1'],
    halfClosed: '200 "abc" cut; ended',
    stalled: '200 "abc" cut; ended'
  },
  {
    stage: 'between two tries',
    sent: WHOLE,
    serve: refusing,
    more: { action: { retry: LATER } },
    gone: ['0 DC 1'],
    halfClosed: DROPPED,
    stalled: '503 "no"; ended'
  },
  {
    stage: 'after the answer',
    sent: WHOLE,
    serve: answering,
    gone: ['200 - 1'],
    halfClosed: '200 "fine"; ended',
    stalled: '200 "fine"; ended'
  }
]

describe.each<ReadMode>(['buffer', 'data'])('reading by %s', (readMode) => {
  describe.each(STAGES)('a client $stage', ({ sent, serve, more, gone, halfClosed, stalled }) => {
    const open = (): Promise<Ground> => Ground.open({ readMode, serve, ...more })

    test.each(['close', 'reset'] as const)('that vanishes by %s is counted once and leaves nothing', async (how) => {
      const ground = await open()
      const client = ground.call(sent)
      await ground.pass(50)
      client[how]()
      await ground.pass(50)
      expect(ground.counted()).toEqual(gone)
      expect([ground.downstream('rq_total'), ground.downstream('cx_active')]).toEqual([gone.length, 0])
      expect(await ground.leftovers()).toEqual([])
    })

    test('that ends what it says is gone: it gets no more, at once', async () => {
      const ground = await open()
      const client = ground.call(sent)
      await ground.pass(50)
      client.end()
      await ground.until(() => client.ended || client.closed, 50)
      expect([told(client), ground.counted()]).toEqual([halfClosed, gone])
      expect(await ground.leftovers()).toEqual([])
    })

    test('that says no more is let go in time', async () => {
      const ground = await open()
      const client = ground.call(sent)
      await ground.until(() => client.ended || client.closed, 70_000)
      expect(told(client)).toBe(stalled)
      expect(await ground.leftovers()).toEqual([])
    })
  })

  test('an answered request whose body never comes ends with the time for what is dropped', async () => {
    const ground = await Ground.open({ readMode, serve: answering, action: { choices: [onlyChoice('absent')], total: 1 } })
    const client = ground.call(HEAD)
    await ground.until(() => client.length > 0)
    expect(told(client)).toMatch(/^503 .*open$/)
    await ground.until(() => client.ended || client.closed)
    expect(ground.tempo.now()).toBeLessThan(6000)
    expect(await ground.leftovers()).toEqual([])
  })

  // Its end is behind what was not read yet: it is heard with the last of them at the latest.
  test('a client that pipelines three requests and ends what it says is not answered to the last', async () => {
    const ground = await Ground.open({
      readMode,
      serve: async (peer) => {
        for (;;) {
          await peer.request()
          await peer.later(100)
          peer.say(ok('fine'))
        }
      }
    })
    const client = ground.call(WHOLE.repeat(3))
    await ground.until(() => ground.stat('upstream_rq_active') === 1)
    client.end()
    await ground.until(() => client.ended || client.closed)
    expect(answersOf(client).length).toBeLessThan(3)
    expect(ground.counted()[0]).toBe('0 DC 1')
    expect(await ground.leftovers()).toEqual([])
  })

  test('a client that ends what it says gets what was answered before, however slowly it reads', async () => {
    const body = 'x'.repeat(8_000_000)
    const serve = async (peer: Peer): Promise<void> => {
      await peer.request()
      peer.say(ok(body))
      await peer.request()
    }
    const ground = await Ground.open({ readMode, serve, limits: { pendingBytesMax: 16_000_000, discardTimeout: 1000 } })
    const client = ground.call(WHOLE)
    client.deaf()
    await ground.until(() => ground.counted().length > 0)
    client.say(WHOLE)
    client.end()
    await ground.pass(3000)
    client.hear()
    await ground.until(() => client.ended || client.closed)
    expect([told(client), ground.counted()]).toEqual(['200 "8000000 bytes"; ended', ['0 DC 1', '200 - 1']])
    expect(await ground.leftovers()).toEqual([])
  })

  test('a client that pipelines 100 requests that nobody takes gets 100 answers', async () => {
    const ground = await Ground.open({ readMode, serve: answering, action: { choices: [onlyChoice('absent')], total: 1 } })
    const client = ground.call(WHOLE.repeat(100))
    await ground.until(() => answersOf(client).length === 100)
    expect([answersOf(client).length, ground.counted()]).toEqual([100, ['503 NC 100']])
    expect(await ground.leftovers()).toEqual([])
  })

  test.each([
    ['at once', `${CHUNKED}zz\r\n`, ''],
    ['later', `${CHUNKED}2\r\nab\r\n`, 'zz\r\n']
  ])('a body whose chunks are malformed %s is refused, and counts once', async (_, sent, more) => {
    const ground = await Ground.open({ readMode, serve: silent })
    const client = ground.call(sent)
    await ground.pass(50)
    client.say(`${more}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`)
    await ground.until(() => client.ended)
    expect(told(client)).toBe('400 "the chunked framing of the body is malformed"; ended')
    expect([ground.counted(), ground.downstream('rq_total'), ground.server.count('GET')]).toEqual([['400 DPE 1'], 1, 0])
    expect(await ground.leftovers()).toEqual([])
  })
})
