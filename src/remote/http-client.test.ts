import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { describeKubeClient } from '../../test/conformance/kube-client.ts'
import { CONFIG_MAPS, configMap, SMALL_KINDS, SMALL_RULES } from '../../test/conformance/small-world.ts'
import { systemClock } from '../host/system-clock.ts'
import { EmbeddedApi } from '../kube/embedded-api.ts'
import { ApiError } from '../kube/kube-client.ts'
import { MemoryJournal } from '../kube/memory-journal.ts'
import { Reflector } from '../kube/reflector.ts'
import { startApiServer } from '../server/api-server.ts'
import { createAuthority, issueServer } from '../server/certificate.ts'
import { VirtualClock } from '../std/clock.ts'
import { seeded } from '../std/draw.ts'
import { HttpClient, type HttpClientOptions } from './http-client.ts'
import type { Access, User } from './kubeconfig.ts'

const clock = systemClock()
const validity = { from: Date.now() - 60_000, until: Date.now() + 3_600_000 }
const authority = createAuthority('test', validity)
const identity = issueServer(authority, 'test', ['127.0.0.1', 'api.test'], validity)

function accessTo(server: string, more: Partial<Access> & { readonly user?: User } = {}): Access {
  return { name: 'test', server, trust: { unchecked: false }, namespace: 'demo', user: { name: 'u', impersonate: {} }, ...more }
}

const trusted = { unchecked: false, authority: { kind: 'value', value: authority.certificate } } as const

async function startApi(): Promise<{ readonly url: string; readonly token: string; close(): Promise<void> }> {
  const backend = await EmbeddedApi.open({
    kinds: SMALL_KINDS,
    rules: SMALL_RULES,
    journal: new MemoryJournal(),
    clock: new VirtualClock(1_700_000_000_000),
    draw: seeded(1)
  })
  const token = randomBytes(16).toString('hex')
  const server = await startApiServer({ port: 0, identity, token, backend, pods: undefined, clock, draw: seeded(1) })
  return { url: server.url, token, close: () => server.close() }
}

describeKubeClient('the client over HTTPS', async () => {
  const api = await startApi()
  const user: User = { name: 'u', impersonate: {}, token: { kind: 'value', value: api.token } }
  const client = new HttpClient({ access: accessTo(api.url, { trust: trusted, user }), clock })
  return {
    client,
    end: async () => {
      await client.close()
      await api.close()
    }
  }
})

