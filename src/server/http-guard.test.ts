import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import tls from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { createAuthority, issueServer } from './certificate.ts'
import { GUARDED, guardServer } from './http-guard.ts'

const body = (status: number, message: string): { type: string; text: string } => ({ type: 'text/plain', text: `${status} ${message}\n` })

const seen: (string | undefined)[] = []

// Answers `path` at once, but for /wait, which is answered when the test says so.
function listenerOf(waiting: (() => void)[]): http.RequestListener {
  return (request, response) => {
    request.resume()
    seen.push(request.url)
    if (request.url === '/wait') waiting.push(() => response.end('waited'))
    else response.end(request.url)
  }
}

async function serve(server: http.Server, connectionsMax = 100, waiting: (() => void)[] = []): Promise<number> {
  guardServer(server, { connectionsMax, body, listener: listenerOf(waiting) })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

function dial(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  return socket
}

// What comes back until the other side ends, as text.
async function talk(socket: Socket, bytes: string): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString('latin1')))
  socket.write(bytes, 'latin1')
  await once(socket, 'close')
  return text
}

const statusAndBody = (text: string): string => `${text.split(' ')[1]} ${text.slice(text.indexOf('\r\n\r\n') + 4).trim()}`

test.each([
  ['GET / HTTP/1.1\r\n\r\n', /^400 400 the request has no Host header$/],
  ['GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', /^400 400 the request has more than one Host header$/],
  ['GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n', /^400 400 the request target must be a path$/],
  ['GET /\r\n\r\n', /^505 505 only HTTP\/1.0 and HTTP\/1.1 are spoken here$/],
  ['POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', /^400 400 Transfer-Encoding in an HTTP\/1.0 request$/],
  ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', /^501 501 .*not "gzip, chunked"$/],
  [
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    /^400 400 this is not an HTTP\/1.1 request: \w/
  ],
  ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n', /^400 400 this is not an HTTP\/1.1 request: .*Content-Length/],
  ['GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n', /^400 400 this is not an HTTP\/1.1 request: \w/],
  ['\u0016\u0003\u0001\u0002\u0000\u0001', /^400 400 a TLS handshake where HTTP is spoken$/],
  [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`, /^431 431 the request header is too long$/],
  [
    `POST /wait HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;${'a'.repeat(20_000)}\r\n`,
    /^413 413 the chunk extensions are too long$/
  ],
  ['GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n', /^417 417 the only expectation/],
  ['CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', /^405 405 CONNECT is not served here: a:443$/]
])('what is no sound request is answered in words and its connection ended: %#', async (bytes, want) => {
  const port = await serve(http.createServer(GUARDED))
  const text = await talk(dial(port), `${bytes}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`)
  expect(statusAndBody(text)).toMatch(want)
  expect(seen).not.toContain('/smuggled')
})

test('a body that breaks off after its answer gets no second answer', async () => {
  const port = await serve(http.createServer(GUARDED))
  const socket = dial(port)
  socket.write('POST /early HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
  const [first] = (await once(socket, 'data')) as [Buffer]
  expect(first.toString()).toContain('200 OK')
  expect(await talk(socket, 'zz\r\n')).not.toContain('HTTP/1.1')
})

test('a head that does not come in time is answered 408', async () => {
  const port = await serve(http.createServer({ ...GUARDED, headersTimeout: 50, connectionsCheckingInterval: 20 }))
  expect(statusAndBody(await talk(dial(port), 'GET / HTTP/1.1\r\nHo'))).toBe('408 408 the request did not come in time')
})

test('at the limit the oldest idle connection makes room, and one in use never does', async () => {
  const waiting: (() => void)[] = []
  const port = await serve(http.createServer(GUARDED), 3, waiting)
  const busy = dial(port)
  busy.write('GET /wait HTTP/1.1\r\nHost: a\r\n\r\n')
  await expect.poll(() => waiting.length).toBe(1)
  const idle = dial(port)
  await once(idle, 'connect')
  const gone = once(idle, 'close')
  const others = [dial(port), dial(port)]
  await gone
  for (const socket of others) socket.write('GET /wait HTTP/1.1\r\nHost: a\r\n\r\n')
  await expect.poll(() => waiting.length).toBe(3)
  // Everyone has a request: the newcomer is turned away.
  await once(dial(port), 'close')
  waiting[0]?.()
  const [answer] = (await once(busy, 'data')) as [Buffer]
  expect(answer.toString()).toContain('waited')
})

test('plain HTTP on a TLS port is told so, and idle TLS connections make room as well', async () => {
  const validity = { from: Date.now() - 60_000, until: Date.now() + 3_600_000 }
  const { certificate: cert, key } = issueServer(createAuthority('t', validity), 't', ['127.0.0.1'], validity)
  const port = await serve(https.createServer({ ...GUARDED, cert, key }), 1)
  const socket = dial(port)
  expect(statusAndBody(await talk(socket, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'))).toBe('400 400 plain HTTP on a port that speaks HTTPS')
  const first = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  first.on('error', () => undefined)
  await once(first, 'secureConnect')
  const gone = new Promise((resolve) => first.once('close', resolve))
  const second = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  onTestFinished(() => void second.destroy())
  await gone
  second.write('GET /second HTTP/1.1\r\nHost: a\r\n\r\n')
  const [answer] = (await once(second, 'data')) as [Buffer]
  expect(answer.toString()).toContain('/second')
})

test('bytes behind a request that closes the connection do not cost it its answer', async () => {
  const port = await serve(http.createServer(GUARDED))
  const text = await talk(dial(port), 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /more HTTP/1.1\r\nHost: a\r\n\r\n')
  expect([text.match(/HTTP\/1\.1 /g)?.length, statusAndBody(text)]).toEqual([1, '200 /last'])
})
