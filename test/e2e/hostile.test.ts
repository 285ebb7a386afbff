// Bad input of every kind on every port, beside a light load: each is answered in words or ended, nothing is lost, nothing is down.

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { seeded } from '../../src/std/draw.ts'
import {
  bodyOf,
  call,
  dial,
  dialled,
  type LightLoad,
  lightLoad,
  memoryOf,
  statusOf,
  talk,
  type Target,
  targetOf,
  tokenOf,
  troubles,
  workersOf
} from './hostile.ts'
import { KUBECTL_FOUND, until } from './run.ts'
import { ROOT, type Serin, startSerin } from './serin.ts'

let serin: Serin
let load: LightLoad
let workers: number[]
let token: string
const targets: Record<string, Target> = {}
const open: Socket[] = []

const api = (path: string, options: { method?: string; headers?: Record<string, string> } = {}, body?: string | Buffer) =>
  call(`${serin.addresses.api}${path}`, { ...options, headers: { authorization: `Bearer ${token}`, ...options.headers } }, body)

beforeAll(async () => {
  serin = await startSerin({ files: [`${ROOT}/examples/shop`] })
  token = tokenOf(serin)
  await until('the shop answers', async () => (await call(serin.addresses.http, { headers: { host: 'shop.example' } })).status === 200)
  const items = async (path: string): Promise<Record<string, Record<string, string>>[]> =>
    (JSON.parse((await api(path)).text) as { items: Record<string, Record<string, string>>[] }).items
  const [service] = await items('/api/v1/namespaces/shop/services?fieldSelector=metadata.name=reviews')
  const [pod] = await items('/api/v1/namespaces/shop/pods?labelSelector=version=v1')
  Object.assign(targets, {
    gateway: targetOf(serin.addresses.http),
    mesh: targetOf(serin.addresses.mesh),
    service: { address: service?.['spec']?.['clusterIP'], port: 9080, secure: false },
    pod: { address: pod?.['status']?.['podIP'], port: 15_001, secure: false },
    api: targetOf(serin.addresses.api),
    admin: targetOf(serin.addresses.admin)
  })
  workers = workersOf(serin)
  load = lightLoad(serin.addresses.http, 'shop.example')
}, 60_000)

afterAll(() => serin.stop())

afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy()
  expect(await call(`${serin.addresses.admin}/healthz`)).toEqual({ status: 200, text: 'ok\n' })
  expect((await api('/api/v1/namespaces/shop')).status).toBe(200)
  expect(workersOf(serin)).toEqual(workers)
  expect(troubles(serin)).toEqual([])
})

const target = (name: string): Target => targets[name] ?? { address: '', port: 0, secure: false }
const HOST: Record<string, string> = {
  gateway: 'shop.example',
  mesh: 'reviews.shop:9080',
  service: '127.0.0.1:9080',
  pod: 'reviews.shop:9080'
}
const MESH = Object.keys(HOST)
const PORTS = [...MESH, 'api', 'admin']
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'

