import type { LookupAddress } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createAuthority, issueServer } from '../server/certificate.ts'
import { type GuardedRequest, guardedFetch } from './guarded-fetch.ts'
import type { LookUpAll } from './http-exchange.ts'
import { OUTBOUND_RULES } from './outbound-rules.ts'

interface Seen {
  readonly line: string
  readonly body: string
  readonly headers: http.IncomingHttpHeaders
}

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void

interface Served {
  readonly port: number
  readonly url: string
  readonly seen: Seen[]
}

async function listening(server: http.Server | https.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => server.close().closeAllConnections())
  return (server.address() as AddressInfo).port
}

function watched(seen: Seen[], answer: Answer): http.RequestListener {
  return (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      seen.push({ line: `${request.method} ${request.url}`, body, headers: request.headers })
      answer(request, response)
    })
  }
}

async function serve(answer: Answer): Promise<Served> {
  const seen: Seen[] = []
  const port = await listening(http.createServer(watched(seen, answer)))
  return { port, url: `http://127.0.0.1:${port}`, seen }
}

const ok: Answer = (_, response) => response.end('ok')
const redirect =
  (status: number, location: string): Answer =>
  ({ url }, response) =>
    url === '/end' ? response.end('ok') : response.writeHead(status, { location }).end()

const never = new AbortController().signal
const get = (url: string, more: Partial<GuardedRequest> = {}): GuardedRequest => ({ url, timeout: 2000, bodyMax: 1000, ...more })
const post = (url: string, more: Partial<GuardedRequest> = {}): GuardedRequest => get(url, { method: 'POST', body: 'text', ...more })
const names =
  (table: Readonly<Record<string, readonly string[]>>): LookUpAll =>
  (host, done) =>
    done(
      null,
      (table[host] ?? []).map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }))
    )

test.each([
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/',
  'http://0xa9fea9fe/',
  'http://0xA9.254.0251.0376/',
  'http://0251.0376.0251.0376/',
  'http://169.254.43518/',
  'http://169.254.169.254./',
  'http://①⑥⑨.②⑤④.169.254/',
  'http://[::ffff:169.254.169.254]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[fe80::1]/',
  'http://[fd00:ec2::254]/',
  'https://user:password@169.254.169.254:8443/'
])('%s is never called', async (url) => {
  const answer = await guardedFetch()(get(url), never)
  expect(answer).toMatchObject({ kind: 'refused', because: expect.stringContaining('link-local or metadata address') })
})

test.each(['file:///etc/passwd', 'ftp://127.0.0.1/', 'gopher://127.0.0.1/', 'javascript:alert(1)', 'unix:/run/docker.sock'])(
  '%s is not called',
  async (url) => {
    expect(await guardedFetch()(get(url), never)).toMatchObject({
      kind: 'refused',
      because: expect.stringContaining('only http and https')
    })
  }
)

test('a name is judged by the address of the connection itself, which it is asked for once', async () => {
  const asked: string[] = []
  const rebinding: LookUpAll = (host, done) => {
    asked.push(host)
    names({ 'a.example': [asked.length === 1 ? '169.254.169.254' : '127.0.0.1'] })(host, done)
  }
  expect(await guardedFetch(OUTBOUND_RULES, rebinding)(get('http://a.example/'), never)).toEqual({
    kind: 'refused',
    because: 'a.example: 169.254.169.254 is a link-local or metadata address, which is not called'
  })
  expect(asked).toEqual(['a.example'])
})

test('of several addresses of a name those out of bounds are left out', async () => {
  const { port } = await serve(ok)
  const mixed = names({ 'a.example': ['fe80::1', '169.254.1.1', '127.0.0.1'] })
  expect(await guardedFetch(OUTBOUND_RULES, mixed)(get(`http://a.example:${port}/`), never)).toMatchObject({ kind: 'answered', body: 'ok' })
})

test("what the program's own proxy would connect to is judged as if it were dialled", async () => {
  const { port, seen } = await serve(ok)
  const behind = (...addresses: readonly string[]) =>
    guardedFetch()(
      get('http://b.example/', { via: () => ({ proxy: `http://127.0.0.1:${port}`, host: 'b.example', isOwn: true, behind: addresses }) }),
      never
    )
  expect(await behind('203.0.113.1', '169.254.169.254')).toEqual({
    kind: 'refused',
    because: 'b.example: 169.254.169.254 is a link-local or metadata address, which is not called'
  })
  expect(await behind('::ffff:169.254.169.254')).toMatchObject({ kind: 'refused' })
  expect(seen).toEqual([])
  expect(await behind('203.0.113.1', 'no address')).toMatchObject({ kind: 'answered' })
})

test('loopback can be refused, by address and by name', async () => {
  const { port, seen } = await serve(ok)
  const call = guardedFetch({ ...OUTBOUND_RULES, loopback: 'refused' }, names({ 'a.example': ['127.0.0.1'] }))
  for (const host of ['127.0.0.1', '0', '[::1]', 'a.example'])
    expect(await call(get(`http://${host}:${port}/`), never)).toMatchObject({ kind: 'refused' })
  const via = (isOwn: boolean) => () => ({ proxy: `http://127.0.0.1:${port}`, host: 'b.example', isOwn })
  expect(await call(get('http://b.example/', { via: via(false) }), never)).toMatchObject({ kind: 'refused' })
  expect(await call(get('http://b.example/', { via: via(true) }), never)).toMatchObject({ kind: 'answered' })
  expect(seen.map(({ line }) => line)).toEqual(['GET http://b.example/'])
})

