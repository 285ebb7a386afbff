import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { guardedFetch } from './guarded-fetch.ts'
import type { Detour } from './http-exchange.ts'
import { HttpHookCaller, MAX_ANSWER } from './http-hook-caller.ts'

interface Seen {
  readonly line: string
  readonly host: string | undefined
  readonly type: string | undefined
  readonly body: string
}

async function serve(answer: (response: http.ServerResponse) => void): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = []
  const server = http.createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      seen.push({ line: `${request.method} ${request.url}`, host: request.headers.host, type: request.headers['content-type'], body })
      answer(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => server.close().closeAllConnections())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const PAYLOAD = { name: 'api', namespace: 'test', phase: 'Progressing', checksum: '1', metadata: { cmd: 'hey http://api/' } }
const attempt = (url: string, timeout: number) => ({ url, payload: PAYLOAD, timeout, disableTls: false })
const never = new AbortController().signal
const direct = new HttpHookCaller(guardedFetch(), () => undefined)

test('a webhook is one POST of the payload, and its answer comes back', async () => {
  const { url, seen } = await serve((response) => response.writeHead(202).end('started'))
  expect(await direct.call(attempt(`${url}/hook?a=b`, 2000), never)).toEqual({ kind: 'answered', status: 202, body: 'started' })
  expect(seen).toEqual([{ line: 'POST /hook?a=b', host: url.slice(7), type: 'application/json', body: JSON.stringify(PAYLOAD) }])
})

test('the name of a Service goes through the mesh, as the mesh knows it', async () => {
  const { url, seen } = await serve((response) => response.end())
  const asked: string[] = []
  const caller = new HttpHookCaller(guardedFetch(), (host, namespace): Detour => {
    asked.push(`${host} ${namespace}`)
    return { proxy: url, host: 'flagger-loadtester.test.svc.cluster.local', isOwn: true }
  })
  await caller.call(attempt('http://flagger-loadtester:8080/x', 2000), never)
  expect(asked).toEqual(['flagger-loadtester test'])
  expect(seen[0]).toMatchObject({
    line: 'POST http://flagger-loadtester.test.svc.cluster.local:8080/x',
    host: 'flagger-loadtester.test.svc.cluster.local:8080'
  })
})

test('an endless answer is cut, a silent or broken one is unreachable in bounded time', async () => {
  const long = await serve((response) => response.end('x'.repeat(100_000)))
  const answer = await direct.call(attempt(long.url, 2000), never)
  expect(answer).toMatchObject({ kind: 'answered', status: 200, body: 'x'.repeat(MAX_ANSWER) })
  const silent = await serve(() => undefined)
  expect(await direct.call(attempt(silent.url, 50), never)).toMatchObject({
    kind: 'unreachable',
    because: expect.stringContaining('in 50 ms')
  })
  const dripping = await serve((response) => {
    const drip = setInterval(() => response.write('.'), 5)
    response.on('close', () => clearInterval(drip))
  })
  expect(await direct.call(attempt(dripping.url, 100), never)).toMatchObject({ kind: 'unreachable' })
  const broken = await serve((response) => response.destroy())
  expect(await direct.call(attempt(broken.url, 2000), never)).toMatchObject({ kind: 'unreachable' })
})

test.each([
  ['http://127.0.0.1:1/', 'unreachable', 'ECONNREFUSED'],
  ['nonsense', 'refused', 'is not a URL'],
  ['file:///etc/hosts', 'refused', 'only http and https'],
  ['http://169.254.169.254/latest/meta-data', 'refused', 'metadata address']
])('%s is %s: %s', async (url, kind, why) => {
  expect(await direct.call(attempt(url, 2000), never)).toEqual({ kind, because: expect.stringContaining(why) })
})

test('an aborted call rejects with the reason', async () => {
  const stop = new AbortController()
  const { url } = await serve(() => stop.abort(new Error('shutting down')))
  await expect(direct.call(attempt(url, 2000), stop.signal)).rejects.toThrow('shutting down')
})