// Head lines after the request line and Host; [status of the mesh's ports, status of the API and admin ports].
const FIELDS: readonly (readonly [fields: string, mesh: number, others: number])[] = [
  ['Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400, 400],
  ['Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd', 400, 400],
  ['Content-Length: 4, 4\r\n\r\nabcd', 400, 400],
  ['Content-Length: -1\r\n\r\n', 400, 400],
  ['Content-Length: 99999999999999999999\r\n\r\n', 400, 400],
  ['Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 501, 501],
  ['Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400, 400],
  ['X: a\r\n folded\r\n\r\n', 400, 400],
  ['X: a\nY: b\r\n\r\n', 400, 400],
  ['X\u0000: a\r\n\r\n', 400, 400],
  ['X: a\u0000\r\n\r\n', 400, 400],
  ['X : a\r\n\r\n', 400, 400],
  ['Host: other\r\n\r\n', 400, 400],
  ['Expect: tea\r\n\r\n', 417, 417],
  [`X: ${'y'.repeat(70_000)}\r\n\r\n`, 431, 431],
  [`${'X: 1\r\n'.repeat(3000)}\r\n`, 431, 431],
  ['Transfer-Encoding: chunked\r\n\r\nzz\r\n', 400, 400],
  ['Transfer-Encoding: chunked\r\n\r\n-1\r\n', 400, 400],
  ['Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 3\r\n\r\n', 400, 400],
  [`Transfer-Encoding: chunked\r\n\r\n1;${'a'.repeat(20_000)}\r\nx\r\n0\r\n\r\n`, 400, 413]
]
// Whole beginnings of a connection.
const STARTS: readonly (readonly [bytes: string, mesh: number, others: number])[] = [
  ['GET / HTTP/1.1\r\n\r\n', 400, 400],
  ['GET / HTTP/1.1\nHost: localhost\n\n', 400, 400],
  [`GET /${'a'.repeat(70_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 431, 431],
  ['POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400, 400],
  ['GET / HTTP/1.2\r\nHost: localhost\r\n\r\n', 505, 400],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505, 400],
  ['CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', 405, 405],
  ['get / HTTP/1.1\r\nHost: localhost\r\n\r\n', 400, 400],
  ['\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003', 400, 400],
  ['\u0080\u0081\u0082\u0083', 400, 400]
]

describe.each(PORTS)('on the port of the %s', (name) => {
  const isMesh = MESH.includes(name)
  const authority = HOST[name] ?? 'localhost'
  const path = isMesh ? '/x' : '/api/v1/namespaces'

  it('broken and ambiguous requests get one answer in words, and what follows them is not read', async () => {
    const authorization = isMesh ? '' : `Authorization: Bearer ${token}\r\n`
    const withFields = FIELDS.map(
      ([fields, ...want]) => [`POST ${path} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}${fields}`, ...want] as const
    )
    const results = await Promise.all(
      [...withFields, ...STARTS].map(async ([bytes, mesh, others]) => {
        const text = await talk(target(name), bytes + SMUGGLED)
        const answers = text.match(/HTTP\/1\.1 \d{3}/g)?.length
        const problem = statusOf(text) !== (isMesh ? mesh : others) || answers !== 1 || bodyOf(text).length < 8
        return problem ? `${JSON.stringify(bytes.slice(0, 90))}: ${JSON.stringify(text.slice(0, 300))}` : ''
      })
    )
    expect(results.filter((problem) => problem !== '')).toEqual([])
  })

  it('connections that break off at any byte, or send anything at all, end alone', async () => {
    const whole = `POST /x HTTP/1.1\r\nHost: ${authority}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`
    const draw = seeded(name.length)
    const noise = Array.from({ length: 40 }, () => Buffer.from(Array.from({ length: 200 }, () => Math.floor(draw() * 256))))
    const cuts = Array.from({ length: Math.ceil(whole.length / 3) }, (_, at) => Buffer.from(whole.slice(0, at * 3)))
    await Promise.all(
      [...cuts, ...noise].map(async (bytes, index) => {
        const socket = await dialled(target(name))
        const closed = new Promise((resolve) => socket.once('close', resolve))
        socket.resume()
        if (index % 2 === 0) socket.end(bytes, () => undefined)
        else socket.write(bytes, () => (target(name).secure || socket.destroyed ? socket.destroy() : socket.resetAndDestroy()))
        // The other side ends what it will never understand; what it still waits for, we end.
        socket.once('end', () => socket.destroy())
        if (!socket.destroyed) await closed
      })
    )
  })

  it('2000 connections that say nothing, and some that say a byte at a time, keep nobody out', async () => {
    const idle = await Promise.all(Array.from({ length: 2000 }, () => dialled({ ...target(name), secure: false })))
    open.push(...idle)
    const slow = await Promise.all(Array.from({ length: 20 }, () => dialled(target(name))))
    open.push(...slow)
    const bytes = `GET / HTTP/1.1\r\nHost: ${authority}\r\n`
    for (const letter of bytes) {
      for (const socket of slow) socket.write(letter)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const { secure, address, port } = target(name)
    const health = name === 'admin' ? '/healthz' : name === 'api' ? '/readyz' : '/'
    const { status } = await call(`${secure ? 'https' : 'http'}://${address}:${port}${health}`, { headers: { host: authority } })
    expect(status).toBe(200)
  })
})

