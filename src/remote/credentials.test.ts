import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CONFIG_MAPS } from '../../test/conformance/small-world.ts'
import { VirtualClock } from '../std/clock.ts'
import { formatInstant } from '../std/instant.ts'
import { Credentials } from './credentials.ts'
import { HttpClient } from './http-client.ts'
import type { ExecPlugin, User } from './kubeconfig.ts'

const { signal } = new AbortController()
const START = 1_700_000_000_000
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'serin-credentials-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

// A plugin that counts its runs and prints this status; RUNS in it stands for the count.
function plugin(status: object, more: Partial<ExecPlugin> = {}): User {
  const path = join(dir, 'plugin')
  const printed = JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status })
  writeFileSync(
    path,
    `#!/bin/sh\necho run >> "$COUNT"\nprintf %s "$KUBERNETES_EXEC_INFO" > "$COUNT.info"\necho '${printed}' | sed "s/RUNS/$(wc -l < "$COUNT" | tr -d ' ')/"\n`
  )
  chmodSync(path, 0o755)
  const exec: ExecPlugin = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: path,
    args: [],
    env: { COUNT: join(dir, 'count') },
    interactive: 'Never',
    ...more
  }
  return { name: 'u', impersonate: {}, exec }
}

const bearer = async (credentials: Credentials): Promise<unknown> => (await credentials.current(signal)).headers['authorization']

test('a plugin is asked once, and again when what it gave ends or is refused', async () => {
  const clock = new VirtualClock(START)
  const user = plugin({ token: 'tRUNS', expirationTimestamp: formatInstant(START + 60_000) })
  const credentials = new Credentials(user, clock)
  expect(await Promise.all([bearer(credentials), bearer(credentials)])).toEqual(['Bearer t1', 'Bearer t1'])
  await clock.advance(61_000)
  expect(await bearer(credentials)).toBe('Bearer t2')
  expect(credentials.refused()).toBe(true)
  expect(await bearer(credentials)).toBe('Bearer t3')
})

test('a plugin is told its version, that nobody can answer it, and of the cluster where it asks', async () => {
  const user = plugin({ token: 't' }, { cluster: { server: 'https://a.test' } })
  await new Credentials(user, new VirtualClock(START)).current(signal)
  expect(JSON.parse(readFileSync(join(dir, 'count.info'), 'utf8'))).toEqual({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: { interactive: false, cluster: { server: 'https://a.test' } }
  })
})

test('a plugin may give a certificate; one without its key, or nothing at all, is refused without showing it', async () => {
  const given = { clientCertificateData: 'CERT', clientKeyData: 'KEY' }
  expect(await new Credentials(plugin(given), new VirtualClock(START)).current(signal)).toMatchObject({ certificate: 'CERT', key: 'KEY' })
  const half = new Credentials(plugin({ clientCertificateData: 'SECRET' }), new VirtualClock(START)).current(signal)
  await expect(half).rejects.toThrow(/certificate without its key/)
  await expect(half).rejects.not.toThrow(/SECRET/)
  await expect(new Credentials(plugin({}), new VirtualClock(START)).current(signal)).rejects.toThrow(/neither a token nor a certificate/)
})

test('a plugin that is not there is said with its hint, one that fails with its code', async () => {
  const clock = new VirtualClock(START)
  const absent = new Credentials(plugin({}, { command: join(dir, 'none'), installHint: 'get it at a.test' }), clock)
  await expect(absent.current(signal)).rejects.toThrow(/cannot be started: .*\nget it at a\.test/)
  await expect(new Credentials(plugin({}, { command: '/bin/false' }), clock).current(signal)).rejects.toThrow(/ended with 1/)
})

test('a token file is read again after a minute, and what was read stays when it is gone', async () => {
  const clock = new VirtualClock(START)
  const path = join(dir, 'token')
  writeFileSync(path, 'one\n')
  const credentials = new Credentials({ name: 'u', impersonate: {}, token: { kind: 'file', path } }, clock)
  expect(await bearer(credentials)).toBe('Bearer one')
  writeFileSync(path, 'two')
  expect(await bearer(credentials)).toBe('Bearer one')
  await clock.advance(60_000)
  expect(await bearer(credentials)).toBe('Bearer two')
  rmSync(path)
  await clock.advance(60_000)
  expect(await bearer(credentials)).toBe('Bearer two')
})

test('an answer of 401 has the plugin asked once more, and no oftener', async () => {
  const seen: unknown[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization)
    const good = request.headers.authorization === 'Bearer t2'
    response.writeHead(good ? 200 : 401).end(good ? '{"metadata":{}}' : '{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const access = { name: 'a', server: url, trust: { unchecked: false }, namespace: 'demo', user: plugin({ token: 'tRUNS' }) }
  const client = new HttpClient({ access, clock: new VirtualClock(START) })
  await client.get({ ...CONFIG_MAPS, namespace: 'demo', name: 'a' }, { signal })
  expect(seen).toEqual(['Bearer t1', 'Bearer t2'])
  const fixed = new HttpClient({
    access: { ...access, user: { name: 'u', impersonate: {}, token: { kind: 'value', value: 'old' } } },
    clock: new VirtualClock(START)
  })
  await expect(fixed.get({ ...CONFIG_MAPS, namespace: 'demo', name: 'a' }, { signal })).rejects.toMatchObject({ status: 401 })
  expect(seen).toEqual(['Bearer t1', 'Bearer t2', 'Bearer old'])
  await Promise.all([client.close(), fixed.close()])
  server.close()
})

test('a proxy of the kubeconfig stands between', async () => {
  const api = createServer((_, response) => response.end('{"metadata":{"name":"a"}}')).listen(0, '127.0.0.1')
  await once(api, 'listening')
  const asked: unknown[] = []
  const proxy = createServer((request, response) => {
    asked.push(request.url)
    const { port, pathname } = new URL(request.url ?? '')
    const upstream = connect(Number(port), '127.0.0.1', () => upstream.write(`GET ${pathname} HTTP/1.0\r\n\r\n`))
    let text = ''
    upstream.setEncoding('utf8').on('data', (part: string) => (text += part))
    upstream.once('close', () => response.end(text.slice(text.indexOf('\r\n\r\n') + 4)))
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const at = (server: typeof api): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const access = {
    name: 'a',
    server: at(api),
    proxy: at(proxy),
    trust: { unchecked: false },
    namespace: 'demo',
    user: { name: 'u', impersonate: {} }
  }
  const client = new HttpClient({ access, clock: new VirtualClock(START) })
  expect(await client.get({ ...CONFIG_MAPS, namespace: 'demo', name: 'a' }, { signal })).toMatchObject({ metadata: { name: 'a' } })
  expect(asked).toEqual([`${at(api)}/api/v1/namespaces/demo/configmaps/a`])
  await client.close()
  api.close()
  proxy.close()
})
