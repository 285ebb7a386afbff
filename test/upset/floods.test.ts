// An endpoint that never ends: heads, interim answers, extensions, trailers; one that says more than it should, or garbage. Everything it can
// make the plane keep is bounded.

import { describe, expect, test } from 'vitest'
import type { ReadMode } from '../../src/proxy/transport.ts'
import { ok } from '../proxy-plane.ts'
import { Ground } from './ground.ts'
import type { Peer } from './peer.ts'
import { told } from './told.ts'

const GET = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n'
const PROTOCOL = '502 "reset reason: protocol error"; open'
const CHUNKS = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

interface Flood {
  readonly what: string
  /** What it says first, and what then without end. */
  readonly says: readonly [first: string, forever: string]
  /** What the client gets. */
  readonly told: RegExp | string
  readonly counted: string
  /** The bound that was met. */
  readonly limit?: string
}

const refused = { told: PROTOCOL, counted: '502 UPE 1' }
const passed = { told: '200 "fine"; open', counted: '200 - 1' }

const FLOODS: readonly Flood[] = [
  { what: 'fields', says: ['HTTP/1.1 200 OK\r\n', 'X-A: b\r\n'], limit: 'fieldsMax', ...refused },
  { what: 'one field', says: ['HTTP/1.1 200 OK\r\nX-A: ', 'b'], limit: 'headBytesMax', ...refused },
  { what: 'a reason', says: ['HTTP/1.1 200 ', 'OK '], limit: 'headBytesMax', ...refused },
  { what: 'names in Connection', says: ['HTTP/1.1 200 OK\r\nConnection: ', 'x,'], limit: 'headBytesMax', ...refused },
  { what: 'interim answers', says: ['', 'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n'], limit: 'interimBytesMax', ...refused },
  { what: 'empty lines', says: ['', '\r\n'], ...refused },
  { what: 'garbage', says: ['', 'garbage '], ...refused },
  { what: 'zero bytes', says: ['', '\0'], ...refused },
  {
    what: 'chunk extensions',
    says: [`${CHUNKS}1`, ';a=b'],
    told: '200 "" cut; ended',
    counted: '200 UPE 1',
    limit: 'chunkExtensionBytesMax'
  },
  {
    what: 'extensions of many chunks',
    says: [CHUNKS, '1;a=b\r\nx\r\n'],
    told: /^200 ".*" cut; ended$/,
    counted: '200 UPE 1',
    limit: 'chunkExtensionBytesMax'
  },
  { what: 'digits of a size', says: [CHUNKS, '0'], told: '200 "" cut; ended', counted: '200 UPE 1' },
  {
    what: 'trailers',
    says: [`${CHUNKS}1\r\nx\r\n0\r\n`, 'X-A: b\r\n'],
    told: '200 "x" cut; ended',
    counted: '200 UPE 1',
    limit: 'trailerBytesMax'
  },
  { what: 'bytes behind its answer', says: [ok('fine'), 'x'], ...passed },
  { what: 'answers to nothing', says: [ok('fine'), ok('more')], ...passed },
  { what: 'a body to a 204', says: ['HTTP/1.1 204 No Content\r\n\r\n', 'x'], told: '204 ""; open', counted: '204 - 1' },
  {
    what: 'a body to a 304',
    says: ['HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', 'x'],
    told: '304 ""; open',
    counted: '304 - 1'
  }
]

describe.each<ReadMode>(['buffer', 'data'])('reading by %s', (readMode) => {
  test.each(FLOODS)('an endpoint that says $what without end', async ({ says: [first, forever], told: want, counted, limit }) => {
    const serve = async (peer: Peer): Promise<void> => {
      await peer.head()
      peer.say(first)
      // What is wrong with an answer that has begun comes behind its head.
      if (counted === '200 UPE 1') await peer.later()
      peer.flood(forever)
    }
    const ground = await Ground.open({ readMode, serve })
    const client = ground.call(GET)
    await ground.until(() => ground.counted().length > 0)
    await ground.pass(10)
    expect(told(client)).toMatch(want)
    expect([ground.counted(), ground.server.open]).toEqual([[counted], 0])
    expect(ground.plane.recorder.reached()).toEqual(limit === undefined ? {} : { [limit]: 1 })
    expect(ground.stat('upstream_cx_protocol_error')).toBe(counted.includes('UPE') ? 1 : 0)
    expect(await ground.leftovers()).toEqual([])
  })

  test('a body that answers HEAD is dropped with its connection', async () => {
    const serve = async (peer: Peer): Promise<void> => {
      await peer.head()
      peer.say(ok('fine'))
    }
    const ground = await Ground.open({ readMode, serve })
    const client = ground.call(GET.replace('GET', 'HEAD'))
    await ground.until(() => client.length > 0)
    await ground.pass(10)
    expect([told(client, 'to HEAD'), ground.counted(), ground.server.open]).toEqual(['200 ""; open', ['200 - 1'], 0])
    expect(await ground.leftovers()).toEqual([])
  })

  test('an endpoint that says one byte of a head each second is given up with the stream, whatever it says', async () => {
    const serve = async (peer: Peer): Promise<void> => {
      await peer.head()
      await peer.spell(`HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(20)}`, 1, 1000)
    }
    const ground = await Ground.open({ readMode, serve })
    const client = ground.call(GET)
    await ground.until(() => client.length > 0)
    expect([told(client), ground.counted()]).toEqual(['408 "stream timeout"; ended', ['408 SI 1']])
    expect(ground.tempo.now()).toBeLessThan(6500)
    expect(await ground.leftovers()).toEqual([])
  })

  test('a body of one byte each second passes, for as long as it comes', async () => {
    const serve = async (peer: Peer): Promise<void> => {
      await peer.head()
      peer.say('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n')
      await peer.spell('01234567890123456789', 1, 1000)
    }
    const ground = await Ground.open({ readMode, serve })
    const client = ground.call(GET)
    await ground.until(() => ground.counted().length > 0, 30_000)
    await ground.pass(10)
    expect([told(client), ground.counted()]).toEqual(['200 "01234567890123456789"; open', ['200 - 1']])
    expect(await ground.leftovers()).toEqual([])
  })
})
