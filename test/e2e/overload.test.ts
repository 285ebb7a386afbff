// Several times as many requests as a destination takes, which answers none of them until it is told to: queues are bounded, what is too much
// is refused and counted exactly, the admin port answers meanwhile, and afterwards all is as before. The long form is in test/long.

import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { ANSWER, heldServer } from '../counted-server.ts'
import type { HeldServer } from '../counted-server.ts'
import { crowd } from '../crowd.ts'
import type { Crowd } from '../crowd.ts'
import { readMetrics } from '../prometheus-text.ts'
import type { MetricSample } from '../prometheus-text.ts'
import { apiOf } from './api.ts'
import { fetchThrough } from './mesh-request.ts'
import { until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'

const ROOM = 40
const POOL = 5
const FINE = `200 ${ANSWER}`
const OVERLOADED = '503 envoy overloaded'
const OVERFLOW = '503 upstream connect error or disconnect/reset before headers. reset reason: overflow'

const entry = (name: string, port: number): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'ServiceEntry',
  metadata: { name, namespace: 'default' },
  spec: {
    hosts: [`${name}.example`],
    resolution: 'STATIC',
    ports: [{ number: 80, name: 'http', protocol: 'HTTP', targetPort: port }],
    endpoints: [{ address: '127.0.0.1' }]
  }
})

let serin: Serin
let plain: HeldServer
let pool: HeldServer

beforeAll(async () => {
  ;[plain, pool] = [await heldServer(), await heldServer()]
  serin = await startSerin({ config: `limits: {requestsMax: ${ROOM}}`, args: ['--workers', '1'] })
  const api = apiOf(serin.dir)
  const rule = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'pool', namespace: 'default' },
    spec: {
      host: 'pool.example',
      trafficPolicy: { connectionPool: { tcp: { maxConnections: POOL }, http: { http1MaxPendingRequests: POOL } } }
    }
  }
  const group = '/apis/networking.istio.io/v1/namespaces/default'
  await api.call('POST', `${group}/destinationrules`, rule)
  await api.call('POST', `${group}/serviceentries`, entry('plain', plain.port))
  await api.call('POST', `${group}/serviceentries`, entry('pool', pool.port))
  api.close()
  for (const name of ['plain', 'pool']) await until('the destination answers', () => fine(name))
})
afterEach(() => {
  for (const server of [plain, pool]) server.release()
})
afterAll(async () => {
  await serin?.stop()
  for (const server of [plain, pool]) server?.close()
})

async function fine(name: string): Promise<boolean> {
  return (await fetchThrough(serin.addresses.mesh, `http://${name}.example/`)).status === 200
}

const ask = (name: string, count: number): Crowd => crowd({ proxy: serin.addresses.mesh, url: `http://${name}.example/`, count })

async function admin(path: string): Promise<string> {
  const answer = await fetch(serin.addresses.admin + path)
  expect(answer.status, path).toBe(200)
  return answer.text()
}

async function samples(family: string): Promise<readonly MetricSample[]> {
  return readMetrics(await admin('/metrics')).find(({ name }) => name === family)?.samples ?? []
}

async function reached(limit: string): Promise<number> {
  return (await samples('serin_mesh_limit_reached_total')).find(({ labels }) => labels.get('limit') === limit)?.value ?? -1
}

// Answers so far by status and flag, as their callers' side counts them.
async function answers(flag: string): Promise<number> {
  const all = await samples('istio_requests_total')
  const ours = all.filter(({ labels }) => labels.get('reporter') === 'source' && labels.get('response_flags') === flag)
  for (const { labels } of ours) expect(labels.get('response_code')).toBe('503')
  return ours.reduce((sum, { value }) => sum + value, 0)
}

// What the stats of the pool say of those that wait.
async function waiting(): Promise<readonly (string | undefined)[]> {
  const text = await admin('/stats?filter=pool.example.upstream_rq_pending')
  return ['active', 'overflow'].map((name) => new RegExp(`upstream_rq_pending_${name}: (\\d+)\n`).exec(text)?.[1])
}

async function isHealthy(): Promise<void> {
  for (const path of ['/healthz', '/readyz', '/metrics', '/stats?filter=pool']) await admin(path)
}

it('without limits of a destination, those of the worker hold', async () => {
  expect(await reached('requestsMax')).toBe(0)
  plain.hold()
  const all = ask('plain', 3 * ROOM)
  await all.had(OVERLOADED, 2 * ROOM)
  await plain.busy(ROOM)
  await isHealthy()
  expect([await reached('requestsMax'), await answers('OM')]).toEqual([2 * ROOM, 2 * ROOM])
  plain.release()
  expect(await all.fates).toEqual({ [FINE]: ROOM, [OVERLOADED]: 2 * ROOM })
  expect(plain.most()).toBe(ROOM)
  expect(await ask('plain', ROOM).fates).toEqual({ [FINE]: ROOM })
  expect([await reached('requestsMax'), await answers('OM')]).toEqual([2 * ROOM, 2 * ROOM])
})

it('the pool of a destination bounds connections and who waits for one', async () => {
  const before = await reached('requestsMax')
  pool.hold()
  const first = ask('pool', POOL)
  await pool.busy(POOL)
  const more = ask('pool', 5 * POOL)
  await more.had(OVERFLOW, 4 * POOL)
  await isHealthy()
  expect([await waiting(), await answers('UO')]).toEqual([[`${POOL}`, `${4 * POOL}`], 4 * POOL])
  expect(pool.most()).toBe(POOL)
  pool.release()
  expect([await first.fates, await more.fates]).toEqual([{ [FINE]: POOL }, { [FINE]: POOL, [OVERFLOW]: 4 * POOL }])
  expect(await ask('pool', 2 * POOL).fates).toEqual({ [FINE]: 2 * POOL })
  expect(pool.most()).toBe(POOL)
  expect([await waiting(), await answers('UO')]).toEqual([['0', `${4 * POOL}`], 4 * POOL])
  expect(await reached('requestsMax')).toBe(before)
})
