// What takes too long, is too many or goes away: timeouts, limits of connections and requests, clients that leave.

import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import {
  RETRY,
  bodyOf,
  cleanups,
  cluster,
  counted,
  endpoint,
  entry,
  forward,
  get,
  ok,
  onHeads,
  ownTime,
  plane,
  statusOf,
  table,
  talk,
  until,
  upstream
} from '../../test/proxy-plane.ts'

test('connections over the limit are not taken, and counted', async () => {
  const { plane: made, port } = await plane(table([], []), { limits: { connectionsMax: 1 } })
  const first = connect({ port, host: '127.0.0.1' })
  cleanups.push(() => first.destroy())
  await new Promise((resolve) => first.once('connect', resolve))
  expect(await talk(port, get()).catch(() => 'refused')).toMatch(/^(refused)?$/)
  expect(made.recorder.reached()).toEqual({ connectionsMax: 1 })
})

test('a connection that is too old closes with the answer in progress, and an idle one at once', async () => {
  const sockets: Socket[] = []
  let [asked, ended] = [0, 0]
  const up = await upstream((socket) => {
    sockets.push(socket)
    socket.on('data', () => void (asked += 1))
    socket.on('end', () => void (ended += 1))
  })
  const time = ownTime()
  const aging = cluster('c', [endpoint(up)], { maxConnectionDuration: 2000 })
  const { plane: made, port } = await plane(table([aging], [forward([['c', 1]])]), time)
  const old = (): number => made.clusters.get('c')?.stats.read('upstream_cx_max_duration_reached') ?? 0
  const first = talk(port, get())
  await until(() => asked === 1)
  expect(old()).toBe(0)
  await time.clock.advance(4000)
  expect([old(), ended]).toEqual([1, 0])
  sockets[0]?.write(ok('late'))
  expect(bodyOf(await first)).toBe('late')
  await until(() => ended === 1)
  const second = talk(port, get())
  await until(() => asked === 2)
  sockets[1]?.write(ok('soon'))
  expect(bodyOf(await second)).toBe('soon')
  await time.clock.advance(4000)
  await until(() => ended === 2)
  expect([old(), sockets.length]).toEqual([2, 2])
})

test('an endpoint that stalls: 504 UT at the route timeout and at the timeout of each try', async () => {
  let tries = 0
  const up = await upstream((socket) => onHeads(socket, () => (tries++, '')))
  const time = ownTime()
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]], { timeout: 6000 })]), time)
  const first = talk(port, get())
  await until(() => tries === 1)
  await time.clock.advance(7000)
  expect([statusOf(await first), bodyOf(await first)]).toEqual([504, 'upstream request timeout'])
  made.apply([{ kind: 'put-entry', version: 2, entry: entry([forward([['c', 1]], { retry: { ...RETRY, perTryTimeout: 3000 } })]) }])
  const second = talk(port, get())
  for (const nth of [2, 3, 4]) {
    await until(() => tries === nth)
    // The next try begins within it, and must not wait for its connection until that has taken too long.
    await time.clock.advance(3100)
  }
  expect([statusOf(await second), tries]).toEqual([504, 4])
  expect(counted(made)).toEqual(['v1 504 URX,UT 1', 'v1 504 UT 1'])
})

test('limits of a cluster: requests over the maximum are 503 UO, connections over it wait their turn', async () => {
  const waiting: Socket[] = []
  const up = await upstream((socket) => void socket.on('data', () => void waiting.push(socket)))
  const { plane: made, port } = await plane(
    table([cluster('c', [endpoint(up)], { maxConnections: 1, maxPendingRequests: 1 })], [forward([['c', 1]])])
  )
  const first = talk(port, get())
  await expect.poll(() => waiting.length).toBe(1)
  const second = talk(port, get())
  const third = await Promise.race([talk(port, get()), second])
  expect(statusOf(third)).toBe(503)
  expect(third).toContain('x-envoy-overloaded: true')
  waiting[0]?.write(ok('a'))
  expect(bodyOf(await first)).toBe('a')
  await expect.poll(() => waiting.length).toBe(2)
  waiting[1]?.write(ok('b'))
  expect(bodyOf(await second)).toBe('b')
  expect(counted(made)).toContain('unknown 503 UO 1')
})

test('a client that goes away is counted DC and its endpoint let go', async () => {
  let closed = 0
  let asked = 0
  const up = await upstream((socket) => {
    socket.on('data', () => asked++)
    socket.on('end', () => socket.end())
    socket.on('close', () => closed++)
  })
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]))
  const socket = connect({ port, host: '127.0.0.1' })
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await expect.poll(() => asked).toBe(1)
  socket.resetAndDestroy()
  await expect.poll(() => counted(made)).toEqual(['v1 0 DC 1'])
  await expect.poll(() => closed).toBe(1)
})

test('half a head, an idle connection and a stalled body end at their limits', async () => {
  const up = await upstream((socket) => onHeads(socket, (head) => (head.startsWith('GET') ? ok('a') : '')))
  const time = ownTime()
  const { clock } = time
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), time)
  const half = talk(port, 'GET / HTTP/1.1\r\nHo')
  const idle = talk(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const stalled = talk(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab')
  await expect.poll(() => [made.watched >= 4, counted(made)]).toEqual([true, ['v1 200 - 1']])
  const { watched } = made
  await clock.advance(59_000)
  expect(made.watched).toBe(watched)
  await clock.advance(1100)
  expect(statusOf(await half)).toBe(408)
  await clock.advance(240_000)
  expect(statusOf(await stalled)).toBe(408)
  await clock.advance(3_600_000)
  expect(await idle).toContain('200 OK')
  await clock.advance(10_000)
  await expect.poll(() => made.watched).toBe(0)
  expect(made.recorder.reached()).toMatchObject({ headerTimeout: 1, requestTimeout: 1, idleTimeout: 1 })
})
