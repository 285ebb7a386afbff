// Connections kept between requests that end while nobody uses them.

import { connect } from 'node:net'
import { expect, test } from 'vitest'
import {
  cleanups,
  cluster,
  endpoint,
  forward,
  get,
  noticing,
  ok,
  onHeads,
  ownTime,
  plane,
  realClock,
  statusOf,
  table,
  talk,
  until,
  upstream
} from '../../test/proxy-plane.ts'

const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'

test('a request that comes in the very turn in which an idle connection is ended goes out on another', async () => {
  const behind = await upstream((socket, count) => onHeads(socket, () => ok(`connection ${count}`)))
  const time = ownTime()
  const { port } = await plane(table([cluster('c', [endpoint(behind)], { idleTimeout: 100 })], [forward([['c', 1]])]), time)
  const client = connect({ port, host: '127.0.0.1', noDelay: true })
  cleanups.push(() => client.destroy())
  let heard = ''
  client.on('data', (bytes) => (heard += bytes.toString('latin1')))
  client.write(POST)
  await until(() => heard.endsWith('connection 1'))
  heard = ''
  // Among the timers of a turn, however late: then its sockets are read, and only then told that they are closed.
  realClock.after(0, () => {
    client.write(POST)
    void time.clock.advance(200)
  })
  await until(() => heard.includes('\r\n\r\n'))
  expect(statusOf(heard)).toBe(200)
  expect(heard).toMatch(/connection 2$/)
})

test('an endpoint that ends its side in the middle of a request gets nothing that the caller did not send', async () => {
  let got = ''
  let closed = false
  const behind = await upstream((socket) => {
    socket.on('close', () => (closed = true))
    socket.on('data', (bytes) => {
      got += bytes.toString('latin1')
      if (got.endsWith('hello')) socket.end()
      else if (got.endsWith('\r\n\r\n')) socket.write(ok('first'))
    })
  })
  const { port } = await plane(table([cluster('c', [endpoint(behind)])], [forward([['c', 1]])]))
  const client = connect({ port, host: '127.0.0.1', noDelay: true })
  cleanups.push(() => client.destroy())
  let heard = ''
  client.on('data', (bytes) => (heard += bytes.toString('latin1')))
  client.write(POST)
  await until(() => heard.endsWith('first'))
  // Two bytes more, whatever they are, and the endpoint has a whole request.
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\nhello')
  await until(() => closed)
  expect(got).toMatch(/hello$/)
  expect(heard).toContain('HTTP/1.1 503 ')
})

test('a request whose destination was taken away while it waited goes there, and its connection is not kept', async () => {
  let read = 0
  const behind = await upstream((socket) =>
    onHeads(socket, () => {
      read++
      return ok('late')
    })
  )
  const time = ownTime()
  const fault = { delay: { millis: 1000, millionths: 1_000_000 }, abort: undefined }
  const changes = table([cluster('c', [endpoint(behind)])], [forward([['c', 1]], { fault })])
  const { waits, clock: noticed } = noticing(time.clock, 1000)
  const { plane: made, port } = await plane(changes, { ...time, clock: noticed })
  const answer = talk(port, get())
  await until(waits)
  made.apply([{ kind: 'remove-cluster', version: 2, cluster: 'c' }])
  await time.clock.advance(1000)
  expect(statusOf(await answer)).toBe(200)
  expect(read).toBe(1)
  await until(() => made.watched === 0)
})
