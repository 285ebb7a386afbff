// Buffers that are lent to writes: whose they are until the write is done.

import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { BufferPool, ReadBuffers } from './buffers.ts'

// A peer that takes nothing before it is told to.
function slowPeer(): { readonly socket: Socket; readonly takeAll: () => Promise<void> } {
  const waiting: (() => void)[] = []
  const stream = new Writable({ write: (_bytes, _encoding, done) => void waiting.push(done) })
  const takeAll = async (): Promise<void> => {
    for (let done = waiting.shift(); done !== undefined; done = waiting.shift()) {
      done()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  // Of a socket only `write` is used here.
  return { socket: stream as Socket, takeAll }
}

test('a buffer is free when the write it was lent to is done, whichever of the writes is done first', async () => {
  const pool = new BufferPool()
  const buffers = new ReadBuffers(pool, () => undefined)
  const [slow, quick] = [slowPeer(), slowPeer()]
  const first = buffers.current
  slow.socket.write(first.subarray(0, 10))
  buffers.lend(slow.socket)
  expect(buffers.next()).toBeDefined()
  const second = buffers.current
  quick.socket.write(second.subarray(0, 10))
  buffers.lend(quick.socket)
  expect(buffers.next()).toBeDefined()
  await quick.takeAll()
  expect([pool.take(), pool.take()].map((buffer) => [buffer === first, buffer === second])).toEqual([
    [false, true],
    [false, false]
  ])
  await slow.takeAll()
  expect(pool.take()).toBe(first)
})
