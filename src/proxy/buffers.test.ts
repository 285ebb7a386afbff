// Buffers that are lent to writes: whose they are until the write is done.

import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { BufferPool, HEAD_ROOM, LONG_READ_SIZE, READ_SIZE, ReadBuffers } from './buffers.ts'
import { KeptBytes } from './kept-bytes.ts'
import { LIMITS } from './limits.ts'

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
  const pool = new BufferPool(new KeptBytes(LIMITS, () => undefined))
  const buffers = new ReadBuffers(pool, () => undefined)
  const [slow, quick] = [slowPeer(), slowPeer()]
  const first = buffers.current
  slow.socket.write(first.subarray(0, 10))
  buffers.lend(slow.socket, 10)
  expect(buffers.next()).toBeDefined()
  const second = buffers.current
  quick.socket.write(second.subarray(0, 10))
  buffers.lend(quick.socket, 10)
  expect(buffers.next()).toBeDefined()
  await quick.takeAll()
  expect([pool.take(), pool.take()].map((buffer) => [buffer === first, buffer === second])).toEqual([
    [false, true],
    [false, false]
  ])
  await slow.takeAll()
  expect(pool.take()).toBe(first)
})

test('who wants none of its own reads to the shared buffer, what is passed on of it is a copy, and it is never given away', () => {
  const pool = new BufferPool(new KeptBytes(LIMITS, () => undefined))
  const buffers = new ReadBuffers(pool, () => undefined, 'shared')
  expect([buffers.current === pool.shared, buffers.next()]).toEqual([true, undefined])
  const short = pool.shared.toString('latin1', 0, 10)
  expect(buffers.passable(pool.shared, 0, 10)).toBe(short)
  const long = buffers.passable(pool.shared, 0, 20_000)
  expect(Buffer.isBuffer(long) && long.buffer !== pool.shared.buffer).toBe(true)
  buffers.heard(5000)
  expect(buffers.next()?.byteOffset).toBe(HEAD_ROOM)
  const own = buffers.current
  expect(own).not.toBe(pool.shared)
  expect((buffers.passable(own, 0, 10) as Buffer).buffer).toBe(own.buffer)
  buffers.ended(10)
  expect(buffers.next()?.buffer).toBe(pool.shared.buffer)
  buffers.close()
  expect(pool.take()).toBe(own)
  expect(pool.take()).not.toBe(pool.shared)
})

test('a buffer that is lent when the shared one takes its place is free when the write is done, once', async () => {
  const pool = new BufferPool(new KeptBytes(LIMITS, () => undefined))
  const buffers = new ReadBuffers(pool, () => undefined)
  const slow = slowPeer()
  const own = buffers.current
  slow.socket.write(own.subarray(0, 10))
  buffers.lend(slow.socket, 10)
  buffers.ended(10)
  expect(buffers.next()?.buffer).toBe(pool.shared.buffer)
  expect(pool.take()).not.toBe(own)
  await slow.takeAll()
  expect([pool.take() === own, pool.take() === own]).toEqual([true, false])
})

test('a full read lets the next one be longer, until the message has to wait for its reader', async () => {
  const buffers = new ReadBuffers(new BufferPool(new KeptBytes(LIMITS, () => undefined)), () => undefined, 'shared')
  buffers.heard(READ_SIZE - 1)
  expect(buffers.next()?.length).toBe(READ_SIZE)
  buffers.heard(READ_SIZE)
  expect(buffers.next()?.length).toBe(LONG_READ_SIZE)
  buffers.heard(100)
  expect(buffers.next()).toBeUndefined()
  const slow = slowPeer()
  slow.socket.write(buffers.current.subarray(0, 10))
  buffers.lend(slow.socket, 10)
  expect(buffers.next()?.length).toBe(READ_SIZE)
  buffers.heard(READ_SIZE)
  expect(buffers.next()).toBeUndefined()
  await slow.takeAll()
  buffers.ended(LONG_READ_SIZE)
  buffers.heard(READ_SIZE)
  expect(buffers.next()?.length).toBe(LONG_READ_SIZE)
})
