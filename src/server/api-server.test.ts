import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { connect } from 'node:tls'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { systemClock } from '../host/system-clock.ts'
import { BUILTIN_KINDS } from '../api/builtin-kinds.ts'
import { FLAGGER_KINDS } from '../api/flagger-kinds.ts'
import { EmbeddedApi } from '../kube/embedded-api.ts'
import { MemoryJournal } from '../kube/memory-journal.ts'
import { seeded } from '../std/draw.ts'
import { apiRules } from '../store/api-rules.ts'
import type { PodAccess } from '../kube/pod-access.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { createAuthority, issueServer } from './certificate.ts'

const clock = systemClock()
const token = randomBytes(16).toString('hex')
const now = Date.now()
const validity = { from: now - 60_000, until: now + 3_600_000 }
const authority = createAuthority('test', validity)
// A pod that says what it was given and ends with the code that it reads.
const pods: PodAccess = {
  log: (pod, container, options) => ({
    kind: 'log',
    chunks: (async function* () {
      yield Buffer.from(`${pod.namespace}/${pod.name}/${container} tail=${options.tailLines}\n`)
      await Promise.resolve()
    })()
  }),
  exec: async (_pod, _container, command, streams) => {
    await streams.stdout(Buffer.from(command.join(' ')))
    for await (const chunk of streams.stdin ?? []) return { kind: 'exited', code: Number(Buffer.from(chunk).toString()) }
    return { kind: 'exited', code: 0 }
  }
}
const logged: string[] = []
let server: ApiServer

beforeAll(async () => {
  const backend = await EmbeddedApi.open({
    kinds: [...BUILTIN_KINDS, ...FLAGGER_KINDS],
    rules: apiRules({}),
    journal: new MemoryJournal(),
    clock,
    draw: seeded(1)
  })
  const identity = issueServer(authority, 'test', ['127.0.0.1', 'localhost'], validity)
  const log = (line: string): number => logged.push(line)
  server = await startApiServer({ port: 0, identity, token, backend, pods, clock, draw: seeded(1), log })
  await call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'demo' } } })
  await call('POST', '/api/v1/namespaces/demo/pods', {
    body: { metadata: { name: 'web' }, spec: { containers: [{ name: 'app', image: 'a' }] } }
  })
})

afterAll(() => server.close())

interface Options {
  readonly body?: unknown
  readonly raw?: Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  readonly bearer?: string
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly bytes: Buffer
  readonly body: Record<string, unknown>
}

