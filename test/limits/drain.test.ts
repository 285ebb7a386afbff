// A listener that goes with every kind of connection open: who is idle is let go, who waits for an answer gets it, and nothing is left.

import { describe, expect, test } from 'vitest'
import type { ReadMode } from '../../src/proxy/transport.ts'
import { ok } from '../proxy-plane.ts'
import { Ground } from '../upset/ground.ts'
import type { Peer } from '../upset/peer.ts'
import { told } from '../upset/told.ts'
import { GET, post } from './row.ts'

const DRAIN = 3000
const EACH = 8

async function serve(peer: Peer): Promise<void> {
  for (;;) {
    const head = await peer.request()
    if (head.includes('/late')) await peer.later(1000)
    if (head.includes('/never')) return
    peer.say(ok('fine'))
  }
}

async function idleClients(ground: Ground): Promise<Peer[]> {
  const clients = Array.from({ length: EACH }, () => ground.call(GET))
  await ground.until(() => clients.every(({ length }) => length > 0))
  await ground.pass(1)
  return clients
}

const asks = (path: string): string => GET.replace('/a', path)

describe.each<ReadMode>(['buffer', 'data'])('reading by %s', (readMode) => {
  test('unlisten under load: what is under way is answered within the limit, the rest is cut, nothing is left', async () => {
    const ground = await Ground.open({ readMode, serve, limits: { drainTimeout: DRAIN } })
    const idle = await idleClients(ground)
    const many = (text: string): Peer[] => Array.from({ length: EACH }, () => ground.call(text))
    const [silent, half, late, never, upload] = [
      many(''),
      many('GET / HT'),
      many(asks('/late')),
      many(asks('/never')),
      many(`${post(5)}he`)
    ]
    await ground.until(() => ground.plane.load.requests === 3 * EACH)
    expect(ground.plane.load).toMatchObject({ connections: 6 * EACH, requests: 3 * EACH })
    let gone: number | undefined
    const began = ground.tempo.now()
    void ground.plane.unlisten('http').then(() => (gone = ground.tempo.now() - began))
    await ground.pass(500)
    for (const peer of upload) peer.say('llo')
    await ground.until(() => gone !== undefined)
    expect(gone).toBe(DRAIN)
    await ground.pass(1)
    const all = (peers: readonly Peer[]): Set<string> => new Set(peers.map((peer) => told(peer)))
    expect([all(idle), all(late), all(upload)]).toEqual([
      new Set(['200 "fine"; ended']),
      new Set(['200 "fine"; ended']),
      new Set(['200 "fine"; ended'])
    ])
    expect([all(silent), all(half), all(never)]).toEqual([
      new Set(['nothing; ended']),
      new Set(['nothing; ended']),
      new Set(['nothing; ended'])
    ])
    expect([...late, ...upload].every(({ text }) => /connection: close/i.test(text))).toBe(true)
    expect(ground.plane.load).toMatchObject({ connections: 0, requests: 0 })
    expect(ground.plane.recorder.reached()).toEqual({ drainTimeout: 1 })
    expect(await ground.leftovers()).toEqual([])
  })

  test('a drain with idle connections alone does not take its limit', async () => {
    const ground = await Ground.open({ readMode, serve, limits: { drainTimeout: DRAIN } })
    const idle = await idleClients(ground)
    // As clients do whose server ends the connection.
    for (const peer of idle) peer.socket.on('end', () => peer.close())
    let gone: number | undefined
    const began = ground.tempo.now()
    void ground.plane.drain().then(() => (gone = ground.tempo.now() - began))
    await ground.until(() => gone !== undefined)
    expect(gone).toBeLessThanOrEqual(500)
    await ground.pass(1)
    expect(idle.every(({ ended }) => ended)).toBe(true)
    expect(ground.plane.recorder.reached()).toEqual({})
    expect(await ground.leftovers()).toEqual([])
  })
})