describe('the client over HTTPS', () => {
  const ends: (() => Promise<unknown>)[] = []
  const { signal } = new AbortController()
  const key = { ...CONFIG_MAPS, namespace: 'demo', name: 'a' }

  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end()
  })

  // A server that answers as it is told, with the requests it got.
  async function served(
    answer: (response: ServerResponse, count: number, path: string) => void,
    options: Partial<HttpClientOptions> & { readonly path?: string } = {}
  ): Promise<{ readonly client: HttpClient; readonly seen: { readonly url: string; readonly headers: NodeJS.Dict<string | string[]> }[] }> {
    const seen: { url: string; headers: NodeJS.Dict<string | string[]> }[] = []
    const server: Server = createServer((request, response) => {
      seen.push({ url: request.url ?? '', headers: request.headers })
      request.resume()
      answer(response, seen.length, request.url ?? '')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${options.path ?? ''}`
    const client = new HttpClient({ clock, ...options, access: { ...(options.access ?? accessTo(url)), server: url } })
    ends.push(() => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    })
    ends.push(() => client.close())
    return { client, seen }
  }

  const failure = async (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error)
  const say = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

  test('a server that nobody trusts is not spoken to, unless that is what the kubeconfig wants', async () => {
    const api = await startApi()
    ends.push(() => api.close())
    const user: User = { name: 'u', impersonate: {}, token: { kind: 'value', value: api.token } }
    const strict = new HttpClient({ access: accessTo(api.url, { user }), clock })
    const careless = new HttpClient({ access: accessTo(api.url, { user, trust: { unchecked: true } }), clock })
    const misnamed = new HttpClient({ access: accessTo(api.url, { user, trust: { ...trusted, serverName: 'other.test' } }), clock })
    const named = new HttpClient({ access: accessTo(api.url, { user, trust: { ...trusted, serverName: 'api.test' } }), clock })
    for (const client of [strict, careless, misnamed, named]) ends.push(() => client.close())
    expect(await failure(strict.list(CONFIG_MAPS, { signal }))).toMatchObject({ reason: 'Unreachable' })
    expect(await failure(misnamed.list(CONFIG_MAPS, { signal }))).toMatchObject({ reason: 'Unreachable' })
    expect((await careless.list(CONFIG_MAPS, { signal })).items).toEqual([])
    expect((await named.list(CONFIG_MAPS, { signal })).items).toEqual([])
  })

  test('through a proxy an API over HTTPS is reached by a tunnel, kept for the next request, and the proxy is told who asks', async () => {
    const api = await startApi()
    const asked: string[] = []
    const proxy = createServer().listen(0, '127.0.0.1')
    proxy.on('connect', ({ url = '', headers }: IncomingMessage, client: Socket) => {
      asked.push(`${url} ${headers['proxy-authorization']}`)
      const upstream = connect(Number(url.split(':')[1]), '127.0.0.1', () => client.write('HTTP/1.1 200 Connection established\r\n\r\n'))
      upstream.on('error', () => client.destroy()).pipe(client)
      client.on('error', () => upstream.destroy()).pipe(upstream)
    })
    await once(proxy, 'listening')
    ends.push(() => new Promise((resolve) => proxy.close(resolve)))
    ends.push(() => api.close())
    const user: User = { name: 'u', impersonate: {}, token: { kind: 'value', value: api.token } }
    const place = `127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const clientOf = (through: string, trust: Access['trust']): HttpClient => {
      const client = new HttpClient({ access: accessTo(api.url, { user, trust, proxy: through }), clock })
      ends.push(() => client.close())
      return client
    }
    const client = clientOf(`http://joe:pw@${place}`, trusted)
    for (let times = 0; times < 3; times++) expect((await client.list(CONFIG_MAPS, { signal })).items).toEqual([])
    expect(asked).toEqual([`${new URL(api.url).host} Basic ${Buffer.from('joe:pw').toString('base64')}`])
    const strict = clientOf(`http://${place}`, { unchecked: false })
    expect(await failure(strict.list(CONFIG_MAPS, { signal }))).toMatchObject({ reason: 'Unreachable' })
    const lost = clientOf('http://127.0.0.1:1', trusted)
    expect(await failure(lost.list(CONFIG_MAPS, { signal }))).toMatchObject({ reason: 'Unreachable' })
  })

  test('a server that is not there is Unreachable, with its address', async () => {
    const client = new HttpClient({ access: accessTo('http://127.0.0.1:1'), clock })
    ends.push(() => client.close())
    const error = await failure(client.get(key, { signal }))
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({
      status: 503,
      reason: 'Unreachable',
      message: expect.stringMatching(/^http:\/\/127\.0\.0\.1:1 cannot be reached: /)
    })
  })

  test('a read over a kept connection that has died is done over a new one, whatever else is kept', async () => {
    const known = new WeakSet<object>()
    const waiting: ServerResponse[] = []
    const { client, seen } = await served((response) => {
      const { socket } = response
      // Whatever was kept is dead when it is used again.
      if (socket === null || known.has(socket)) return void socket?.destroy()
      known.add(socket)
      waiting.push(response)
      if (waiting.length === 2 || seen.length > 2) for (const each of waiting.splice(0)) say(each, 200, { metadata: {} })
    })
    await Promise.all([client.get(key, { signal }), client.get(key, { signal })])
    expect(await client.get(key, { signal })).toEqual({ metadata: {} })
    expect(seen).toHaveLength(4)
  })

  test('an answer that does not come is a Timeout, and a signal still has its own reason', async () => {
    const { client } = await served(() => undefined, { timeout: 50 })
    expect(await failure(client.get(key, { signal }))).toMatchObject({ status: 504, reason: 'Timeout' })
    const watch = client.watch({ ...CONFIG_MAPS, resourceVersion: '1' }, { signal })
    expect(await failure(watch.next())).toMatchObject({ reason: 'Timeout' })
    const stop = new AbortController()
    const waiting = failure(client.get(key, { signal: stop.signal }))
    const reason = new Error('enough')
    stop.abort(reason)
    expect(await waiting).toBe(reason)
  })

  test('what is no Status still has a status, a reason and its words', async () => {
    const { client } = await served((response, count) =>
      count === 1 ? say(response, 502, '<html>bad gateway</html>') : say(response, 429, 'slow down', { 'retry-after': '7' })
    )
    expect(await failure(client.get(key, { signal }))).toMatchObject({ status: 502, message: expect.stringContaining('bad gateway') })
    expect(await failure(client.get(key, { signal }))).toMatchObject({ status: 429, reason: 'TooManyRequests', retryAfterSeconds: 7 })
  })

  test('a kind that is not there is a failure, an object that is not there is undefined', async () => {
    const status = { kind: 'Status', code: 404, reason: 'NotFound', message: 'configmaps "a" not found', details: { name: 'a' } }
    const { client } = await served((response, count) =>
      count === 1 ? say(response, 404, status) : say(response, 404, '404 page not found')
    )
    expect(await client.get(key, { signal })).toBeUndefined()
    expect(await failure(client.get(key, { signal }))).toMatchObject({ status: 404 })
  })

  test('what is cut off or no JSON is a failure, never half an object', async () => {
    const { client } = await served((response, count) => {
      if (count === 1) return say(response, 200, '{"metadata":')
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"metadata":{}}')
      setImmediate(() => response.destroy())
    })
    expect(await failure(client.get(key, { signal }))).toMatchObject({ status: 500 })
    expect(await failure(client.get(key, { signal }))).toMatchObject({ reason: 'Unreachable' })
  })

  test('members of a typed list get the kind that only the list says', async () => {
    const list = { apiVersion: 'v1', kind: 'ConfigMapList', metadata: { resourceVersion: '7' }, items: [{ metadata: { name: 'a' } }] }
    const { client } = await served((response) => say(response, 200, list))
    expect(await client.list(CONFIG_MAPS, { signal })).toEqual({
      items: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }],
      resourceVersion: '7'
    })
  })

  test('names that would lead elsewhere are not sent', async () => {
    const { client, seen } = await served((response) => say(response, 200, {}))
    for (const name of ['', '..', 'a/b', 'a%2fb']) {
      expect(await failure(client.delete({ ...CONFIG_MAPS, namespace: 'demo', name }, { signal }))).toMatchObject({ status: 400 })
    }
    expect(seen).toEqual([])
  })

  test('the path of a server stays before that of the API', async () => {
    const { client, seen } = await served((response) => say(response, 200, { metadata: {} }), { path: '/k8s/clusters/c-1' })
    await client.get(key, { signal })
    expect(seen[0]?.url).toBe('/k8s/clusters/c-1/api/v1/namespaces/demo/configmaps/a')
  })

  test('a watch goes on past bookmarks and ends with the words of an ERROR', async () => {
    const { client, seen } = await served((response) => {
      response.writeHead(200)
      const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`
      const added = line('ADDED', configMap('ä'))
      // In pieces that fall into the middle of a letter.
      const bytes = Buffer.from(added + line('BOOKMARK', { metadata: { resourceVersion: '9' } }))
      const cut = bytes.indexOf(0xc3) + 1
      response.write(bytes.subarray(0, cut))
      setImmediate(() => {
        response.write(bytes.subarray(cut))
        response.end(line('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }))
      })
    })
    const events: unknown[] = []
    const error = await failure(
      (async () => {
        for await (const event of client.watch(
          { ...CONFIG_MAPS, namespace: 'demo', labelSelector: 'a=b', resourceVersion: '3' },
          { signal }
        ))
          events.push(event)
      })()
    )
    expect(events).toEqual([
      { kind: 'added', object: configMap('ä') },
      { kind: 'bookmark', resourceVersion: '9' }
    ])
    expect(error).toMatchObject({ status: 410, reason: 'Expired' })
    expect(seen[0]?.url).toContain('labelSelector=a%3Db&watch=true&allowWatchBookmarks=true&resourceVersion=3&timeoutSeconds=300')
  })

  test('a watch that falls silent, as over a connection that died unnoticed, is begun anew', async () => {
    const [virtual, stop] = [new VirtualClock(1), new AbortController()]
    const object = { ...configMap('a'), metadata: { name: 'a', namespace: 'demo', uid: 'u', resourceVersion: '2' } }
    const { client, seen } = await served(
      (response, _, path) => {
        if (!path.includes('watch=true'))
          return say(response, 200, { kind: 'ConfigMapList', metadata: { resourceVersion: '1' }, items: [] })
        response.writeHead(200).write(`${JSON.stringify({ type: 'ADDED', object })}\n`)
      },
      { clock: virtual }
    )
    const reflector = new Reflector({ client, clock: virtual, draw: seeded(1), query: CONFIG_MAPS })
    const running = reflector.run(stop.signal)
    const watches = (): number => seen.filter(({ url }) => url.includes('watch=true')).length
    await expect.poll(() => reflector.get('demo/a')).toBeDefined()
    await virtual.advance(client.silenceMax - 1)
    expect(watches()).toBe(1)
    await virtual.advance(1)
    await expect.poll(watches).toBe(2)
    stop.abort(new Error('enough'))
    await running
  })

  test('a watch whose connection breaks ends with what was sent whole', async () => {
    const { client } = await served((response) => {
      response.writeHead(200)
      response.write(`${JSON.stringify({ type: 'ADDED', object: configMap('a') })}\n{"type":"ADDED","obj`)
      setImmediate(() => response.destroy())
    })
    const names: unknown[] = []
    for await (const event of client.watch({ ...CONFIG_MAPS, resourceVersion: '1' }, { signal })) names.push(event.kind)
    expect(names).toEqual(['added'])
  })

  test('warnings of the server are told, and who asks is said', async () => {
    const told: string[] = []
    const access = accessTo('http://x', {
      user: {
        name: 'u',
        basic: { username: 'joe', password: 'pw' },
        impersonate: { 'impersonate-user': 'jane', 'impersonate-group': ['a', 'b'] }
      }
    })
    const { client, seen } = await served((response) => say(response, 200, { metadata: {} }, { warning: '299 - "old \\"thing\\""' }), {
      onWarning: (text) => told.push(text),
      access
    })
    await client.get(key, { signal })
    expect(told).toEqual(['old "thing"'])
    expect(seen[0]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('joe:pw').toString('base64')}`,
      'impersonate-user': 'jane',
      'impersonate-group': 'a, b'
    })
  })
})