async function call(method: string, path: string, options: Options = {}): Promise<Answer> {
  const { body, raw, headers = {}, bearer = token } = options
  const bytes = raw ?? (body === undefined ? undefined : Buffer.from(JSON.stringify(body)))
  const request = httpsRequest(`${server.url}${path}`, {
    method,
    ca: authority.certificate,
    servername: 'localhost',
    headers: { authorization: `Bearer ${bearer}`, ...(bytes !== undefined && { 'content-length': bytes.length }), ...headers }
  })
  request.end(bytes)
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  const all = Buffer.concat(chunks)
  const text = response.headers['content-encoding'] === 'gzip' ? gunzipSync(all).toString() : all.toString()
  const json = /^\s*\{/.test(text) ? (JSON.parse(text) as Record<string, unknown>) : { text }
  return { status: response.statusCode ?? 0, headers: response.headers, bytes: all, body: json }
}

test('no token, a wrong token, a foreign Host or Origin are refused with a Status; health and version need no token', async () => {
  const pathOfPods = '/api/v1/pods'
  expect(await call('GET', pathOfPods, { bearer: 'x' })).toMatchObject({ status: 401, body: { kind: 'Status', reason: 'Unauthorized' } })
  expect(await call('GET', pathOfPods, { headers: { host: 'evil.example' } })).toMatchObject({ status: 403 })
  expect(await call('GET', pathOfPods, { headers: { origin: 'https://evil.example' } })).toMatchObject({ status: 403 })
  expect(await call('GET', pathOfPods)).toMatchObject({ status: 200, body: { kind: 'PodList' } })
  expect(await call('GET', '/readyz', { bearer: 'x' })).toMatchObject({ status: 200, body: { text: 'ok' } })
  expect(await call('GET', '/version', { bearer: 'x' })).toMatchObject({ status: 200, body: { major: '1' } })
})

test('an impersonated user may read discovery and nothing else', async () => {
  const headers = { 'impersonate-user': 'bob' }
  expect(await call('GET', '/apis', { headers })).toMatchObject({ status: 200 })
  expect(await call('GET', '/api/v1/namespaces/demo/pods', { headers })).toMatchObject({
    status: 403,
    body: { message: 'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "demo"' }
  })
})

test.each([
  ['garbage that is no JSON', Buffer.from('{"a":'), 'application/json', 400],
  ['a body that is no object', Buffer.from('[1]'), 'application/json', 400],
  ['nesting without end', Buffer.from('['.repeat(100_000)), 'application/json', 400],
  ['a __proto__ key', Buffer.from('{"metadata":{"name":"x"},"__proto__":{"a":1}}'), 'application/json', 400],
  ['a YAML alias bomb', Buffer.from(bomb()), 'application/yaml', 400],
  ['a YAML anchor that holds itself', Buffer.from('a: &a [*a, *a, *a, *a]'), 'application/yaml', 400],
  ['YAML nested without end', Buffer.from('? '.repeat(5000)), 'application/yaml', 400],
  ['two YAML documents', Buffer.from('a: 1\n---\na: 1\n'), 'application/yaml', 400],
  ['random bytes as protobuf', randomBytes(500), 'application/vnd.kubernetes.protobuf', 400],
  ['an unknown media type', Buffer.from('x'), 'application/cbor', 415],
  ['10 MB', Buffer.alloc(10_000_000, 32), 'application/json', 413]
])('%s is refused and the server stays up', async (_name, raw, type, status) => {
  const answer = await call('POST', '/api/v1/namespaces/demo/configmaps', { raw, headers: { 'content-type': type } })
  expect(answer).toMatchObject({ status, body: { kind: 'Status', status: 'Failure', code: status } })
  expect((await call('GET', '/livez')).status).toBe(200)
})

function bomb(): string {
  const levels = Array.from({ length: 12 }, (_, level) => `a${level + 1}: &a${level + 1} [${Array(9).fill(`*a${level}`).join(', ')}]`)
  return `a0: &a0 [x]\n${levels.join('\n')}\n`
}

test('half requests and garbage on the port end their own connection only', async () => {
  const plain = connectPlain(server.port, '127.0.0.1')
  plain.on('error', () => {})
  plain.resume()
  plain.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await once(plain, 'close')
  for (const bytes of [Buffer.from('\u0000\u0001garbage\r\n\r\n'), Buffer.from(`GET /api HTTP/1.1\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`)]) {
    const socket = connect({ port: server.port, host: '127.0.0.1', ca: authority.certificate })
    socket.on('error', () => {})
    socket.write(bytes)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1.1 4(00|31) /)
    socket.destroy()
  }
  const half = connect({ port: server.port, host: '127.0.0.1', ca: authority.certificate })
  await once(half, 'secureConnect')
  half.write(
    `POST /api/v1/namespaces/demo/configmaps HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\ncontent-length: 100\r\n\r\n{"a"`
  )
  half.destroy()
  expect((await call('GET', '/livez')).status).toBe(200)
  expect(logged).toEqual([])
})

test('a large answer is compressed for those who accept it', async () => {
  const data = { big: 'x'.repeat(200_000) }
  await call('POST', '/api/v1/namespaces/demo/configmaps', { body: { metadata: { name: 'big' }, data } })
  const packed = await call('GET', '/api/v1/namespaces/demo/configmaps/big', { headers: { 'accept-encoding': 'gzip' } })
  expect(packed.headers['content-encoding']).toBe('gzip')
  expect(packed.bytes.length).toBeLessThan(10_000)
  expect(packed.body).toMatchObject({ data })
  expect((await call('GET', '/api/v1/namespaces/demo/configmaps/big')).headers['content-encoding']).toBeUndefined()
})

test('discovery answers in the form asked for, OpenAPI under the hash of its content', async () => {
  const type = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'
  const groups = await call('GET', '/apis', { headers: { accept: type } })
  expect(groups).toMatchObject({ headers: { 'content-type': type }, body: { apiVersion: 'apidiscovery.k8s.io/v2beta1' } })
  expect((await call('GET', '/apis')).body).toMatchObject({ kind: 'APIGroupList' })
  const { paths } = (await call('GET', '/openapi/v3')).body as { paths: Record<string, { serverRelativeURL: string }> }
  const document = await call('GET', paths['apis/flagger.app/v1beta1']?.serverRelativeURL ?? '')
  expect(document.headers['cache-control']).toBe('public, immutable')
  expect(JSON.stringify(document.body)).toContain('"fieldValidation"')
})