test('redirects on the host that was called are followed as browsers do', async () => {
  const [found, kept] = [await serve(redirect(302, '/end')), await serve(redirect(307, '/end'))]
  expect(await guardedFetch()(post(found.url), never)).toMatchObject({ kind: 'answered', status: 200, body: 'ok' })
  expect(found.seen.map(({ line, body }) => [line, body])).toEqual([
    ['POST /', 'text'],
    ['GET /end', '']
  ])
  await guardedFetch()(post(kept.url), never)
  expect(kept.seen.map(({ line, body }) => [line, body])).toEqual([
    ['POST /', 'text'],
    ['POST /end', 'text']
  ])
  const round = await serve(redirect(302, '/'))
  expect(await guardedFetch()(get(round.url), never)).toMatchObject({
    kind: 'refused',
    because: expect.stringContaining('more than 10 times')
  })
})

test('redirects to another host are followed only where that is allowed, and take no credentials along', async () => {
  const other = await serve(ok)
  const { url } = await serve(redirect(307, `http://localhost:${other.port}/end`))
  const request = post(url, { headers: { Authorization: 'Bearer secret', 'x-other': '1' } })
  expect(await guardedFetch()(request, never)).toMatchObject({
    kind: 'refused',
    because: expect.stringMatching(/redirects to another host, localhost:\d+, which is not followed/)
  })
  expect(other.seen).toEqual([])
  expect(await guardedFetch({ ...OUTBOUND_RULES, redirects: 'any' })(request, never)).toMatchObject({ kind: 'answered', body: 'ok' })
  expect(other.seen[0]).toMatchObject({ line: 'POST /end', headers: { 'x-other': '1' } })
  expect(other.seen[0]?.headers).not.toHaveProperty('authorization')
  const bad = await serve(redirect(307, 'http://169.254.169.254/'))
  expect(await guardedFetch({ ...OUTBOUND_RULES, redirects: 'any' })(get(bad.url), never)).toMatchObject({ kind: 'refused' })
})

test('an endless answer ends at its bound, a dripping one in time; an aborted call rejects', async () => {
  const endless = await serve((_, response) => {
    const more = (): void => {
      while (response.write('x'.repeat(10_000)));
    }
    response.on('drain', more)
    more()
  })
  expect(await guardedFetch()(get(endless.url), never)).toMatchObject({ kind: 'answered', body: 'x'.repeat(1000), isCut: true })
  const silent = await serve(() => undefined)
  const late = await guardedFetch()(get(`${silent.url}/secret?token=1`, { timeout: 30 }), never)
  expect(late).toEqual({ kind: 'unreachable', because: `no answer from 127.0.0.1:${silent.port} in 30 ms` })
  const stop = new AbortController()
  const stopping = await serve(() => stop.abort(new Error('shutting down')))
  await expect(guardedFetch()(get(stopping.url), stop.signal)).rejects.toThrow('shutting down')
  await expect(guardedFetch()(get(stopping.url), stop.signal)).rejects.toThrow('shutting down')
})

test('a user in the URL becomes Basic credentials', async () => {
  const { port, seen } = await serve(ok)
  await guardedFetch()(get(`http://me:p%40ss@127.0.0.1:${port}/`), never)
  expect(seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
})

async function serveTls(): Promise<Served> {
  const validity = { from: Date.now() - 1000, until: Date.now() + 60_000 }
  const { key, certificate } = issueServer(createAuthority('test', validity), 'test', ['localhost'], validity)
  const seen: Seen[] = []
  const port = await listening(https.createServer({ key, cert: certificate }, watched(seen, ok)))
  return { port, url: `https://localhost:${port}`, seen }
}

test('certificates are verified, unless that is switched off', async () => {
  const { url } = await serveTls()
  expect(await guardedFetch()(get(url), never)).toMatchObject({ kind: 'unreachable', because: expect.stringMatching(/certificate/) })
  expect(await guardedFetch()(get(url, { insecure: true }), never)).toMatchObject({ kind: 'answered', body: 'ok' })
})

test('a proxy gets http URLs whole and a tunnel for https', async () => {
  const plain = await serve(ok)
  const secure = await serveTls()
  const tunnels: string[] = []
  const server = http.createServer((request, response) => response.end(`${request.method} ${request.url}`))
  server.on('connect', (request, socket) => {
    tunnels.push(request.url ?? '')
    const upstream = connect(secure.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
  })
  const proxy = `http://127.0.0.1:${await listening(server)}`
  const via = ({ hostname }: URL) => ({ proxy, host: hostname, isOwn: false })
  expect(await guardedFetch()(get('http://a.example:81/x?y', { via }), never)).toMatchObject({ body: 'GET http://a.example:81/x?y' })
  const tunnelled = post(secure.url.replace('localhost', 'b.example'), { via, insecure: true })
  expect(await guardedFetch()(tunnelled, never)).toMatchObject({ kind: 'answered', body: 'ok' })
  expect(tunnels).toEqual([`b.example:${secure.port}`])
  expect(secure.seen[0]).toMatchObject({ line: 'POST /', body: 'text' })
  const refusing = get('https://b.example/', { via: () => ({ proxy: plain.url, host: 'b.example', isOwn: false }) })
  expect(await guardedFetch()(refusing, never)).toMatchObject({ kind: 'unreachable' })
})
