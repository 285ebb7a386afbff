// Several times as many requests as a destination takes, which answers none of them until it is told to: queues are bounded, what is too much
// is refused and counted exactly, the admin port answers meanwhile, and afterwards all is as before. The long form is in test/long.

import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { ANSWER, heldServer } from '../counted-server.ts'
import type { HeldServer } from '../counted-server.ts'
import { crowd } from '../crowd.ts'
import type { Crowd } from '../crowd.ts'
import { adminText, expectHealthy, flagged, limitReached } from './admin-port.ts'
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

// What was refused so far, and who waits for the pool. Who asks while counts are under way gets those: what was counted just now may come
// with the next ones.
async function counted(): Promise<Readonly<Record<'limit' | 'OM' | 'UO' | 'overflow' | 'waiting', number>>> {
  const stats = await adminText(serin, '/stats?filter=pool.example.upstream_rq_pending')
  const pending = (name: string): number => Number(new RegExp(`upstream_rq_pending_${name}: (\\d+)\n`).exec(stats)?.[1])
  return {
    limit: await limitReached(serin, 'requestsMax'),
    OM: await flagged(serin, 503, 'OM'),
    UO: await flagged(serin, 503, 'UO'),
    overflow: pending('overflow'),
    waiting: pending('active')
  }
}

it('without limits of a destination, those of the worker hold', async () => {
  const before = await counted()
  const after = { ...before, limit: before.limit + 2 * ROOM, OM: before.OM + 2 * ROOM }
  plain.hold()
  const all = ask('plain', 3 * ROOM)
  await all.had(OVERLOADED, 2 * ROOM)
  await plain.busy(ROOM)
  await expectHealthy(serin)
  await expect.poll(counted).toEqual(after)
  plain.release()
  expect(await all.fates).toEqual({ [FINE]: ROOM, [OVERLOADED]: 2 * ROOM })
  expect(plain.most()).toBe(ROOM)
  expect(await ask('plain', ROOM).fates).toEqual({ [FINE]: ROOM })
  await expect.poll(counted).toEqual(after)
})

it('the pool of a destination bounds connections and who waits for one', async () => {
  const before = await counted()
  const after = { ...before, UO: before.UO + 4 * POOL, overflow: before.overflow + 4 * POOL }
  pool.hold()
  const first = ask('pool', POOL)
  await pool.busy(POOL)
  const more = ask('pool', 5 * POOL)
  await more.had(OVERFLOW, 4 * POOL)
  await expectHealthy(serin)
  await expect.poll(counted).toEqual({ ...after, waiting: POOL })
  pool.release()
  expect([await first.fates, await more.fates]).toEqual([{ [FINE]: POOL }, { [FINE]: POOL, [OVERFLOW]: 4 * POOL }])
  expect(await ask('pool', 2 * POOL).fates).toEqual({ [FINE]: 2 * POOL })
  expect(pool.most()).toBe(POOL)
  await expect.poll(counted).toEqual(after)
})