test('OpenAPI v2 is protobuf for kubectl, JSON for all who ask for no form', async () => {
  const asked = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
  const packed = await call('GET', '/openapi/v2', { headers: { accept: asked } })
  expect(packed).toMatchObject({ status: 200, headers: { 'content-type': asked.replace('@', '.') } })
  const plain = await call('GET', '/openapi/v2')
  expect(plain.body).toMatchObject({ swagger: '2.0', definitions: { 'io.k8s.api.apps.v1.Deployment': { type: 'object' } } })
  const scale = '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale'
  expect(plain.body).toMatchObject({ paths: { [scale]: { patch: { 'x-kubernetes-group-version-kind': { kind: 'Scale' } } } } })
  const etag = String(plain.headers['etag'])
  expect((await call('GET', '/openapi/v2', { headers: { 'if-none-match': etag } })).status).toBe(304)
  expect((await call('GET', '/openapi/v2', { headers: { accept: 'image/png' } })).status).toBe(406)
})

test('the log of the only container is text, of an unknown container an error', async () => {
  const log = await call('GET', '/api/v1/namespaces/demo/pods/web/log?tailLines=5')
  expect(log).toMatchObject({ status: 200, headers: { 'content-type': 'text/plain' }, body: { text: 'demo/web/app tail=5\n' } })
  expect(await call('GET', '/api/v1/namespaces/demo/pods/web/log?container=no')).toMatchObject({
    status: 400,
    body: { message: 'container no is not valid for pod web' }
  })
  expect((await call('GET', '/api/v1/namespaces/demo/pods/none/log')).status).toBe(404)
})

test('exec carries output, input and the exit code over its channels', async () => {
  const query = 'command=echo&command=hi&stdin=true&stdout=true&stderr=true'
  const socket = new WebSocket(
    `${server.url.replace('https', 'wss')}/api/v1/namespaces/demo/pods/web/exec?${query}`,
    ['v5.channel.k8s.io'],
    {
      ca: authority.certificate,
      headers: { authorization: `Bearer ${token}` }
    }
  )
  const messages: Buffer[] = []
  socket.on('message', (data: Buffer) => messages.push(data))
  await once(socket, 'open')
  socket.send(Buffer.concat([Buffer.from([0]), Buffer.from('3')]))
  await once(socket, 'close')
  expect(messages[0]?.toString()).toBe('\u0001echo hi')
  expect(messages[1]?.[0]).toBe(3)
  expect(JSON.parse(messages[1]?.subarray(1).toString() ?? '')).toMatchObject({
    details: { causes: [{ reason: 'ExitCode', message: '3' }] }
  })
})

test('attach follows the output from now on, and takes no input', async () => {
  expect(await attached('stdout=true&stderr=true')).toEqual([
    ['stdout', 'demo/web/app tail=0\n'],
    ['outcome', expect.objectContaining({ status: 'Success' })]
  ])
  const [refused] = await attached('stdin=true&stdout=true')
  expect(refused).toEqual(['outcome', expect.objectContaining({ message: expect.stringContaining('containers have no standard input') })])
})

async function attached(query: string): Promise<unknown[]> {
  const url = `${server.url.replace('https', 'wss')}/api/v1/namespaces/demo/pods/web/attach?${query}`
  const socket = new WebSocket(url, ['v5.channel.k8s.io'], { ca: authority.certificate, headers: { authorization: `Bearer ${token}` } })
  const messages: unknown[] = []
  socket.on('message', (data: Buffer) => {
    const text = data.subarray(1).toString()
    messages.push(data[0] === 3 ? ['outcome', JSON.parse(text)] : [data[0] === 1 ? 'stdout' : data[0], text])
  })
  await once(socket, 'close')
  return messages
}

test('who asks for port-forward is told where the pod is', async () => {
  const request = httpsRequest(`${server.url}/api/v1/namespaces/demo/pods/web/portforward`, {
    method: 'POST',
    ca: authority.certificate,
    headers: { authorization: `Bearer ${token}`, connection: 'Upgrade', upgrade: 'SPDY/3.1' }
  })
  request.end()
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage]
  const [body] = (await once(response, 'data')) as [Buffer]
  expect(response.statusCode).toBe(501)
  expect(body.toString()).toContain("connect to the pod's own address")
})

test('an SPDY client is told what to do', async () => {
  const request = httpsRequest(`${server.url}/api/v1/namespaces/demo/pods/web/exec?command=ls`, {
    method: 'POST',
    ca: authority.certificate,
    headers: { authorization: `Bearer ${token}`, connection: 'Upgrade', upgrade: 'SPDY/3.1' }
  })
  request.end()
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage]
  const [body] = (await once(response, 'data')) as [Buffer]
  expect(body.toString()).toContain('use kubectl 1.30 or later')
})

