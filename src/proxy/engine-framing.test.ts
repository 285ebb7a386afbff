// What is not HTTP, on either side, is refused or ends the connection: nothing of it is taken for another message.

import { connect } from 'node:net'
import type { Socket } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ReadMode } from './transport.ts'
import {
  bodyOf,
  cleanups,
  cluster,
  counted,
  endpoint,
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

describe.each<ReadMode>(['buffer', 'data'])('reading by %s', (readMode) => {
  test.each(['HTTP/1.1 103 Early\r\nConnection: close', 'HTTP/1.0 100 Continue'])('%j leaves no final answer: 502', async (interim) => {
    const up = await upstream((socket) => onHeads(socket, () => `${interim}\r\n\r\n${ok('behind')}`))
    const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    const text = await talk(port, get())
    expect(text).toMatch(/^HTTP\/1\.1 502 /)
    expect(text).not.toContain('behind')
  })

  test('thousands of interim answers in one read come before the final one', async () => {
    const up = await upstream((socket) => onHeads(socket, () => 'HTTP/1.1 100\r\n\r\n'.repeat(4000) + ok('at last')))
    const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    expect(bodyOf(await talk(port, get()))).toBe('at last')
  })

  test('a request that was answered early gets no second answer for the rest of its body, whatever that is', async () => {
    const { port } = await plane(table([], [forward([['absent', 1]])]), { readMode })
    const client = connect({ port, host: '127.0.0.1', noDelay: true })
    cleanups.push(() => client.destroy())
    let text = ''
    let closed = false
    client.on('data', (bytes) => (text += bytes.toString('latin1')))
    client.on('close', () => (closed = true))
    client.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
    await until(() => text.includes('\r\n\r\n'))
    client.write('no chunk\r\n')
    await until(() => closed)
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 503'])
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

  const DELAYED = { delay: { millis: 60_000, millionths: 1_000_000 }, abort: { status: 418, grpc: undefined, millionths: 1_000_000 } }
  test.each([
    ['to an endpoint', {}],
    ['answered after a while', { fault: DELAYED }]
  ])('a request %s whose body is malformed from its first bytes on counts in flight as any other', async (_, more) => {
    const up = await upstream((socket) => onHeads(socket, () => ok('wrong')))
    const { port, plane: made } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]], more)]), { readMode })
    expect(statusOf(await talk(port, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'))).toBe(400)
    expect(made.load.requests).toBe(0)
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
