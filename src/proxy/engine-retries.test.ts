// Which failures are tried again, on which endpoint, how often, and what the client and the counters are told at the end.

import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import {
  RETRY,
  portOf,
  bodyOf,
  cleanups,
  cluster,
  counted,
  endpoint,
  entry,
  forward,
  get,
  ok,
  onHeads,
  ownTime,
  plane,
  statusOf,
  table,
  talk,
  upstream
} from '../../test/proxy-plane.ts'

const REFUSAL = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno'

test('a refused connection is 503 UF, tried again by the policy with URX at its end', async () => {
  const dead = createServer()
  await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve))
  const port = portOf(dead)
  await new Promise((resolve) => dead.close(resolve))
  const routes = [forward([['c', 1]], { retry: { ...RETRY, on: ['connect-failure'] } })]
  const { plane: made, port: entrance } = await plane(table([cluster('c', [endpoint(port)])], routes))
  const text = await talk(entrance, get())
  expect([statusOf(text), bodyOf(text)]).toEqual([
    503,
    'upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure'
  ])
  expect(counted(made)).toEqual(['v1 503 URX,UF 1'])
})

test('a 503 is retried with the whole request until another answer comes, and passed on with URX when none does', async () => {
  const seen: string[] = []
  const up = await upstream((socket) => {
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      if (!text.endsWith('hello')) return
      seen.push(text)
      text = ''
      socket.write(seen.length < 3 ? 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno' : ok('yes'))
    })
  })
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]], { retry: RETRY })]))
  const post = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello'
  expect(bodyOf(await talk(port, post))).toBe('yes')
  expect(seen.map((text) => /attempt-count: (\d)/.exec(text)?.[1])).toEqual(['1', '2', '3'])
  expect(counted(made)).toEqual(['v1 200 - 1'])
  expect(counted(made, 'destination')).toEqual(['v1 200 - 1', 'v1 503 - 2'])
  made.apply([{ kind: 'put-entry', version: 2, entry: entry([forward([['c', 1]], { retry: { ...RETRY, attempts: 1 } })]) }])
  seen.length = 0
  expect(statusOf(await talk(port, post))).toBe(503)
  expect(counted(made)).toContain('v1 503 URX 1')
})

test('retries avoid the endpoints already tried, unless retryIgnorePreviousHosts is false', async () => {
  const [bad, good] = [
    await upstream((socket) => onHeads(socket, () => REFUSAL)),
    await upstream((socket) => onHeads(socket, () => ok('yes')))
  ]
  const failures = async (avoidTried: boolean): Promise<number> => {
    const routes = [forward([['c', 1]], { retry: { ...RETRY, attempts: 1, avoidTried } })]
    const { port } = await plane(table([cluster('c', [endpoint(bad), endpoint(good)], { balance: 'random' })], routes))
    let failed = 0
    for (let at = 0; at < 30; at++) if (statusOf(await talk(port, get())) === 503) failed++
    return failed
  }
  expect([await failures(true), (await failures(false)) > 4]).toEqual([0, true])
})

test('a connection closed by the endpoint while idle costs a GET nothing and a POST is not sent twice', async () => {
  let posts = 0
  const up = await upstream((socket) => {
    let count = 0
    socket.on('data', (bytes) => {
      count++
      if (bytes.toString().startsWith('POST')) posts++
      if (count === 1) socket.write(ok('one'))
      else socket.resetAndDestroy()
    })
  })
  const { port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]))
  const keep = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
  const text = await talk(port, [keep, get()])
  expect(text.match(/HTTP\/1\.1 200/g)?.length).toBe(2)
  const again = await talk(port, `${keep}POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\na`)
  expect(again).toMatch(/200 OK[\s\S]*503 Service Unavailable/)
  expect(posts).toBe(1)
})

test('an endpoint that reads a request on a kept connection and closes has failed it: 503 UC, sent once', async () => {
  let asked = 0
  const up = await upstream((socket) => onHeads(socket, () => (++asked % 2 === 1 ? ok('one') : (socket.end(), ''))))
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]))
  const text = await talk(port, ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', get()])
  expect(text).toMatch(/200 OK[\s\S]*503 Service Unavailable[\s\S]*reset reason: connection termination$/)
  expect([asked, counted(made)]).toEqual([2, ['v1 200 - 1', 'v1 503 UC 1']])
})

test('an endpoint that closes a kept connection as a request comes gets it on another', async () => {
  const sockets: Socket[] = []
  const up = await upstream((socket) => {
    sockets.push(socket)
    onHeads(socket, () => ok('yes'))
  })
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], [forward([['c', 1]])]))
  for (let at = 0; at < 20; at++) {
    const keep = connect({ port, host: '127.0.0.1', noDelay: true })
    cleanups.push(() => keep.destroy())
    keep.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await new Promise((resolve) => keep.once('data', resolve))
    keep.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    for (const socket of sockets.splice(0)) socket.destroy()
    expect(String(await new Promise((resolve) => keep.once('data', resolve)))).toMatch(/^HTTP\/1.1 200/)
  }
  expect(counted(made)).toEqual(['v1 200 - 40'])
})

test('each try is told how long it may take: its own timeout, or what is left of the whole', async () => {
  const seen: string[] = []
  const up = await upstream((socket) => onHeads(socket, (text) => (seen.push(text), seen.length % 2 === 1 ? REFUSAL : ok('yes'))))
  const expected = (): string[] => seen.splice(0).map((text) => /expected-rq-timeout-ms: (\d+)/.exec(text)?.[1] ?? '-')
  const routes = (timeout: number, perTryTimeout: number): ReturnType<typeof forward>[] => [
    forward([['c', 1]], { timeout, retry: { ...RETRY, perTryTimeout } })
  ]
  const { plane: made, port } = await plane(table([cluster('c', [endpoint(up)])], routes(0, 0)))
  await talk(port, get())
  expect(expected()).toEqual(['-', '-'])
  made.apply([{ kind: 'put-entry', version: 2, entry: entry(routes(0, 200)) }])
  await talk(port, get())
  expect(expected()).toEqual(['200', '200'])
  made.apply([{ kind: 'put-entry', version: 3, entry: entry(routes(5000, 0)) }])
  await talk(port, get())
  const [first = '', second = ''] = expected()
  expect([first, Number(second) > 0 && Number(second) <= 5000]).toEqual(['5000', true])
})

test("retries over the cluster's maximum are not made and flagged UO", async () => {
  const up = await upstream((socket) => onHeads(socket, () => 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'))
  const slow = { ...RETRY, attempts: 1, backoffBase: 400, backoffMax: 400 }
  const changes = table([cluster('c', [endpoint(up)], { maxRetries: 1 })], [forward([['c', 1]], { retry: slow })])
  const time = ownTime()
  const { plane: made, port } = await plane(changes, { ...time, draw: () => 0.5 })
  const first = talk(port, get())
  await expect.poll(() => counted(made, 'destination')).toEqual(['v1 503 - 1'])
  expect(statusOf(await talk(port, get()))).toBe(503)
  expect(counted(made)).toEqual(['v1 503 UO 1'])
  await time.clock.advance(400)
  expect(statusOf(await first)).toBe(503)
  expect(counted(made)).toEqual(['v1 503 UO 1', 'v1 503 URX 1'])
})