test('a watch streams changes as table rows and ends cleanly when its time is up', async () => {
  await call('POST', '/api/v1/namespaces/demo/secrets', { body: { metadata: { name: 's' } } })
  const path = '/api/v1/namespaces/demo/secrets?watch=1&timeoutSeconds=1&allowWatchBookmarks=true'
  const lines = await rawWatch(path, 'application/json;as=Table;v=v1;g=meta.k8s.io')
  const events = lines.map((line) => JSON.parse(line) as { type: string; object: { kind: string; rows: { cells: unknown[] }[] } })
  expect(events[0]).toMatchObject({
    type: 'ADDED',
    object: { kind: 'Table', rows: [{ cells: expect.arrayContaining(['s']) as unknown[] }] }
  })
  expect(events.slice(1).map((event) => [event.type, event.object.rows.length])).toEqual([
    ['BOOKMARK', 0],
    ['BOOKMARK', 0]
  ])
})

test('a watch that begins with more than may wait for a slow watcher gives all of it', async () => {
  await call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'large' } } })
  const path = '/api/v1/namespaces/large/configmaps'
  const names = Array.from({ length: 12 }, (_, index) => `c${index}`)
  for (const name of names) await call('POST', path, { body: { metadata: { name }, data: { a: 'x'.repeat(900_000) } } })
  const lines = await rawWatch(`${path}?watch=1&timeoutSeconds=1`, 'application/json')
  expect(lines.map((line) => (JSON.parse(line) as { object: { metadata: { name: string } } }).object.metadata.name)).toEqual(
    names.toSorted()
  )
})

async function rawWatch(path: string, accept: string): Promise<string[]> {
  const request = httpsRequest(`${server.url}${path}`, { ca: authority.certificate, headers: { authorization: `Bearer ${token}`, accept } })
  request.end()
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString().trim().split('\n')
}

test('it does not listen beyond loopback', async () => {
  await expect(
    startApiServer({ host: '0.0.0.0', port: 0, identity: undefined, token, backend: {} as never, pods, clock, draw: seeded(1) })
  ).rejects.toThrow(/loopback only/)
})

const MAPS = '/api/v1/namespaces/demo/configmaps'
const JSON_BODY = { 'content-type': 'application/json' }

// Each answer is that of kube-apiserver 1.36.
test.each<[string, Options, number, string]>([
  ['GET /apis/nobody.example/v1/things', {}, 404, '404 page not found'],
  ['GET /apis/apps/v1/things', {}, 404, 'the server could not find the requested resource'],
  ['DELETE /api/v1/namespaces', {}, 405, 'the server does not allow this method on the requested resource'],
  [`GET ${MAPS}?resourceVersion=x`, {}, 400, 'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint'],
  [`GET ${MAPS}?watch=1&resourceVersion=x`, {}, 500, 'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x"'],
  [`GET ${MAPS}?watch=1&sendInitialEvents=true`, {}, 422, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'],
  [`GET ${MAPS}?fieldSelector=spec.x%3Dy`, {}, 400, '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"'],
  ['GET /api/v1/pods?fieldSelector=spec.x%3Dy', {}, 400, 'field label not supported: spec.x'],
  [
    `POST ${MAPS}`,
    { raw: Buffer.from('{'), headers: JSON_BODY },
    400,
    "(must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input ({)"
  ],
  [`POST ${MAPS}`, { headers: JSON_BODY }, 400, 'unexpected end of JSON input (<empty>)'],
  [`POST ${MAPS}`, { raw: Buffer.from('null'), headers: JSON_BODY }, 422, 'name or generateName is required'],
  [`PATCH ${MAPS}/x`, { body: {}, headers: { 'content-type': 'application/x' } }, 415, '415: Unsupported Media Type'],
  [`DELETE ${MAPS}/x`, { body: { kind: 'Pod', apiVersion: 'v1' }, headers: JSON_BODY }, 400, 'no kind "Pod" is registered for version "v1"']
])('%s %j is %i: %s', async (line, options, status, text) => {
  const [method = '', path = ''] = line.split(' ')
  const answer = await call(method, path, options)
  expect(answer.status).toBe(status)
  expect(String(answer.body['message'] ?? answer.body['text'])).toContain(text)
})

test('every request on a deprecated version carries its warning', async () => {
  const warning = '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"'
  expect((await call('GET', '/api/v1/endpoints')).headers['warning']).toBe(warning)
  expect((await call('GET', '/api/v1/pods')).headers['warning']).toBeUndefined()
})
