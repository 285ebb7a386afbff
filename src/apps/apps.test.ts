import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { behaviourFrom } from './behaviour.ts'
import { demoApp, type DemoIdentity } from './demo-app.ts'

async function listen(server: http.Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const WELL = { errorRate: 0, errorStatus: 500, latency: 0 }
const identity = (over: Partial<DemoIdentity> = {}): DemoIdentity => ({
  app: 'reviews',
  version: 'v1',
  pod: 'reviews-1',
  upstream: undefined,
  proxy: undefined,
  ...over
})
const get = async (url: string, init?: RequestInit): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(url, init)
  return { status: response.status, body: await response.json() }
}

test('every path is answered with who answered and what was asked', async () => {
  const url = await listen(demoApp(identity(), WELL, () => 0.5))
  const answer = await get(`${url}/api/reviews?x=1`, { method: 'POST', headers: { 'x-user': 'me' } })
  expect(answer).toMatchObject({
    status: 200,
    body: { app: 'reviews', version: 'v1', pod: 'reviews-1', method: 'POST', path: '/api/reviews?x=1', headers: { 'x-user': 'me' } }
  })
  expect((await get(`${url}/health`)).status).toBe(200)
})

test('the share of failures is that of ERROR_RATE, probes never fail', async () => {
  let draw = 0
  const url = await listen(demoApp(identity(), { errorRate: 0.25, errorStatus: 500, latency: 0 }, () => (draw++ % 100) / 100))
  const statuses: number[] = []
  for (let i = 0; i < 100; i++) statuses.push((await get(`${url}/health`)).status)
  expect(statuses.filter((status) => status === 500)).toHaveLength(25)
  const probe = await get(`${url}/health`, { headers: { 'user-agent': 'kube-probe/1.33' } })
  expect(probe.status).toBe(200)
})

test('PUT /behaviour changes it at once and refuses nonsense by name', async () => {
  const url = await listen(demoApp(identity(), WELL, () => 0.5))
  const put = (body: string): Promise<{ status: number; body: unknown }> => get(`${url}/behaviour`, { method: 'PUT', body })
  expect(await put('{"errorRate": 1}')).toEqual({ status: 200, body: { errorRate: 1, errorStatus: 500, latencyMs: 0 } })
  expect((await get(`${url}/`)).status).toBe(500)
  for (const bad of [
    '{"errorRate": 2}',
    '{"errorRate": "much"}',
    '{"errorRates": 1}',
    'nonsense',
    '[]',
    '{"latencyMs": -1}',
    '{"errorStatus": 200}'
  ])
    expect((await put(bad)).status).toBe(400)
  expect((await get(`${url}/`)).status).toBe(500)
})

test('the upstream is called with trace and user headers, its answer nested, its failure a 502', async () => {
  const reviews = await listen(demoApp(identity(), WELL, () => 0.5))
  const front = await listen(demoApp(identity({ app: 'frontend', upstream: `${reviews}/api` }), WELL, () => 0.5))
  const answer = await get(`${front}/`, { headers: { 'x-user-group': 'internal', 'x-request-id': '7', accept: 'text/plain' } })
  expect(answer).toMatchObject({
    status: 200,
    body: { app: 'frontend', upstream: { app: 'reviews', path: '/api', headers: { 'x-user-group': 'internal', 'x-request-id': '7' } } }
  })
  expect(answer.body).not.toHaveProperty('upstream.headers.accept')
  const broken = await listen(demoApp(identity({ upstream: 'http://127.0.0.1:1/' }), WELL, () => 0.5))
  expect(await get(`${broken}/`)).toMatchObject({ status: 502, body: { upstream: { error: expect.stringContaining('127.0.0.1:1') } } })
})

test.each([
  [{}, WELL],
  [
    { ERROR_RATE: '0.12', LATENCY_MS: '20' },
    { errorRate: 0.12, errorStatus: 500, latency: 20 }
  ],
  [{ ERROR_RATE: 'often' }, expect.stringContaining('errorRate')]
])('the environment %j is read', (env, want) => {
  expect(behaviourFrom(env)).toEqual(want)
})
