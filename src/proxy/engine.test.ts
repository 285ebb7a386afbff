// What the engine does with a request: how it passes it on and answers it, where it routes it, what it says when it cannot.

import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { seeded } from '../std/draw.ts'
import { DataPlane } from './data-plane.ts'
import { testReadMode } from './transport.ts'
import type { ReadMode } from './transport.ts'
import {
  SOURCE,
  STILL,
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
  seenServers,
  statusOf,
  table,
  talk,
  until,
  upstream
} from '../../test/proxy-plane.ts'
import { READ_MODE } from '../../test/read-mode.ts'

test('accepted sockets can be read into a buffer of ours on this Node', async () => {
  expect(await testReadMode()).toBe('buffer')
})

describe.each<ReadMode>(['buffer', 'data'])('reading by %s', (readMode) => {
  test('a request is passed on with the mesh headers and answered', async () => {
    const heads: string[] = []
    const up = await upstream((socket) =>
      onHeads(socket, (head) => {
        heads.push(head)
        return ok('hello', 'Server: x\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nX-Mine: 1\r\n')
      })
    )
    const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    const text = await talk(port, get('/a?b=c', 'X-Hop: 1\r\nKeep-Alive: 1\r\nX-Envoy-Retry-On: 5xx\r\n'))
    expect(statusOf(text)).toBe(200)
    expect(bodyOf(text)).toBe('hello')
    expect(text).toMatch(/server: istio-envoy\r\nconnection: close\r\n\r\n/)
    expect(text).toContain('X-Mine: 1\r\n')
    expect(text).not.toMatch(/Keep-Alive|Server: x/)
    expect(text).toMatch(/x-envoy-upstream-service-time: \d+\r\n/)
    const [head = ''] = heads
    expect(head).toMatch(/^GET \/a\?b=c HTTP\/1\.1\r\nHost: reviews\r\nX-Hop: 1\r\n/)
    expect(head).toMatch(/x-request-id: [\da-f-]{36}\r\n/)
    expect(head).toContain('x-forwarded-for: 127.0.0.1\r\nx-forwarded-proto: http\r\n')
    expect(head).toMatch(/x-envoy-attempt-count: 1$/)
    expect(head).not.toMatch(/onnection|eep-|retry-on/)
    expect(counted(made)).toEqual(['v1 200 - 1'])
    expect(counted(made, 'destination')).toEqual(['v1 200 - 1'])
  })

  test('connections are kept on both sides and pipelined requests answered in order', async () => {
    let accepted = 0
    const up = await upstream((socket) => {
      accepted++
      onHeads(socket, (head) => ok(head.split(' ')[1] ?? ''))
    })
    const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    const requests = Array.from({ length: 50 }, (_, at) => `GET /${at} HTTP/1.1\r\nHost: a\r\n\r\n`).join('')
    const text = await talk(port, requests + get('/last'))
    const bodies = [...text.matchAll(/\r\n\r\n(\/(?:\d+|last))/g)].map((found) => found[1])
    expect(bodies).toEqual([...Array.from({ length: 50 }, (_, at) => `/${at}`), '/last'])
    expect(accepted).toBe(1)
  })

  test('100-continue is answered by the proxy and not passed on', async () => {
    const heads: string[] = []
    const up = await upstream((socket) => {
      let text = ''
      socket.on('data', (bytes) => {
        text += bytes.toString('latin1')
        if (!text.endsWith('12345')) return
        heads.push(text)
        socket.write(ok('done'))
      })
    })
    const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    const socket = connect({ port, host: '127.0.0.1' })
    cleanups.push(() => socket.destroy())
    let text = ''
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')
    await new Promise<void>((resolve) => {
      socket.on('data', (bytes) => {
        text += bytes.toString('latin1')
        if (text === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write('12345')
        if (text.endsWith('done')) resolve()
      })
    })
    expect(heads[0]).not.toMatch(/expect/i)
  })

  test('an upgrade becomes a tunnel both ways', async () => {
    const up = await upstream((socket) => {
      socket.once('data', (bytes) => {
        expect(bytes.toString()).toMatch(/Upgrade: websocket\r\n[\s\S]*connection: upgrade\r\n/)
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nfirst')
        socket.on('data', (more) => socket.write(more.toString('latin1').toUpperCase()))
        socket.on('end', () => socket.end())
      })
    })
    const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]], { timeout: 1000 })]), { readMode })
    const request = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
    const text = await talk(port, [request, 'early '], (seen) => seen.endsWith('firstEARLY '))
    expect(text).toMatch(/^HTTP\/1\.1 101 .*\r\n[\s\S]*connection: upgrade\r\n/)
    await expect.poll(() => counted(made)).toEqual(['v1 101 - 1'])
  })
})

test('unknown hosts, missing clusters and clusters without endpoints answer as Envoy does', async () => {
  const empty = table([cluster('c', [])], [forward([['c', 1]])])
  const { plane: made, port } = await plane(empty)
  const none = await talk(port, get())
  expect([statusOf(none), bodyOf(none)]).toEqual([503, 'no healthy upstream'])
  expect(counted(made)).toEqual(['unknown 503 UH 1'])
  made.apply([{ kind: 'put-entry', version: 2, entry: entry([forward([['absent', 1]])]) }])
  const missing = await talk(port, get())
  expect([statusOf(missing), bodyOf(missing)]).toEqual([503, ''])
  made.apply([{ kind: 'unbind', version: 3, scope: 'gateway|80', host: '*' }])
  const unknown = await talk(port, get())
  expect([statusOf(unknown), bodyOf(unknown)]).toEqual([404, ''])
  expect(counted(made)).toEqual(['unknown 404 NR 1', 'unknown 503 NC 1', 'unknown 503 UH 1'])
})

