// The published parser's cases (shared/data/http1) through the whole engine: raw bytes on a socket in, node:http as the judge on the other
// side. scanner.test.ts holds the scanner alone against them, at every split; here it is what passes through that counts.

import http from 'node:http'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../host/system-clock.ts'
import type { Cluster, TableChange } from '../route/route-table.ts'
import { seeded } from '../std/draw.ts'
import { DataPlane } from './data-plane.ts'
import { PLAIN_ENDPOINT, PLAIN_FORWARD, PLAIN_SETTINGS, onlyChoice } from '../route/plain.ts'
import { LOOSER, STRICTER, http1Cases, withHosts } from '../../test/http1/cases.ts'
import type { Case, Message } from '../../test/http1/cases.ts'
import { READ_MODE } from '../../test/read-mode.ts'

const CASES = http1Cases()

const clock = systemClock()

let made: DataPlane
let port: number
const servers: Server[] = []
// What the judge behind the engine read to its end.
let whole: string[] = []
let answer = Buffer.alloc(0)

const listen = async (server: Server): Promise<number> => {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

beforeAll(async () => {
  const judge = http.createServer((request, response) => {
    let body = ''
    request.setEncoding('latin1').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      whole.push(`${request.method} ${request.url} ${body}`)
      response.end('judged')
    })
  })
  // Answers each connection's first bytes with what the case says, and ends.
  const speaker = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(answer))
  })
  made = new DataPlane({ clock, draw: seeded(1), readMode: READ_MODE })
  made.apply([...routed('judge', await listen(judge)), ...routed('speaker', await listen(speaker))])
  const source = { workload: 'w', namespace: 'n', app: 'a', version: 'v' }
  port = await made.listen({ id: 'http', address: '127.0.0.1', port: 0, entry: { kind: 'gateway', port: 80 }, source })
})

afterAll(async () => {
  await made.drain(0)
  for (const server of servers) server.close()
})

// Everything to `judge`, but for the host `speaker`.
function routed(id: 'judge' | 'speaker', to: number): TableChange[] {
  const endpoint = { ...PLAIN_ENDPOINT, address: '127.0.0.1', port: to, pod: id, namespace: 'n', workload: id, app: id, version: 'v' }
  const name = { id, host: `${id}.n`, namespace: 'n', serviceName: id, port: 80, subset: undefined }
  const settings = { ...PLAIN_SETTINGS, connectTimeout: 1000, idleTimeout: 60_000, maxRequestsPerConnection: 1 }
  const cluster: Cluster = { ...name, endpoints: [endpoint], ...settings }
  const action = { ...PLAIN_FORWARD, choices: [onlyChoice(id)], total: 1 }
  const ref = { virtualService: 'n/a', name: undefined, index: 0 }
  const routes = [{ ref, path: { kind: 'any' as const }, headers: [], query: [], action }]
  const scope = { id: 'gateway|80', kind: 'gateway' as const, port: 80, namespace: '', tls: false }
  return [
    { kind: 'put-cluster', version: 1, cluster },
    { kind: 'put-entry', version: 1, entry: { id, version: 1, host: '*', httpsRedirect: false, routes } },
    ...(id === 'judge' ? [{ kind: 'put-scope' as const, version: 1, scope }] : []),
    { kind: 'bind', version: 1, scope: scope.id, host: id === 'judge' ? '*' : id, entry: id }
  ]
}

interface Talk {
  readonly text: string
  /** The engine ended the connection. */
  readonly ended: boolean
}

// Sends the bytes; resolves when the engine ends the connection or `enough` holds.
function talk(bytes: Buffer, enough: (text: string) => boolean): Promise<Talk> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    let text = ''
    const finish = (ended: boolean): void => {
      socket.destroy()
      resolve({ text, ended })
    }
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (enough(text)) finish(false)
    })
    socket.on('end', () => finish(true))
    socket.on('error', () => finish(true))
    socket.write(bytes)
    if (enough('')) setImmediate(() => finish(false))
  })
}