it('pipelined requests are answered in order on every port', async () => {
  const paths: Record<string, string> = { api: '/livez', admin: '/healthz' }
  for (const name of PORTS) {
    const head = `Host: ${HOST[name] ?? 'localhost'}\r\n`
    const request = `GET ${paths[name] ?? '/p'} HTTP/1.1\r\n${head}`
    const text = await talk(target(name), `${`${request}\r\n`.repeat(30)}${request}Connection: close\r\n\r\n`)
    expect([name, text.match(/HTTP\/1\.1 200 OK/g)?.length]).toEqual([name, 31])
  }
})

it('an unknown host is 404 at the gateway and no answer of a Service in the mesh', async () => {
  expect((await call(serin.addresses.http, { headers: { host: 'nobody.example' } })).status).toBe(404)
  expect((await call(serin.addresses.mesh, { headers: { host: 'nobody.invalid' } })).status).toBeGreaterThanOrEqual(400)
})

it('a plain request on the TLS port is told what the port speaks', async () => {
  const text = await talk({ ...target('api'), secure: false }, 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n')
  expect([statusOf(text), bodyOf(text)]).toEqual([400, expect.stringContaining('plain HTTP on a port that speaks HTTPS')])
  expect(await talk({ ...target('api'), secure: false }, Buffer.from('\u0016\u0003\u0001garbage'))).not.toContain('HTTP')
})

it('bodies: over the limit of the API 413, malformed or ill-typed ones named, large ones through the gateway whole', async () => {
  const path = '/api/v1/namespaces/shop/configmaps'
  const headers = { 'content-type': 'application/json' }
  const post = (body: string | Buffer) => api(path, { method: 'POST', headers }, body)
  expect(await post(Buffer.alloc(4_000_000, 32))).toMatchObject({
    status: 413,
    text: expect.stringContaining('limit is 3145728') as string
  })
  expect(await post('{"metadata":')).toMatchObject({ status: 400, text: expect.stringContaining('unexpected end of JSON') as string })
  expect((await post('[')).status).toBe(400)
  expect((await post('{"metadata":{"name":"x"},"data":{"a":1}}')).status).toBeGreaterThanOrEqual(400)
  expect((await api(path, { method: 'POST', headers: { 'content-type': 'application/yaml' } }, 'a: [')).text).toContain('yaml')
  const large = await call(serin.addresses.http, { method: 'POST', headers: { host: 'shop.example' } }, Buffer.alloc(8_000_000, 32))
  expect(large.status).toBe(200)
  expect((await call(`${serin.addresses.admin}/metrics`, { method: 'POST' }, Buffer.alloc(8_000_000, 32))).status).toBe(405)
})

it('a wrong token, Host or Origin is refused by the API with a Status', async () => {
  const refused = async (headers: Record<string, string>) => {
    const { status, text } = await api('/api/v1/pods', { headers })
    return [status, (JSON.parse(text) as { reason: string }).reason]
  }
  expect(await refused({ authorization: 'Bearer wrong' })).toEqual([401, 'Unauthorized'])
  expect(await refused({ authorization: 'Basic d3Jvbmc=' })).toEqual([401, 'Unauthorized'])
  expect(await refused({ host: 'evil.example' })).toEqual([403, 'Forbidden'])
  expect(await refused({ origin: 'https://evil.example' })).toEqual([403, 'Forbidden'])
})

it('watchers that never read are let go, and the memory that they cost is bounded', async () => {
  const path = '/api/v1/namespaces/shop/configmaps'
  const before = memoryOf(serin.pid)
  const watchers = await Promise.all(Array.from({ length: 12 }, () => dialled(target('api'))))
  open.push(...watchers)
  const gone = watchers.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
  for (const socket of watchers) {
    socket.write(`GET ${path}?watch=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`)
    await once(socket, 'data')
    socket.pause()
  }
  await api(path, { method: 'POST' }, JSON.stringify({ metadata: { name: 'big' } }))
  for (let count = 0; count < 60; count++) {
    const data = JSON.stringify({ metadata: { name: 'big' }, data: { big: `${count}${'x'.repeat(200_000)}` } })
    expect((await api(`${path}/big`, { method: 'PUT' }, data)).status).toBe(200)
  }
  expect(memoryOf(serin.pid) - before).toBeLessThan(250)
  for (const socket of watchers) socket.resume()
  await Promise.all(gone)
})

it('exec: bad handshakes, bad frames, a message over the limit and a reader that never reads end alone', async () => {
  const [pod] = (
    JSON.parse((await api('/api/v1/namespaces/shop/pods?labelSelector=version=v1')).text) as { items: { metadata: { name: string } }[] }
  ).items
  const path = `/api/v1/namespaces/shop/pods/${pod?.metadata.name}/exec?stdin=1&stdout=1&command=sh&command=-c&command=`
  const handshake = (command: string, more = ''): string =>
    `GET ${path}${encodeURIComponent(command)} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n${more}\r\n`
  const frames = ['\u0082\u0005hello', '\u00ff\u00ff\u00ff\u00ff', '\u0082\u00ff\u0000\u0000\u0000\u0000\u0010\u0000\u0000\u0000abcd']
  for (const frame of frames) expect(await talk(target('api'), handshake('cat') + frame)).toMatch(/^HTTP\/1\.1 101 /)
  const bad = handshake('cat').replace('Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: 99')
  expect(statusOf(await talk(target('api'), bad))).toBe(400)
  expect(statusOf(await talk(target('api'), handshake('cat').replace(`Bearer ${token}`, 'Bearer x')))).toBe(401)
  const watch = handshake('cat').replace(path, '/api/v1/pods?watch=1&')
  expect(statusOf(await talk(target('api'), watch))).toBe(404)
  const before = memoryOf(serin.pid)
  const reader = dial(target('api'))
  open.push(reader)
  reader.write(handshake('yes'))
  await once(reader, 'data')
  reader.pause()
  expect((await api('/api/v1/namespaces/shop')).status).toBe(200)
  expect(memoryOf(serin.pid) - before).toBeLessThan(150)
})

it.skipIf(!KUBECTL_FOUND)('kubectl: malformed YAML, wrong types and unknown fields are refused in words that name the field', async () => {
  const apply = async (input: string) => serin.kubectl(['apply', '-f', '-'], { input })
  const service = (spec: string): string => `apiVersion: v1\nkind: Service\nmetadata: {name: x, namespace: shop}\nspec: ${spec}\n`
  const rule = 'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: x, namespace: shop}\nspec: '
  const results = await Promise.all([
    apply('a: [1'),
    apply(service('{ports: [{port: eighty}]}')),
    apply(service('{ports: [{port: 80}], colour: red}')),
    apply(`${rule}{hosts: [x], http: [{route: [{destination: {host: x}, weight: heavy}]}]}\n`),
    apply(`${rule}{hosts: [x], http: [{rout: []}]}\n`),
    apply('apiVersion: v1\nkind: Nonsense\nmetadata: {name: x}\n')
  ])
  const want = [
    /yaml|YAML/,
    /port/,
    /unknown field "spec.colour"/,
    /weight/,
    /unknown field "spec.http\[0\].rout"/,
    /no matches for kind "Nonsense"/
  ]
  expect(results.map(({ code, stderr }, at) => (code === 0 || want[at]?.test(stderr) !== true ? stderr : 'refused'))).toEqual(
    want.map(() => 'refused')
  )
  expect((await serin.kubectl(['get', 'pods', '-n', 'shop'])).code).toBe(0)
})

it('every request of the light load beside all this was answered 200', async () => {
  const outcomes = await load.stop()
  expect(Object.keys(outcomes)).toEqual(['200'])
  expect(outcomes['200']).toBeGreaterThan(100)
})
