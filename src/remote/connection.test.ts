import { once } from 'node:events'
import http, { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { queryObjects } from 'node:v8'
import { expect, onTestFinished, test } from 'vitest'
import { Connections, type Outgoing } from './connection.ts'
import type { Credential } from './credentials.ts'
import type { Access } from './kubeconfig.ts'

const never = new AbortController().signal
const GET: Outgoing = { method: 'GET', path: '/', headers: {}, body: undefined }
const NOBODY: Credential = { headers: {}, certificate: undefined, key: undefined }

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function connectionsTo(server: string, more: Partial<Access> = {}): Connections {
  const connections = new Connections({
    name: 'test',
    server,
    trust: { unchecked: true },
    namespace: 'demo',
    user: { name: 'u', impersonate: {} },
    ...more
  })
  onTestFinished(() => connections.close())
  return connections
}

// Answers every CONNECT as it is told; the first connection that asked for one.
async function proxyThat(answer: (client: Socket) => void): Promise<{ readonly proxy: string; readonly asked: Promise<Socket> }> {
  const first = Promise.withResolvers<Socket>()
  const server = createServer().on('connect', (_: IncomingMessage, client: Socket) => {
    client.on('error', () => undefined).resume()
    onTestFinished(() => void client.destroy())
    answer(client)
    first.resolve(client)
  })
  return { proxy: await listening(server), asked: first.promise }
}

test('a signal ends what waits for a proxy that does not answer, the way through it too', async () => {
  const { proxy, asked } = await proxyThat(() => undefined)
  const stop = new AbortController()
  const sent = connectionsTo('https://127.0.0.1:1', { proxy }).send(GET, NOBODY, undefined, stop.signal)
  const client = await asked
  const reason = new Error('enough')
  const at = performance.now()
  stop.abort(reason)
  await expect(sent).rejects.toBe(reason)
  if (!client.readableEnded) await once(client, 'end')
  // Not when the time is over that a proxy has for its answer.
  expect(performance.now() - at).toBeLessThan(5_000)
})

test('a certificate that is none is a failure behind a proxy too, and its way is closed', async () => {
  const { proxy, asked } = await proxyThat((client) => client.write('HTTP/1.1 200 Connection established\r\n\r\n'))
  const sent = connectionsTo('https://127.0.0.1:1', { proxy }).send(GET, { ...NOBODY, certificate: 'x', key: 'x' }, undefined, never)
  await expect(sent).rejects.toThrow(/PEM/i)
  const client = await asked
  if (!client.readableEnded) await once(client, 'end')
})

test('connections of certificates that are gone are not kept for ever', async () => {
  const held: ServerResponse[] = []
  const server = await listening(createServer((request, response) => (request.url === '/held' ? held.push(response) : response.end('a'))))
  const connections = connectionsTo(server)
  const under = connections.send({ ...GET, path: '/held' }, { ...NOBODY, certificate: 'held' }, undefined, never)
  const before = queryObjects(http.Agent, { format: 'count' })
  for (let turn = 0; turn < 40; turn++) {
    const answer = await connections.send(GET, { ...NOBODY, certificate: `certificate ${turn}` }, undefined, never)
    expect(await text(answer)).toBe('a')
  }
  expect(queryObjects(http.Agent, { format: 'count' }) - before).toBeLessThan(10)
  // What was under way when its certificate went had all the time it needed.
  await expect.poll(() => held.length).toBe(1)
  held[0]?.end('b')
  expect(await text(await under)).toBe('b')
})