const refusals = (text: string): number => text.match(/HTTP\/1\.1 (4|5)\d\d /g)?.length ?? 0
const answers = (text: string): number => text.match(/HTTP\/1\.1 200 /g)?.length ?? 0
const latin = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

const casesOf = (type: Case['type'], which: 'taken' | 'refused'): (readonly [string, Case])[] =>
  CASES.filter((one) => one.type === type && LOOSER[one.id] === undefined)
    .filter((one) => (one.error !== null || STRICTER[one.id] !== undefined) === (which === 'refused'))
    .map((one) => [one.id, one])

const asJudged = ({ method, url = '', body }: Message): string =>
  `${method} ${url.replace(/^http:\/\/[^/?]+/, '').replace(/^(?=\?|$)/, '/')} ${latin(body)}`

test.each(casesOf('request', 'taken'))('%s: each request is passed on as the published parser reads it', async (_, one) => {
  whole = []
  const complete = one.messages.filter((message) => message.complete)
  // What follows a request for an upgrade that is not granted is not compared.
  const due = one.upgrade === true ? 1 : complete.length
  const { text } = await talk(withHosts(one), (seen) => answers(seen) + refusals(seen) >= due)
  expect(whole.slice(0, due)).toEqual(complete.slice(0, due).map(asJudged))
  expect(one.upgrade === true ? 0 : refusals(text)).toBe(0)
})

test.each(casesOf('request', 'refused'))('%s: it is refused once, and nothing of it or behind it is passed on whole', async (_, one) => {
  whole = []
  const complete = one.messages.filter((message) => message.complete).map(asJudged)
  const { text, ended } = await talk(withHosts(one), () => false)
  expect([ended, refusals(text)]).toEqual([true, 1])
  expect(complete.slice(0, whole.length)).toEqual(whole)
  expect(whole.length).toBeLessThan(one.messages.length)
})

// Asks for the answer of a case through the engine; node:http reads it.
function ask(one: Case): Promise<{ readonly status: number; readonly body: string; readonly complete: boolean }> {
  answer = Buffer.from(one.input, 'utf8')
  return new Promise((resolve) => {
    http
      .get({ port, host: '127.0.0.1', agent: false, headers: { host: 'speaker' } }, (response) => {
        let body = ''
        const done = (): void => resolve({ status: response.statusCode ?? 0, body, complete: response.complete })
        response.setEncoding('latin1').on('data', (chunk: string) => (body += chunk))
        response.on('end', done)
        response.on('error', done)
      })
      .on('error', () => resolve({ status: 0, body: '', complete: false }))
  })
}

test.each(casesOf('response', 'taken'))('%s: the first answer is passed on as the published parser reads it', async (_, one) => {
  const [first] = one.messages
  // A length that was announced and not sent is an answer cut off; one that only the end of the connection ends is whole.
  const cut = first?.complete === false && first.headers.some(([name]) => /content-length|transfer-encoding/i.test(name))
  expect(await ask(one)).toEqual({ status: first?.statusCode, body: latin(first?.body ?? ''), complete: !cut })
})

test.each(casesOf('response', 'refused'))('%s: it is 502, or cut off where its body went wrong', async (_, one) => {
  const [first] = one.messages
  const { status, complete } = await ask(one)
  // A body that goes wrong in the same read as its head takes the head with it.
  const cut = first?.headersComplete === true && one.error !== null
  expect([cut ? [0, first.statusCode] : [502], !cut]).toEqual([expect.arrayContaining([status]), complete])
})

test('every difference listed is a case that exists', ({ task }) => {
  task.meta.deliberate = Object.entries(LOOSER).map(([id, why]) => ({ id, why }))
  const ids = new Set(CASES.map(({ id }) => id))
  expect([...Object.keys(STRICTER), ...Object.keys(LOOSER)].filter((id) => !ids.has(id))).toEqual([])
})
