// Bodies pass both ways whole, in every framing, at the reader's pace, and an answer may come before the request has ended.

import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
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
  table,
  talk,
  until,
  upstream
} from '../../test/proxy-plane.ts'

describe.each<ReadMode>(['buffer', 'data'])('reading by %s', (readMode) => {
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

  test('short answers that wait for a slow reader stay what they are while others are answered', async () => {
    let served = 0
    const answer = (head: string): string => {
      served++
      return ok((head.split(' ')[1] ?? '').padEnd(4000, '.'))
    }
    const up = await upstream((socket) => onHeads(socket, answer))
    const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    const slow = connect({ port, host: '127.0.0.1' })
    cleanups.push(() => slow.destroy())
    // Until more waits here than the kernel takes.
    const waits = (): boolean => made.recorder.reached()['pendingBytesMax'] !== undefined
    let asked = 0
    while (!waits()) {
      slow.write(Array.from({ length: 20 }, () => `GET /${++asked} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
      await until(() => waits() || served === asked)
    }
    const others = Array.from({ length: 20 }, async (_, at) => bodyOf(await talk(port, get(`/other${at}`))))
    expect((await Promise.all(others)).map((body) => body.replaceAll('.', ''))).toEqual(others.map((_, at) => `/other${at}`))
    let text = ''
    slow.on('data', (bytes) => (text += bytes.toString('latin1')))
    await until(() => text.length > 4000 * asked && text.endsWith(`/${asked}`.padEnd(4000, '.')))
    const bodies = text.split(/HTTP\/1\.1 200 OK\r\n[^]*?\r\n\r\n/).slice(1)
    expect(bodies).toEqual(Array.from({ length: asked }, (_, at) => `/${at + 1}`.padEnd(4000, '.')))
  })

  test('an answer cut off in its body cuts off the client and is counted', async () => {
    const up = await upstream((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')))
    const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]), { readMode })
    expect(bodyOf(await talk(port, get()))).toBe('abc')
    expect(counted(made)).toEqual(['v1 200 UC 1'])
  })
})
