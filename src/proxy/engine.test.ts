import { createHash } from 'node:crypto'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RetryPolicy } from '../route/decision.ts'
import { VirtualClock } from '../std/clock.ts'
import { seeded } from '../std/draw.ts'
import { DataPlane } from './data-plane.ts'
import { testReadMode } from './transport.ts'
import type { ReadMode } from './transport.ts'
import {
  SOURCE,
  portOf,
  realClock,
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
  plane,
  statusOf,
  table,
  talk,
  until,
  upstream
} from '../../test/proxy-plane.ts'

const RETRY: RetryPolicy = { attempts: 2, perTryTimeout: 0, on: ['5xx'], statuses: [], avoidTried: false, backoffBase: 1, backoffMax: 2 }

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

  test.each([32_768, 1_048_576])('16 MB pass both ways unharmed by a slow reader, with up to %i bytes waiting', async (pendingBytesMax) => {
    // More than the kernel keeps for two loopback connections.
    const size = 16 * 1024 * 1024
    const payload = Buffer.alloc(size)
    for (let at = 0; at < size; at += 4) payload.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at)
    const want = createHash('sha256').update(payload).digest('hex')
    // An echo that reads in fits and starts.
    const up = await upstream((socket) => {
      let seen = 0
      const hash = createHash('sha256')
      let started = false
      socket.on('data', (bytes) => {
        let body = bytes
        if (!started) {
          const end = bytes.indexOf('\r\n\r\n')
          body = bytes.subarray(end + 4)
          started = true
        }
        hash.update(body)
        seen += body.length
        socket.pause()
        setImmediate(() => socket.resume())
        if (seen !== size) return
        socket.write(`HTTP/1.1 200 OK\r\nX-Sum: ${hash.digest('hex')}\r\nContent-Length: ${size}\r\n\r\n`)
        socket.write(payload)
      })
    })
    const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), {
      readMode,
      limits: { pendingBytesMax }
    })
    const pauses = (): number => made.recorder.reached()['pendingBytesMax'] ?? 0
    const socket = connect({ port, host: '127.0.0.1' })
    cleanups.push(() => socket.destroy())
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
    socket.write(payload)
    const pieces: Buffer[] = []
    let [length, before] = [0, 0]
    await new Promise<void>((resolve) => {
      socket.on('data', (bytes) => {
        pieces.push(bytes)
        length += bytes.length
        // The first pause lasts until the kernel's buffers are full and the proxy no longer reads the answer.
        socket.pause()
        if (pieces.length === 1) before = pauses()
        void until(() => pieces.length > 1 || pauses() > before).then(() => socket.resume())
        if (length > size && length >= Buffer.concat(pieces.slice(0, 1)).indexOf('\r\n\r\n') + 4 + size) resolve()
      })
    })
    const all = Buffer.concat(pieces)
    const end = all.indexOf('\r\n\r\n') + 4
    expect(all.subarray(0, end).toString()).toContain(`X-Sum: ${want}`)
    expect(createHash('sha256').update(all.subarray(end)).digest('hex')).toBe(want)
  })

  test('a reader that never reads stops the writer on the other side, whichever it is', async () => {
    const block = Buffer.alloc(65_536)
    // Writes whenever the system takes more; how much it took.
    const pump = (socket: Socket, count: { written: number }): void => {
      if (socket.destroyed) return
      count.written += block.length
      if (socket.write(block)) setImmediate(() => pump(socket, count))
      else socket.once('drain', () => pump(socket, count))
    }
    const [down, up] = [{ written: 0 }, { written: 0 }]
    const stubborn = await upstream((socket) => {
      socket.once('data', (bytes) => {
        socket.pause()
        if (bytes.includes('POST')) return
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n')
        pump(socket, down)
      })
    })
    const { plane: made, port } = await plane(table([cluster('c', [endpoint(stubborn)])], [forward([['c', 1]])]), { readMode })
    const pauses = (): number => made.recorder.reached()['pendingBytesMax'] ?? 0
    const sockets = [0, 1].map(() => connect({ port, host: '127.0.0.1' }))
    cleanups.push(() => sockets.forEach((socket) => socket.destroy()))
    const [reader, writer] = sockets
    reader?.pause().write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => pauses() >= 1)
    writer?.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\n')
    if (writer !== undefined) pump(writer, up)
    await until(() => pauses() >= 2)
    let turns = 0
    await until(() => ++turns > 3000)
    // What the kernel keeps for the four connections, and little else.
    expect(Math.max(down.written, up.written)).toBeLessThan(64 * 1024 * 1024)
  })

  test('an answer that comes byte by byte is passed on whole', async () => {
    const up = await upstream((socket) => {
      const bytes = ok('slowly', `X-Long: ${'y'.repeat(600)}\r\n`)
      const next = (at: number): void => {
        if (at < bytes.length) socket.write(bytes.slice(at, at + 1), () => setImmediate(() => next(at + 1)))
      }
      socket.once('data', () => next(0))
    })
    const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    expect(bodyOf(await talk(port, get()))).toBe('slowly')
  })

  test('chunked bodies pass both ways; extensions and trailers are dropped', async () => {
    const seen: string[] = []
    const up = await upstream((socket) =>
      socket.on('data', (bytes) => {
        seen.push(bytes.toString('latin1'))
        if (seen.join('').endsWith('0\r\n\r\n'))
          socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n')
      })
    )
    const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n'
    const text = await talk(port, [head, '5;e', '=1\r\nhel', 'lo\r\n', '0\r\nX-Sum: 1\r\n', '\r\n'])
    expect(seen.join('')).toMatch(/\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/)
    expect(text).toMatch(/\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/)
  })

  test('an HTTP/1.0 client gets a plain body and the end of the connection', async () => {
    const up = await upstream((socket) =>
      onHeads(socket, () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n')
    )
    const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    const text = await talk(port, 'GET / HTTP/1.0\r\nHost: a\r\n\r\n')
    expect(text).not.toMatch(/transfer-encoding/i)
    expect(bodyOf(text)).toBe('abcde')
  })

  test('a body that ends with the connection reaches an HTTP/1.1 client in chunks', async () => {
    const up = await upstream((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\nabc')
        setImmediate(() => socket.end('defg'))
      })
    })
    const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    const text = await talk(port, get())
    const body = [...bodyOf(text).matchAll(/[\da-f]+\r\n(\w*)\r\n/g)].map((found) => found[1]).join('')
    expect(body).toBe('abcdefg')
    expect(text).toMatch(/\r\n0\r\n\r\n$/)
  })

  test('HEAD, 204 and 304 have no body, interim answers are not passed on', async () => {
    const up = await upstream((socket) =>
      onHeads(socket, (head) => {
        if (head.startsWith('HEAD')) return 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n'
        if (head.startsWith('GET /204')) return 'HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n'
        return 'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n'
      })
    )
    const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    const text = await talk(port, `HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /204 HTTP/1.1\r\nHost: a\r\n\r\n${get('/304')}`)
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((found) => found[1])).toEqual(['200', '204', '304'])
    expect(text).not.toContain('Content-Length: 7')
  })

  test.each(['HTTP/1.1 103 Early\r\nConnection: close', 'HTTP/1.0 100 Continue'])('%j leaves no final answer: 502', async (interim) => {
    const up = await upstream((socket) => onHeads(socket, () => `${interim}\r\n\r\n${ok('behind')}`))
    const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    const text = await talk(port, get())
    expect(text).toMatch(/^HTTP\/1\.1 502 /)
    expect(text).not.toContain('behind')
  })

  test('any number of interim answers in one read comes before the final one', async () => {
    const up = await upstream((socket) => onHeads(socket, () => 'HTTP/1.1 100\r\n\r\n'.repeat(20_000) + ok('at last')))
    const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    expect(bodyOf(await talk(port, get()))).toBe('at last')
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

  test('an early answer lets the rest of the request be read, and the connection goes on', async () => {
    let accepted = 0
    const up = await upstream((socket) => {
      accepted++
      socket.once('data', () => socket.write(ok('early')))
    })
    const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    const socket = connect({ port, host: '127.0.0.1' })
    cleanups.push(() => socket.destroy())
    let text = ''
    const size = 300_000
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
    await new Promise<void>((resolve) => {
      socket.on('data', (bytes) => {
        const first = text === ''
        text += bytes.toString('latin1')
        if (first) socket.write('x'.repeat(size) + get('/next'))
      })
      socket.on('close', resolve)
    })
    expect(text.match(/HTTP\/1\.1 200 OK/g)?.length).toBe(2)
    // The connection with half a request on it was not used again.
    expect(accepted).toBe(2)
  })

  test('an early answer to a body without end is followed by the end of the connection at the limit', async () => {
    const up = await upstream((socket) => socket.once('data', () => socket.write(ok('early'))))
    const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), {
      readMode,
      limits: { discardBytesMax: 100_000 }
    })
    const socket = connect({ port, host: '127.0.0.1' })
    cleanups.push(() => socket.destroy())
    socket.on('error', () => undefined)
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    await new Promise<void>((resolve) => {
      socket.once('data', () => {
        const more = (): boolean => socket.write(`fff\r\n${'x'.repeat(4095)}\r\n`)
        const pump = (): void => {
          if (socket.destroyed) return
          more()
          setImmediate(pump)
        }
        pump()
      })
      socket.on('close', () => resolve())
    })
    expect(made.recorder.reached()).toMatchObject({ discardBytesMax: 1 })
  })

  test.each([
    ['at the accept', (socket: Socket) => socket.resetAndDestroy(), 503, 'UF'],
    ['after the head of the request', (socket: Socket) => socket.once('data', () => socket.resetAndDestroy()), 503, 'UC'],
    ['in the head of the answer', (socket: Socket) => socket.once('data', () => socket.end('HTTP/1.1 200 O')), 503, 'UC'],
    ['with garbage', (socket: Socket) => socket.once('data', () => socket.write('garbage\r\n\r\n')), 502, 'UPE'],
    [
      'with two lengths',
      (socket: Socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na')),
      502,
      'UPE'
    ],
    [
      'with an endless head',
      (socket: Socket) => socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(20_000)}`)),
      502,
      'UPE'
    ]
  ] as const)('an upstream that fails %s', async (_, serve, status, flag) => {
    const up = await upstream((socket) => void serve(socket))
    const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    const text = await talk(port, get())
    expect(statusOf(text)).toBe(status)
    expect(text).toContain('upstream connect error or disconnect/reset before headers. reset reason: ')
    expect(counted(made)).toEqual([`v1 ${status} ${flag} 1`])
  })

  test('an answer cut off in its body cuts off the client and is counted', async () => {
    const up = await upstream((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')))
    const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    expect(bodyOf(await talk(port, get()))).toBe('abc')
    expect(counted(made)).toEqual(['v1 200 UC 1'])
  })

  test.each([
    ['GET / HTTP/1.1\r\n\r\n', 400],
    ['CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
    ['GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['GET a HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['\u0016\u0003\u0001\u0000garbage', 400],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(70_000)}`, 431],
    [`GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(200)}\r\n`, 431],
    ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400]
  ])('what cannot be understood is refused and the connection ended: %#', async (bytes, status) => {
    const up = await upstream((socket) => onHeads(socket, () => ok('wrong')))
    const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    const text = await talk(port, `${bytes}${bytes.endsWith('\n') ? 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n' : ''}`)
    expect(statusOf(text)).toBe(status)
    expect(text.match(/HTTP\/1\.1 \d/g)?.length).toBe(1)
  })
})