test('a gRPC client is answered in gRPC, and its grpc-timeout counts', async () => {
  let asked = false
  const up = await upstream((socket) => void socket.on('data', () => (asked = true)))
  const time = ownTime()
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)]), cluster('none', [])], [forward([['c', 1]])]), time)
  const call =
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nGrpc-Timeout: 60m\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
  const answer = talk(port, call)
  await until(() => asked)
  await time.clock.advance(150)
  const text = await answer
  expect(text).toMatch(
    /^HTTP\/1.1 200 [^]*content-type: application\/grpc\r\ngrpc-status: 14\r\ngrpc-message: upstream request timeout\r\n/
  )
  expect(bodyOf(text)).toBe('')
  made.apply([{ kind: 'put-entry', version: 2, entry: entry([forward([['none', 1]])]) }])
  expect(await talk(port, call)).toMatch(/^HTTP\/1.1 200 [^]*grpc-status: 14\r\ngrpc-message: no healthy upstream\r\n/)
  expect(counted(made)).toEqual(['unknown 200 UH 1', 'v1 200 UT 1'])
})

test('a forward proxy of the mesh routes by the authority asked for, a Service address by its name', async () => {
  const heads: string[] = []
  const up = await upstream((socket) =>
    onHeads(socket, (head) => {
      heads.push(head)
      return ok('a')
    })
  )
  const { sockets, servers } = seenServers()
  const made = new DataPlane({ ...STILL, draw: seeded(1), readMode: READ_MODE, sockets })
  cleanups.push(() => made.drain(0))
  const scope = { id: 'mesh|9080|default', kind: 'mesh' as const, port: 9080, namespace: 'default', tls: false }
  made.apply([
    { kind: 'put-cluster', version: 1, cluster: cluster('c', [endpoint(up)]) },
    { kind: 'put-entry', version: 1, entry: entry([forward([['c', 1]])]) },
    { kind: 'put-scope', version: 1, scope },
    { kind: 'bind', version: 1, scope: scope.id, host: 'reviews.default.svc.cluster.local', entry: 'all' }
  ])
  const caller = { namespace: 'default', labels: {} }
  const mesh = await made.listen({ id: 'm', address: '127.0.0.1', port: 0, entry: { kind: 'mesh', caller }, source: SOURCE })
  const service = { kind: 'service', host: 'reviews.default.svc.cluster.local', port: 9080, declared: true, caller } as const
  const host = '127.77.0.2'
  const direct = { host, port: await made.listen({ id: 's', address: host, port: 0, entry: service, source: SOURCE }) }
  expect(statusOf(await talk(mesh, 'GET http://reviews:9080/a?b HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n'))).toBe(200)
  expect(heads[0]).toMatch(/^GET \/a\?b HTTP\/1\.1\r\nhost: reviews:9080\r\n/)
  expect(heads[0]).not.toMatch(/other|x-forwarded-for/)
  expect(statusOf(await talk(mesh, 'GET / HTTP/1.1\r\nHost: reviews:9080\r\nConnection: close\r\n\r\n'))).toBe(200)
  expect(statusOf(await talk(mesh, get()))).toBe(404)
  expect(statusOf(await talk(direct, 'GET / HTTP/1.1\r\nHost: 127.77.0.2:80\r\nConnection: close\r\n\r\n'))).toBe(200)
  await made.unlisten('s')
  expect(servers.map(({ listening }) => listening)).toEqual([true, false])
})

test.each(['', ' , ', 'h2c'])('a request to upgrade to "%s" is an ordinary one, and nothing may be switched for it', async (protocols) => {
  const heads: string[] = []
  const up = await upstream((socket) =>
    onHeads(socket, (head) => {
      heads.push(head)
      return 'HTTP/1.1 101 Switching Protocols\r\n\r\n'
    })
  )
  const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]))
  const text = await talk(port, get('/', `Upgrade: ${protocols}\r\nConnection: upgrade\r\n`))
  expect(statusOf(text)).toBe(502)
  expect(heads).toHaveLength(1)
  expect(heads[0]).not.toMatch(/upgrade/i)
})

test('header edits of the route are applied both ways', async () => {
  let seen = ''
  const up = await upstream((socket) =>
    onHeads(socket, (head) => {
      seen = head
      return ok('a', 'X-Old: 1\r\nX-Gone: 1\r\n')
    })
  )
  const request = { set: [['x-set', 'new']] as const, add: [['x-add', 'more']] as const, remove: ['x-gone'] }
  const choice = { cluster: 'c', weight: 1, authority: 'other.host', request, response: { ...request, remove: ['x-gone', 'x-old'] } }
  const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([], { choices: [choice], total: 1, rewrite: undefined })]))
  const text = await talk(port, get('/', 'X-Set: old\r\nX-Gone: 1\r\nX-Stay: 1\r\n'))
  expect(seen).toContain('X-Stay: 1\r\n')
  expect(seen).toContain('x-set: new\r\nx-add: more\r\n')
  expect(seen).toContain('host: other.host\r\n')
  expect(seen).toContain('x-envoy-original-host: reviews\r\n')
  expect(seen).not.toMatch(/X-Set|X-Gone|Host: reviews/)
  expect(text).toContain('x-set: new\r\nx-add: more\r\n')
  expect(text).not.toMatch(/X-Old|X-Gone/)
})
