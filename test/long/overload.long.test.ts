// A minute of three times too many requests on one worker: at a slow destination, and at a worker that is short of CPU, as a container is by its
// quota. Queues and memory are bounded, refusals are counted, the worker answers the control process throughout, and two seconds after the
// load a request is answered. SERIN_SECONDS: how long.

import { readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import process from 'node:process'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../src/host/system-clock.ts'
import { Registry } from '../../src/metrics/registry.ts'
import type { Limits } from '../../src/proxy/limits.ts'
import { Workers } from '../../src/proxy/workers.ts'
import { askOnce, openLoad, slowServer } from '../open-load.ts'
import type { Fates } from '../open-load.ts'
import { SOURCE, cluster, endpoint, entry, forward } from '../proxy-plane.ts'

const SECONDS = Number(process.env['SERIN_SECONDS'] ?? 60)
const OVERLOADED = '503 envoy overloaded'
const FINE = '200 slow'
const ROOM = 200
const DELAY = 500
/** What a worker may hold with so many requests and connections, garbage included. */
const RESIDENT_MAX = 220
const RECOVERY_MAX = 2000
/** Of 50 ms, so many belong to the worker that is short of CPU. */
const SHARE = 4
const PERIOD = 50
/** Closed-loop callers that measure what it can do, and how long. */
const CALLERS = 400
const MEASURE = 3000

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Rig {
  readonly proxy: string
  readonly pid: number
  readonly workers: Workers
  readonly registry: Registry
  readonly troubles: readonly string[]
  readonly most: () => number
}

async function oneWorker(delay: number, limits: Partial<Limits>): Promise<Rig> {
  const server = await slowServer(delay)
  cleanups.push(() => server.close())
  const registry = new Registry()
  const troubles: string[] = []
  const workers = new Workers({ count: 1, clock: systemClock(), registry, limits, onTrouble: (text) => troubles.push(text) })
  cleanups.push(() => workers.stop(200))
  await workers.start()
  await workers.push({
    version: 1,
    sourceLabels: [],
    limits: {},
    inbound: {},
    scopes: { 'gateway|80': { id: 'gateway|80', kind: 'gateway', port: 80, namespace: '', tls: false, hosts: { '*': 'all' } } },
    entries: { all: entry([forward([['c', 1]])]) },
    clusters: { c: cluster('c', [endpoint(server.port)]) }
  })
  const port = await workers.listen({ id: 'http', address: '127.0.0.1', port: 0, entry: { kind: 'gateway', port: 80 }, source: SOURCE })
  return { proxy: `http://127.0.0.1:${port}`, pid: workers.pids[0] ?? 0, workers, registry, troubles, most: server.most }
}

const residentOf = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024

// Asks the worker for its counts until the load is over; the most it held, in MB.
async function watched({ workers, pid }: Rig, load: Promise<Fates>): Promise<{ readonly fates: Fates; readonly resident: number }> {
  const state = { over: false }
  const watching = load.finally(() => (state.over = true))
  let resident = 0
  while (!state.over) {
    await workers.collect()
    resident = Math.max(resident, residentOf(pid))
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  return { fates: await watching, resident }
}

// Milliseconds until a request is answered.
async function recovery({ proxy }: Rig): Promise<number> {
  const over = performance.now()
  for (;;) {
    if ((await askOnce({ proxy, url: 'http://a/', agent: false, patience: RECOVERY_MAX })) === FINE) return performance.now() - over
    if (performance.now() - over > 10 * RECOVERY_MAX) return Number.POSITIVE_INFINITY
  }
}

async function capacityOf({ proxy }: Rig): Promise<number> {
  const end = performance.now() + MEASURE
  const agent = new Agent({ keepAlive: true })
  let answered = 0
  const call = async (): Promise<void> => {
    while (performance.now() < end) if ((await askOnce({ proxy, url: 'http://a/', agent })) === FINE) answered++
  }
  await Promise.all(Array.from({ length: CALLERS }, call))
  agent.destroy()
  return (1000 * answered) / MEASURE
}

function throttle(pid: number): void {
  const stop = setInterval(() => {
    process.kill(pid, 'SIGSTOP')
    setTimeout(() => process.kill(pid, 'SIGCONT'), PERIOD - SHARE)
  }, PERIOD)
  cleanups.push(async () => {
    clearInterval(stop)
    await new Promise((resolve) => setTimeout(resolve, PERIOD))
    process.kill(pid, 'SIGCONT')
  })
}

test('at a slow destination', async () => {
  const rig = await oneWorker(DELAY, { requestsMax: ROOM })
  const rate = (3 * 1000 * ROOM) / DELAY
  const { fates, resident } = await watched(rig, openLoad({ proxy: rig.proxy, url: 'http://a/', rate, time: SECONDS * 1000 }))
  const again = await recovery(rig)
  await rig.workers.collect()
  console.log(`${JSON.stringify(Object.fromEntries(fates))}, ${resident.toFixed(0)} MB, answers after ${again.toFixed(0)} ms`)
  expect([...fates.keys()].toSorted()).toEqual([FINE, OVERLOADED])
  expect(rig.registry.reached()).toEqual({ requestsMax: fates.get(OVERLOADED) })
  expect(rig.most()).toBeLessThanOrEqual(ROOM)
  expect(resident).toBeLessThan(RESIDENT_MAX)
  expect(again).toBeLessThan(RECOVERY_MAX)
  expect([rig.troubles, rig.workers.pids]).toEqual([[], [rig.pid]])
})

test('at a worker that is short of CPU', async () => {
  const rig = await oneWorker(0, { requestsMax: ROOM, connectionsMax: 2000 })
  throttle(rig.pid)
  const capacity = await capacityOf(rig)
  const load = openLoad({ proxy: rig.proxy, url: 'http://a/', rate: 3 * capacity, time: SECONDS * 1000, patience: 1000 })
  const { fates, resident } = await watched(rig, load)
  const again = await recovery(rig)
  console.log(
    `capacity ${capacity.toFixed(0)}/s: ${JSON.stringify(Object.fromEntries(fates))}, ${resident.toFixed(0)} MB, answers after ${again.toFixed(0)} ms`
  )
  expect(fates.get(FINE)).toBeGreaterThan(0)
  // Whoever is not answered was refused in words, closed at the limit of connections, or went.
  const odd = [...fates.keys()].filter((fate) => ![FINE, OVERLOADED, '0 gone', '0 ECONNRESET', '0 EPIPE'].includes(fate))
  expect(odd).toEqual([])
  expect(resident).toBeLessThan(RESIDENT_MAX)
  expect(again).toBeLessThan(RECOVERY_MAX)
  expect([rig.troubles, rig.workers.pids]).toEqual([[], [rig.pid]])
})