test.each([
  [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(70_000)}\r\n\r\n`, 'headBytesMax', 'the message head is longer than 65536 bytes'],
  [`GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(200)}\r\n`, 'fieldsMax', 'more than 128 header fields'],
  [`GET / HTTP/1.1\r\nHost: a\r\nConnection: ${'x,'.repeat(20)}y\r\n\r\n`, 'nominationsMax', '10 names or more in Connection'],
  [`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;${'e'.repeat(2000)}`, 'chunkExtensionBytesMax', /chunked framing/],
  [`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'X: y\r\n'.repeat(2000)}`, 'trailerBytesMax', /chunked framing/]
])('a request over a bound of its form is told which and counted: %#', async (bytes, limit, words) => {
  const up = await upstream((socket) => onHeads(socket, () => ok('wrong')))
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]))
  expect(bodyOf(await talk(port, bytes))).toMatch(words)
  expect(made.recorder.reached()).toEqual({ [limit]: 1 })
})

test('connections over the limit are not taken, and counted', async () => {
  const { plane: made, port } = await plane(table([], []), { limits: { connectionsMax: 1 } })
  const first = connect({ port, host: '127.0.0.1' })
  cleanups.push(() => first.destroy())
  await new Promise((resolve) => first.once('connect', resolve))
  expect(await talk(port, get()).catch(() => 'refused')).toMatch(/^(refused)?$/)
  expect(made.recorder.reached()).toEqual({ connectionsMax: 1 })
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

test('a refused connection is 503 UF, tried again by the policy with URX at its end', async () => {
  const dead = createServer()
  await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve))
  const port = portOf(dead)
  await new Promise((resolve) => dead.close(resolve))
  const routes = [forward([['c', 1]], { retry: { ...RETRY, on: ['connect-failure'] } })]
  const { plane: made, port: entrance } = await plane(table([cluster('c', [endpoint(port)])], routes))
  const text = await talk(entrance, get())
  expect([statusOf(text), bodyOf(text)]).toEqual([
    503,
    'upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure'
  ])
  expect(counted(made)).toEqual(['v1 503 URX,UF 1'])
})

test('a 503 is retried with the whole request until another answer comes, and passed on with URX when none does', async () => {
  const seen: string[] = []
  const up = await upstream((socket) => {
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      if (!text.endsWith('hello')) return
      seen.push(text)
      text = ''
      socket.write(seen.length < 3 ? 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno' : ok('yes'))
    })
  })
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]], { retry: RETRY })]))
  const post = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello'
  expect(bodyOf(await talk(port, post))).toBe('yes')
  expect(seen.map((text) => /attempt-count: (\d)/.exec(text)?.[1])).toEqual(['1', '2', '3'])
  expect(counted(made)).toEqual(['v1 200 - 1'])
  expect(counted(made, 'destination')).toEqual(['v1 200 - 1', 'v1 503 - 2'])
  made.apply([{ kind: 'put-entry', version: 2, entry: entry([forward([['c', 1]], { retry: { ...RETRY, attempts: 1 } })]) }])
  seen.length = 0
  expect(statusOf(await talk(port, post))).toBe(503)
  expect(counted(made)).toContain('v1 503 URX 1')
})

test('retries avoid the endpoints already tried, unless retryIgnorePreviousHosts is false', async () => {
  const [bad, good] = [
    await upstream((socket) => onHeads(socket, () => REFUSAL)),
    await upstream((socket) => onHeads(socket, () => ok('yes')))
  ]
  const failures = async (avoidTried: boolean): Promise<number> => {
    const routes = [forward([['c', 1]], { retry: { ...RETRY, attempts: 1, avoidTried } })]
    const { port } = await plane(table([cluster('c', [endpoint(bad), endpoint(good)], { balance: 'random' })], routes))
    let failed = 0
    for (let at = 0; at < 30; at++) if (statusOf(await talk(port, get())) === 503) failed++
    return failed
  }
  expect([await failures(true), (await failures(false)) > 4]).toEqual([0, true])
})

const REFUSAL = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno'

test('a connection closed by the endpoint while idle costs a GET nothing and a POST is not sent twice', async () => {
  let posts = 0
  const up = await upstream((socket) => {
    let count = 0
    socket.on('data', (bytes) => {
      count++
      if (bytes.toString().startsWith('POST')) posts++
      if (count === 1) socket.write(ok('one'))
      else socket.resetAndDestroy()
    })
  })
  const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]))
  const keep = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
  const text = await talk(port, [keep, get()])
  expect(text.match(/HTTP\/1\.1 200/g)?.length).toBe(2)
  const again = await talk(port, `${keep}POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\na`)
  expect(again).toMatch(/200 OK[\s\S]*503 Service Unavailable/)
  expect(posts).toBe(1)
})

test('an endpoint that reads a request on a kept connection and closes has failed it: 503 UC, sent once', async () => {
  let asked = 0
  const up = await upstream((socket) => onHeads(socket, () => (++asked % 2 === 1 ? ok('one') : (socket.end(), ''))))
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]))
  const text = await talk(port, ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', get()])
  expect(text).toMatch(/200 OK[\s\S]*503 Service Unavailable[\s\S]*reset reason: connection termination$/)
  expect([asked, counted(made)]).toEqual([2, ['v1 200 - 1', 'v1 503 UC 1']])
})

test('an endpoint that closes a kept connection as a request comes gets it on another', async () => {
  const sockets: Socket[] = []
  const up = await upstream((socket) => {
    sockets.push(socket)
    onHeads(socket, () => ok('yes'))
  })
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]))
  for (let at = 0; at < 20; at++) {
    const keep = connect({ port, host: '127.0.0.1', noDelay: true })
    cleanups.push(() => keep.destroy())
    keep.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await new Promise((resolve) => keep.once('data', resolve))
    keep.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    for (const socket of sockets.splice(0)) socket.destroy()
    expect(String(await new Promise((resolve) => keep.once('data', resolve)))).toMatch(/^HTTP\/1.1 200/)
  }
  expect(counted(made)).toEqual(['v1 200 - 40'])
})

test('a gRPC client is answered in gRPC, and its grpc-timeout counts', async () => {
  const up = await upstream((socket) => void socket.on('data', () => undefined))
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)]), cluster('none', [])], [forward([['c', 1]])]))
  const call =
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nGrpc-Timeout: 60m\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
  const text = await talk(port, call)
  expect(text).toMatch(
    /^HTTP\/1.1 200 [^]*content-type: application\/grpc\r\ngrpc-status: 14\r\ngrpc-message: upstream request timeout\r\n/
  )
  expect(bodyOf(text)).toBe('')
  made.apply([{ kind: 'put-entry', version: 2, entry: entry([forward([['none', 1]])]) }])
  expect(await talk(port, call)).toMatch(/^HTTP\/1.1 200 [^]*grpc-status: 14\r\ngrpc-message: no healthy upstream\r\n/)
  expect(counted(made)).toEqual(['unknown 200 UH 1', 'v1 200 UT 1'])
})

test('each try is told how long it may take: its own timeout, or what is left of the whole', async () => {
  const seen: string[] = []
  const up = await upstream((socket) => onHeads(socket, (text) => (seen.push(text), seen.length % 2 === 1 ? REFUSAL : ok('yes'))))
  const expected = (): string[] => seen.splice(0).map((text) => /expected-rq-timeout-ms: (\d+)/.exec(text)?.[1] ?? '-')
  const routes = (timeout: number, perTryTimeout: number): ReturnType<typeof forward>[] => [
    forward([['c', 1]], { timeout, retry: { ...RETRY, perTryTimeout } })
  ]
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], routes(0, 0)))
  await talk(port, get())
  expect(expected()).toEqual(['-', '-'])
  made.apply([{ kind: 'put-entry', version: 2, entry: entry(routes(0, 200)) }])
  await talk(port, get())
  expect(expected()).toEqual(['200', '200'])
  made.apply([{ kind: 'put-entry', version: 3, entry: entry(routes(5000, 0)) }])
  await talk(port, get())
  const [first = '', second = ''] = expected()
  expect([first, Number(second) > 0 && Number(second) <= 5000]).toEqual(['5000', true])
})

test('a connection that is too old closes with the answer in progress, and an idle one at once', async () => {
  const sockets: Socket[] = []
  let [asked, ended] = [0, 0]
  const up = await upstream((socket) => {
    sockets.push(socket)
    socket.on('data', () => void (asked += 1))
    socket.on('end', () => void (ended += 1))
  })
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)], { maxConnectionDuration: 20 })], [forward([['c', 1]])]))
  const old = (): number => made.clusters.get('c')?.stats.read('upstream_cx_max_duration_reached') ?? 0
  const first = talk(port, get())
  await until(() => asked === 1 && old() === 1)
  expect(ended).toBe(0)
  sockets[0]?.write(ok('late'))
  expect(bodyOf(await first)).toBe('late')
  await until(() => ended === 1)
  const second = talk(port, get())
  await until(() => asked === 2)
  sockets[1]?.write(ok('soon'))
  expect(bodyOf(await second)).toBe('soon')
  await until(() => ended === 2)
  expect([old(), sockets.length]).toEqual([2, 2])
})

test('an endpoint that stalls: 504 UT at the route timeout and at the timeout of each try', async () => {
  const up = await upstream((socket) => void socket.on('data', () => undefined))
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]], { timeout: 60 })]))
  const text = await talk(port, get())
  expect([statusOf(text), bodyOf(text)]).toEqual([504, 'upstream request timeout'])
  made.apply([{ kind: 'put-entry', version: 2, entry: entry([forward([['c', 1]], { retry: { ...RETRY, perTryTimeout: 30 } })]) }])
  expect(statusOf(await talk(port, get()))).toBe(504)
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
  const clock = new VirtualClock()
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), {
    clock,
    monotonic: () => clock.now()
  })
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

test('draining finishes what is in flight, closes what is idle and accepts no more', async () => {
  const asked: Socket[] = []
  const up = await upstream((socket) => void socket.on('data', () => void asked.push(socket)))
  const { plane: made } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]))
  // An address of its own: a port that is free again may be anybody's on 127.0.0.1.
  const host = '127.77.0.1'
  const to = { host, port: await made.listen({ id: 'own', address: host, port: 0, entry: { kind: 'gateway', port: 80 }, source: SOURCE }) }
  const idle = talk(to, '')
  const busy = talk(to, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await expect.poll(() => asked.length).toBe(1)
  const drained = made.drain(5000)
  expect(await idle).toBe('')
  // One that the system accepted just before is reset.
  await expect(talk(to, get())).rejects.toThrow('ECONNREFUSED')
  asked[0]?.write(ok('last'))
  expect(await busy).toMatch(/connection: close[\s\S]*last$/)
  await drained
  await expect.poll(() => made.watched).toBe(0)
})

test('a forward proxy of the mesh routes by the authority asked for, a Service address by its name', async () => {
  const heads: string[] = []
  const up = await upstream((socket) =>
    onHeads(socket, (head) => {
      heads.push(head)
      return ok('a')
    })
  )
  const made = new DataPlane({ clock: realClock, draw: seeded(1), readMode: 'buffer' })
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
  await expect(talk(direct, get())).rejects.toThrow('ECONNREFUSED')
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

test.each([
  ['with the answer', (socket: Socket) => socket.write(`${ok('a')}HTTP/1.1 200 OK\r\n`)],
  [
    'while idle',
    (socket: Socket, answered: Promise<unknown>) => {
      socket.write(ok('a'))
      void answered.then(() => socket.write(ok('stolen')))
    }
  ],
  [
    'after a bad chunk',
    (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nHost: x\r\n\r\n')
  ]
] as const)('an upstream connection with bytes nobody asked for %s is never used again', async (_, serve) => {
  const answered = Promise.withResolvers<void>()
  let accepted = 0
  let closed = 0
  const up = await upstream((socket) => {
    accepted++
    socket.on('end', () => socket.end())
    socket.on('close', () => closed++)
    socket.once('data', () => {
      if (accepted === 1) serve(socket, answered.promise)
      else socket.write(ok('fresh'))
    })
  })
  const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]))
  await talk(port, get())
  answered.resolve()
  await expect.poll(() => closed).toBe(1)
  expect(bodyOf(await talk(port, get()))).toBe('fresh')
  expect(accepted).toBe(2)
})

test('damaged requests in any number of pieces never reach an endpoint out of frame and never stop the plane', async () => {
  const seen: string[] = []
  const up = await upstream((socket) =>
    onHeads(socket, (head) => {
      seen.push(head)
      return ok('a')
    })
  )
  const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]))
  const sound = 'GET /sound HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nConnection: close\r\n\r\n'
  const damage = fc.record({ at: fc.nat(sound.length - 1), octet: fc.nat(255), cut: fc.nat(sound.length) })
  await fc.assert(
    fc.asyncProperty(damage, async ({ at, octet, cut }) => {
      const bytes = sound.slice(0, at) + String.fromCharCode(octet) + sound.slice(at + 1)
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      socket.on('error', () => undefined)
      socket.write(bytes.slice(0, cut), 'latin1')
      socket.end(bytes.slice(cut), 'latin1')
      socket.resume()
      await new Promise((resolve) => socket.once('close', resolve))
    }),
    { numRuns: 200 }
  )
  // What reached the endpoint is one head each: a request line and fields, and nothing that begins in the middle of another.
  for (const head of seen) expect(head).toMatch(/^[!-~]+ \/[!-~]* HTTP\/1\.1\r\n([^\r\n:]+: ?[^\r\n]*(\r\n|$))+$/)
  expect(bodyOf(await talk(port, get()))).toBe('a')
})

test("retries over the cluster's maximum are not made and flagged UO", async () => {
  const up = await upstream((socket) => onHeads(socket, () => 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'))
  const slow = { ...RETRY, attempts: 1, backoffBase: 400, backoffMax: 400 }
  const changes = table([cluster('c', [endpoint(up)], { maxRetries: 1 })], [forward([['c', 1]], { retry: slow })])
  const { plane: made, port } = await plane(changes, { draw: () => 0.5 })
  const first = talk(port, get())
  await expect.poll(() => counted(made, 'destination')).toEqual(['v1 503 - 1'])
  expect(statusOf(await talk(port, get()))).toBe(503)
  expect(counted(made)).toEqual(['v1 503 UO 1'])
  expect(statusOf(await first)).toBe(503)
  expect(counted(made)).toEqual(['v1 503 UO 1', 'v1 503 URX 1'])
})
