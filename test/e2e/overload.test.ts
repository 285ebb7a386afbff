// Three times as many requests as a slow destination can take: queues are bounded, what is too much is refused and counted exactly, the admin
// port answers meanwhile, and afterwards all is as before. The long form is in test/long.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { askOnce, openLoad, slowServer } from '../open-load.ts'
import type { Fates, SlowServer } from '../open-load.ts'
import { readMetrics } from '../prometheus-text.ts'
import { apiOf } from './api.ts'
import { until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'

const ROOM = 40
const POOL = 5
const DELAY = 100
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
let slow: SlowServer

beforeAll(async () => {
  slow = await slowServer(DELAY)
  serin = await startSerin({ config: `limits: {requestsMax: ${ROOM}}` })
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
  for (const name of ['plain', 'pool']) await api.call('POST', `${group}/serviceentries`, entry(name, slow.port))
  await api.call('POST', `${group}/destinationrules`, rule)
  api.close()
  for (const name of ['plain', 'pool']) await until('the destination answers', () => fine(name))
})
afterAll(async () => {
  await serin?.stop()
  slow?.close()
})

async function fine(name: string): Promise<boolean> {
  return (await askOnce({ proxy: serin.addresses.mesh, url: `http://${name}.example/`, agent: false })) === '200 slow'
}

// What the admin port answers until `during` is over.
async function watched<T>(during: Promise<T>): Promise<{ readonly result: T; readonly answers: ReadonlySet<string> }> {
  const state = { over: false }
  const result = during.finally(() => (state.over = true))
  const answers = new Set<string>()
  while (!state.over) {
    for (const path of ['/healthz', '/readyz', '/metrics', '/stats?filter=pool']) {
      const { status } = await fetch(serin.addresses.admin + path)
      answers.add(`${path} ${status}`)
    }
  }
  return { result: await result, answers }
}

async function reached(limit: string): Promise<number> {
  const families = readMetrics(await (await fetch(`${serin.addresses.admin}/metrics`)).text())
  const samples = families.find(({ name }) => name === 'serin_mesh_limit_reached_total')?.samples ?? []
  return samples.find(({ labels }) => labels.get('limit') === limit)?.value ?? -1
}

const load = (name: string, capacity: number): Promise<Fates> =>
  openLoad({ proxy: serin.addresses.mesh, url: `http://${name}.example/`, rate: (3 * 1000 * capacity) / DELAY, time: 2000 })

const HEALTHY = new Set(['/healthz 200', '/readyz 200', '/metrics 200', '/stats?filter=pool 200'])

it('without limits of a destination, those of the worker hold', async () => {
  expect(await reached('requestsMax')).toBe(0)
  const { result: fates, answers } = await watched(load('plain', ROOM))
  expect([...fates.keys()].toSorted()).toEqual(['200 slow', OVERLOADED])
  // More than these find room where the machine lets them come one by one.
  expect(fates.get('200 slow')).toBeGreaterThanOrEqual(ROOM)
  expect(await reached('requestsMax')).toBe(fates.get(OVERLOADED))
  expect(slow.most()).toBeLessThanOrEqual(ROOM)
  expect(answers).toEqual(HEALTHY)
  await until('it answers as before', () => fine('plain'))
})

it('the pool of a destination bounds connections and who waits for one', async () => {
  const before = await reached('requestsMax')
  const { result: fates, answers } = await watched(load('pool', POOL))
  expect([...fates.keys()].toSorted()).toEqual(['200 slow', OVERFLOW])
  expect(fates.get('200 slow')).toBeGreaterThanOrEqual(POOL)
  const stats = await (await fetch(`${serin.addresses.admin}/stats?filter=pool.example.*pending`)).text()
  expect(stats).toMatch(new RegExp(`upstream_rq_pending_overflow: ${fates.get(OVERFLOW)}\n`))
  expect(stats).toMatch(/upstream_rq_pending_active: 0\n/)
  expect(await reached('requestsMax')).toBe(before)
  expect(answers).toEqual(HEALTHY)
  await until('it answers as before', () => fine('pool'))
})
