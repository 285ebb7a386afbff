import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { BufferPool, HeldBytes, READ_SIZE, ReadBuffers } from './buffers.ts'
import { localAnswer } from './failures.ts'
import { KeptBytes } from './kept-bytes.ts'
import { LIMITS } from './limits.ts'

test('a lent buffer is replaced at the next read and comes back only when its write is done', async () => {
  const pool = new BufferPool(new KeptBytes(LIMITS, () => undefined))
  const server = createServer((socket) => void socket.pause())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => undefined)
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  let written = 0
  const buffers = new ReadBuffers(pool, () => written++)
  const first = buffers.current
  expect(buffers.next()).toBeUndefined()
  while (socket.writableLength === 0) socket.write(Buffer.alloc(READ_SIZE))
  buffers.lend(socket, 1)
  expect(buffers.current).toBe(first)
  expect(buffers.next()?.length).toBe(READ_SIZE)
  expect(buffers.current).not.toBe(first)
  const taken = [pool.take(), pool.take()]
  expect(taken).not.toContain(first)
  socket.destroy()
  await expect.poll(() => written).toBe(1)
  expect(pool.take()).toBe(first)
  buffers.close()
  server.close()
})

test('held bytes are kept in order however they come', () => {
  const held = new HeldBytes()
  const all = Buffer.from(Array.from({ length: 5000 }, (_, at) => at % 251))
  for (let at = 0; at < all.length; at += 37) held.append(all, at, Math.min(at + 37, all.length))
  expect(held.bytes.subarray(0, held.length)).toEqual(all)
})

test.each([
  [200, 'hello', false, /^HTTP\/1\.1 200 OK\r\ncontent-length: 5\r\ncontent-type: text\/plain\r\n[\s\S]*\r\n\r\nhello$/],
  [200, 'hello', true, /content-length: 5[\s\S]*\r\n\r\n$/],
  [204, '', false, /^HTTP\/1\.1 204 No Content\r\ndate/],
  [404, '', false, /^HTTP\/1\.1 404 Not Found\r\ncontent-length: 0\r\ndate/],
  [299, 'é', false, /^HTTP\/1\.1 299 Unknown\r\ncontent-length: 2/]
])('a local answer of %i with body %j', (status, body, bodiless, want) => {
  expect(localAnswer({ status, body, lines: '', edits: undefined, close: false, bodiless })).toMatch(want)
})
