// A table that changes under load, endpoints that go, a plane that drains: no request is lost.

import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import {
  bodyOf,
  cleanups,
  cluster,
  endpoint,
  entry,
  forward,
  get,
  ok,
  onHeads,
  ownTime,
  passing,
  plane,
  seenServers,
  table,
  talk,
  until,
  upstream
} from '../../test/proxy-plane.ts'

test('a change of weights under load loses no request and takes effect with the next one', async () => {
  const up = await upstream((socket) => onHeads(socket, () => ok('old')))
  const next = await upstream((socket) => onHeads(socket, () => ok('new')))
  const clusters = [cluster('v1', [endpoint(up)]), cluster('v2', [endpoint(next, 'v2')])]
  const { plane: made, port } = await plane(
    table(clusters, [
      forward([
        ['v1', 100],
        ['v2', 0]
      ])
    ])
  )
  const bodies: string[] = []
  const load = { on: true }
  const client = async (): Promise<void> => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    cleanups.push(() => socket.destroy())
    while (load.on) {
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      const text = await new Promise<string>((resolve, reject) => {
        socket.once('data', (bytes) => resolve(bytes.toString()))
        socket.once('close', () => reject(new Error('closed')))
      })
      socket.removeAllListeners('close')
      bodies.push(bodyOf(text))
    }
  }
  const clients = Array.from({ length: 8 }, client)
  for (let step = 1; step <= 50; step++) {
    await new Promise((resolve) => setImmediate(resolve))
    const weight = step * 2
    const version = made.apply([
      {
        kind: 'put-entry',
        version: step + 1,
        entry: entry([
          forward([
            ['v1', 100 - weight],
            ['v2', weight]
          ])
        ])
      }
    ])
    expect(version).toBe(step + 1)
  }
  const before = bodies.length
  await expect.poll(() => bodies.length).toBeGreaterThan(before + 100)
  load.on = false
  await Promise.all(clients)
  expect(new Set(bodies)).toEqual(new Set(['old', 'new']))
  expect(new Set(bodies.slice(before + 8))).toEqual(new Set(['new']))
  const total = made.recorder
    .snapshot()
    .filter((cell) => cell.labels.reporter === 'source')
    .flatMap((cell) => cell.counts)
    .reduce((sum, one) => sum + one.count, 0)
  expect(total).toBe(bodies.length)
})

test('endpoints that go lose their connections, those that stay keep theirs', async () => {
  let closed = 0
  const serve = (socket: Socket): void => {
    onHeads(socket, () => ok('a'))
    socket.on('end', () => socket.end())
    socket.on('close', () => closed++)
  }
  const stays = await upstream(serve)
  const goes = await upstream(serve)
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(stays), endpoint(goes)])], [forward([['c', 1]])]))
  await talk(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3) + get())
  expect(made.watched).toBeGreaterThanOrEqual(2)
  made.apply([{ kind: 'put-cluster', version: 2, cluster: cluster('c', [endpoint(stays)]) }])
  await expect.poll(() => closed).toBe(1)
  expect(bodyOf(await talk(port, get()))).toBe('a')
  expect(closed).toBe(1)
})

test('an address is quiet when the requests that its endpoints had in hand are answered, or after the limit', async () => {
  const asked: Socket[] = []
  const up = await upstream((socket) => void socket.on('data', () => void asked.push(socket)))
  const time = ownTime()
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), time)
  const ended: string[] = []
  const quiet = (limit: number, address = '127.0.0.1'): void =>
    void made.quiet(address, limit).then(() => ended.push(`${address} ${limit}`))
  const answered = talk(port, get())
  await until(() => asked.length === 1)
  made.apply([{ kind: 'put-cluster', version: 2, cluster: cluster('c', []) }])
  quiet(100)
  quiet(60_000)
  quiet(60_000, '127.0.0.2')
  await time.clock.advance(50)
  expect(ended).toEqual(['127.0.0.2 60000'])
  await time.clock.advance(100)
  expect(ended).toEqual(['127.0.0.2 60000', '127.0.0.1 100'])
  asked[0]?.write(ok('last'))
  expect(bodyOf(await answered)).toBe('last')
  await time.clock.advance(50)
  expect(ended).toEqual(['127.0.0.2 60000', '127.0.0.1 100', '127.0.0.1 60000'])
})

test('draining finishes what is in flight, closes what is idle and accepts no more', async () => {
  const asked: Socket[] = []
  const up = await upstream((socket) => void socket.on('data', () => void asked.push(socket)))
  const time = ownTime()
  const { sockets, servers } = seenServers()
  const { plane: made, port: to } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { ...time, sockets })
  const idle = talk(to, '')
  const busy = talk(to, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await expect.poll(() => asked.length).toBe(1)
  const drained = made.drain(5000)
  expect(await passing(time.clock, idle)).toBe('')
  expect(servers.map(({ listening }) => listening)).toEqual([false])
  asked[0]?.write(ok('last'))
  expect(await busy).toMatch(/connection: close[\s\S]*last$/)
  await drained
  await expect.poll(() => made.watched).toBe(0)
})
