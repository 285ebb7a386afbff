import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { generate, type LoadAnswer } from './generate.ts'
import type { LoadPlan } from './load-plan.ts'

async function serve(handle: http.RequestListener): Promise<string> {
  const server = http.createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const plan = (url: string, over: Partial<LoadPlan> = {}): LoadPlan => ({
  url,
  method: 'GET',
  headers: [],
  body: '',
  connections: 4,
  rate: undefined,
  count: 50,
  duration: 5000,
  timeout: 2000,
  ...over
})
const never = new AbortController().signal

test('every request of the plan is sent once and counted by its status', async () => {
  let asked = 0
  const url = await serve((_, response) => response.writeHead(++asked % 5 === 0 ? 503 : 200).end('x'))
  const report = await generate(plan(url), { signal: never })
  expect([asked, report.sent, report.latency.total]).toEqual([50, 50, 50])
  expect(Object.fromEntries(report.statuses)).toEqual({ 200: 40, 503: 10 })
  expect(report.errors.size).toBe(0)
})

test('a load ends by its rate and duration, and no connection has two requests at once', async () => {
  let [busy, most] = [0, 0]
  const url = await serve((_, response) => {
    most = Math.max(most, ++busy)
    setImmediate(() => {
      busy -= 1
      response.end()
    })
  })
  const report = await generate(plan(url, { rate: 200, count: undefined, duration: 500, connections: 3 }), { signal: never })
  expect(report.sent + report.unsent).toBe(101)
  expect(most).toBeLessThanOrEqual(3)
})

test('requests are timed from when they were due: a server that stalls shows it', async () => {
  let now = 0
  // It is 300 ms later when the first answer comes, and all others are due by then; they are answered at once.
  const url = await serve((_, response) => {
    now = 300
    response.end()
  })
  const heard: number[] = []
  const options = { signal: never, now: () => now, onAnswer: ({ ms }: LoadAnswer) => void heard.push(ms) }
  const report = await generate(plan(url, { rate: 100, count: 20, connections: 1 }), options)
  expect([report.sent, report.unsent, report.latency.total, report.latency.max]).toEqual([20, 0, 20, 300])
  // A closed loop would report one slow request; here those that waited behind it are slow as well.
  expect(heard).toEqual(Array.from({ length: 20 }, (_, index) => 300 - 10 * index))
})

test('broken answers and refused connections are errors by name, never lost', async () => {
  const url = await serve((request) => request.socket.destroy())
  const broken = await generate(plan(url, { count: 5 }), { signal: never })
  expect(Object.fromEntries(broken.errors)).toEqual({ ECONNRESET: 5 })
  const silent = await serve(() => undefined)
  const late = await generate(plan(silent, { count: 2, timeout: 50 }), { signal: never })
  expect(Object.fromEntries(late.errors)).toEqual({ timeout: 2 })
})

test('through a proxy the request line is absolute and Host is the target', async () => {
  const seen: string[] = []
  const proxy = await serve((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.host}`)
    response.end()
  })
  await generate(plan('http://reviews.test:9080/a?b=c', { count: 1 }), { signal: never, proxy })
  expect(seen).toEqual(['GET http://reviews.test:9080/a?b=c reviews.test:9080'])
})

test('an aborted load stops', async () => {
  const stop = new AbortController()
  const url = await serve((_, response) => {
    response.end()
    stop.abort()
  })
  const report = await generate(plan(url, { count: 100_000, connections: 1 }), { signal: stop.signal })
  expect(report.sent).toBeLessThan(10)
})

test('a load that is told to end sends nothing new and has what is under way answered', async () => {
  const until = new AbortController()
  const url = await serve((_, response) => {
    until.abort()
    setImmediate(() => response.end())
  })
  const report = await generate(plan(url, { count: 100_000, connections: 3 }), { signal: never, until: until.signal })
  expect(Object.fromEntries(report.statuses)).toEqual({ 200: report.sent })
  expect(report.sent).toBeLessThanOrEqual(3)
})

test('the listener hears of each end once, with as much of the body as asked for', async () => {
  const url = await serve((request, response) => (request.url === '/cut' ? request.socket.destroy() : response.end('0123456789')))
  const heard: unknown[] = []
  const onAnswer = (answer: LoadAnswer): unknown => heard.push({ ...answer, ms: 0 })
  await generate(plan(url, { count: 1 }), { signal: never, onAnswer, bodyMax: 4 })
  await generate(plan(url, { count: 1 }), { signal: never, onAnswer })
  await generate(plan(`${url}cut`, { count: 1 }), { signal: never, onAnswer })
  expect(heard).toEqual([
    { kind: 'answered', status: 200, body: '0123', ms: 0 },
    { kind: 'answered', status: 200, body: '', ms: 0 },
    { kind: 'unanswered', error: 'ECONNRESET', ms: 0 }
  ])
})
