import { Agent, createServer, get } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../host/system-clock.ts'
import { compileCache } from '../host/compile-cache.ts'
import { Registry } from '../metrics/registry.ts'
import type { RouteTable } from '../route/route-table.ts'
import { VirtualClock } from '../std/clock.ts'
import type { Limits } from './limits.ts'
import { MeshStats } from './mesh-stats.ts'
import { ListenError, Workers } from './workers.ts'
import type { ListenerSpec } from './listener.ts'
import { PLAIN_ENDPOINT, PLAIN_FORWARD, PLAIN_SETTINGS, onlyChoice } from '../route/plain.ts'
import { WORKERS_READ } from '../../test/read-mode.ts'

const clock = systemClock()

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function serve(): Promise<number> {
  const server: Server = createServer((_, response) => response.end('hello'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

function table(version: number, port: number, timeout = 0): RouteTable {
  const endpoint = { ...PLAIN_ENDPOINT, address: '127.0.0.1', port, pod: 'p', namespace: 'default', workload: 'w', app: 'a', version: 'v1' }
  const action = { ...PLAIN_FORWARD, choices: [onlyChoice('c')], total: 1, timeout }
  const ref = { virtualService: 'default/a', name: undefined, index: 0 }
  const routes = [{ ref, path: { kind: 'any' as const }, headers: [], query: [], action }]
  return {
    version,
    sourceLabels: [],
    limits: {},
    inbound: {},
    scopes: { 'gateway|80': { id: 'gateway|80', kind: 'gateway', port: 80, namespace: '', tls: false, hosts: { '*': 'e' } } },
    entries: { e: { id: 'e', version, host: '*', httpsRedirect: false, routes } },
    clusters: {
      c: {
        id: 'c',
        host: 'a.default.svc.cluster.local',
        namespace: 'default',
        serviceName: 'a',
        port: 80,
        subset: undefined,
        endpoints: [endpoint],
        ...PLAIN_SETTINGS,
        balance: 'round-robin',
        connectTimeout: 1000,
        idleTimeout: 60_000
      }
    }
  }
}

const SPEC: ListenerSpec = {
  id: 'http',
  address: '127.0.0.1',
  port: 0,
  entry: { kind: 'gateway', port: 80 },
  source: { workload: 'g', namespace: 'n', app: 'g', version: 'latest' }
}

function status(port: number, agent: Agent | false = false, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  return new Promise((resolve) => {
    get({ port, host: '127.0.0.1', agent, headers }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    }).on('error', () => resolve(0))
  })
}

function started(
  count: number,
  limits: Partial<Limits> = {}
): { workers: Workers; registry: Registry; stats: MeshStats; troubles: string[] } {
  const [registry, stats] = [new Registry(), new MeshStats()]
  const troubles: string[] = []
  const env = compileCache()
  const workers = new Workers({
    ...WORKERS_READ,
    count,
    clock,
    registry,
    stats,
    env,
    limits,
    onTrouble: (message) => troubles.push(message)
  })
  cleanups.push(() => workers.stop(200))
  return { workers, registry, stats, troubles }
}

const total = (registry: Registry): number =>
  registry
    .cells()
    .filter((cell) => cell.labels.reporter === 'source')
    .flatMap((cell) => cell.counts)
    .reduce((sum, one) => sum + one.count, 0)

test('two workers share an address, serve one table, and a killed one comes back with it and without losing its counts', async () => {
  const upstream = await serve()
  const { workers, registry, stats, troubles } = started(2)
  await workers.start()
  expect(workers.pids.length).toBe(2)
  expect(await workers.push(table(1, upstream))).toBe(1)
  const port = await workers.listen(SPEC)
  expect(new Set(await Promise.all(Array.from({ length: 40 }, () => status(port))))).toEqual(new Set([200]))
  await workers.collect()
  expect(total(registry)).toBe(40)
  const open = (): number => stats.clusters().get('c')?.read('upstream_cx_active') ?? 0
  const opened = open()
  const before = workers.pids
  process.kill(before[0] ?? 0, 'SIGKILL')
  await expect.poll(() => workers.pids.filter((pid) => !before.includes(pid)).length, { timeout: 5000 }).toBe(1)
  await workers.collect()
  expect(total(registry)).toBe(40)
  expect(stats.clusters().get('c')?.read('upstream_rq_2xx')).toBe(40)
  // Its connections ended with it.
  expect(open()).toBeLessThan(opened)
  expect(troubles[0]).toMatch(/ended \(SIGKILL\): another starts in 50 ms/)
  expect(await workers.push(table(2, upstream, 1000))).toBe(2)
  await expect.poll(() => status(port)).toBe(200)
  await workers.unlisten('http')
  await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow(
    expect.objectContaining({ cause: expect.objectContaining({ code: 'ECONNREFUSED' }) })
  )
})

test('workers that cannot read into their own buffers read by events, and say so once', async () => {
  const upstream = await serve()
  const troubles: string[] = []
  // A Node that calls the fields of its sockets otherwise.
  const other =
    'const of = Object.getOwnPropertySymbols; Object.getOwnPropertySymbols = (it) => of(it).filter((one) => one.description !== "kBufferGen")'
  const env = { ...compileCache(), NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(other)}` }
  const workers = new Workers({ count: 2, clock, registry: new Registry(), env, onTrouble: (message) => troubles.push(message) })
  cleanups.push(() => workers.stop(200))
  await workers.start()
  await workers.push(table(1, upstream))
  const port = await workers.listen(SPEC)
  expect(await Promise.all([status(port), status(port), status(port)])).toEqual([200, 200, 200])
  expect(troubles).toEqual([expect.stringMatching(/^mesh workers read from callers by events: Node v/)])
})

test('limits hold in every worker, one that was started again included', async () => {
  const upstream = await serve()
  const { workers, registry } = started(1, { fieldsMax: 16 })
  await workers.start()
  await workers.push(table(1, upstream))
  const port = await workers.listen(SPEC)
  const many = Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`x-${at}`, 'y']))
  expect([await status(port), await status(port, false, many)]).toEqual([200, 431])
  // What the first has counted stays.
  await workers.collect()
  const before = workers.pids
  process.kill(before[0] ?? 0, 'SIGKILL')
  await expect.poll(() => workers.pids.filter((pid) => !before.includes(pid)).length, { timeout: 5000 }).toBe(1)
  // It answers orders before it listens.
  await expect.poll(() => workers.troubles(), { timeout: 20_000 }).toEqual([])
  expect([await status(port), await status(port, false, many)]).toEqual([200, 431])
  await workers.collect()
  expect(registry.reached()).toEqual({ fieldsMax: 2 })
})

test('every worker is registered as a process group of its own, one that was started again included', async () => {
  const groups = new Set<number>()
  const register = { add: (_: 'worker', group: number) => void groups.add(group), remove: (group: number) => void groups.delete(group) }
  const workers = new Workers({ count: 1, clock, registry: new Registry(), env: compileCache(), register, onTrouble: () => undefined })
  cleanups.push(() => workers.stop(200))
  await workers.start()
  const [first = 0] = workers.pids
  expect([...groups]).toEqual([first])
  expect(process.kill(-first, 0)).toBe(true)
  process.kill(first, 'SIGKILL')
  await expect.poll(() => workers.pids.filter((pid) => pid !== first).length, { timeout: 5000 }).toBe(1)
  expect([...groups]).toEqual(workers.pids)
  await workers.stop(100)
  expect([...groups]).toEqual([])
})

test('a worker that is down or not yet up again is told of, one that serves is not, nor are those that were asked to stop', async () => {
  const { workers } = started(1)
  expect(workers.troubles()).toEqual(['mesh worker 0 is down, another starts soon'])
  await workers.start()
  expect(workers.troubles()).toEqual([])
  process.kill(workers.pids[0] ?? 0, 'SIGKILL')
  await expect.poll(() => workers.troubles(), { interval: 1, timeout: 5000 }).toEqual(['mesh worker 0 is down, another starts soon'])
  await expect.poll(() => workers.troubles(), { interval: 1, timeout: 5000 }).toEqual(['mesh worker 0 is starting'])
  await expect.poll(() => workers.troubles(), { timeout: 5000 }).toEqual([])
  await workers.stop(100)
  expect(workers.troubles()).toEqual([])
})

// Asks one request after the other on a kept connection until it is told to stop, over a new one when the old one broke.
async function client(port: number, load: { on: boolean; answered: number; broken: number }): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  while (load.on) {
    if ((await status(port, agent)) === 200) load.answered++
    else load.broken++
  }
  agent.destroy()
}

test('a worker killed under load costs the requests it had in hand and no others; the rest goes on, totals never fall', async () => {
  const upstream = await serve()
  const { workers, registry, troubles } = started(3)
  await workers.start()
  await workers.push(table(1, upstream))
  const port = await workers.listen(SPEC)
  const load = { on: true, answered: 0, broken: 0 }
  const clients = Array.from({ length: 12 }, () => client(port, load))
  const totals: number[] = []
  const look = async (holds: () => boolean): Promise<void> => {
    while (!holds()) {
      await workers.collect()
      totals.push(total(registry))
    }
  }
  await look(() => load.answered >= 300)
  const [killed = 0, ...others] = workers.pids
  process.kill(killed, 'SIGKILL')
  await look(() => workers.pids.length === 3 && !workers.pids.includes(killed))
  const { answered } = load
  await look(() => load.answered >= answered + 300)
  load.on = false
  await Promise.all(clients)
  await look(() => true)
  expect(workers.pids).toEqual(expect.arrayContaining(others))
  // Each client had one request under way; a connection that waited to be accepted may break as well.
  expect(load.broken).toBeLessThanOrEqual(2 * clients.length)
  expect(totals).toEqual(totals.toSorted((a, b) => a - b))
  // What the dead worker counted after it was asked last is lost, nothing else is.
  expect(total(registry)).toBeLessThanOrEqual(load.answered + load.broken)
  expect(total(registry)).toBeGreaterThanOrEqual(300)
  expect(troubles).toEqual([expect.stringMatching(/ended \(SIGKILL\): another starts in 50 ms/)])
})

// A worker that is stopped, in a time that the test moves; `usage`: what the machine says of its use of the processor.
async function stopped(usage?: () => number): Promise<{ time: VirtualClock; workers: Workers; troubles: string[]; pid: number }> {
  const time = new VirtualClock()
  const troubles: string[] = []
  const onTrouble = (message: string): void => void troubles.push(message)
  const workers = new Workers({ count: 1, clock: time, registry: new Registry(), env: compileCache(), onTrouble, ...(usage && { usage }) })
  cleanups.push(() => workers.stop(200))
  await workers.start()
  const [pid = 0] = workers.pids
  process.kill(pid, 'SIGSTOP')
  return { time, workers, troubles, pid }
}

test('a worker that answers nothing for half a minute is ended and replaced; who asks for counts does not wait for that', async () => {
  let used = 0
  const { time, workers, troubles, pid } = await stopped(() => ++used)
  const asked = workers.collect()
  await time.advance(2000)
  await asked
  await time.advance(27_999)
  expect(troubles).toEqual([])
  await time.advance(1)
  expect(troubles).toEqual(['mesh worker 0.1 has not answered for 30 s: ending it'])
  await expect.poll(() => troubles.at(-1)).toBe('mesh worker 0.1 ended (SIGKILL): another starts in 50 ms')
  await time.advance(50)
  await expect.poll(() => workers.pids.filter((other) => other !== pid).length).toBe(1)
})

test('a worker that owes an answer and does not even use the processor is ended after six seconds', async () => {
  const { time, workers, troubles } = await stopped(() => 7)
  void workers.collect()
  await time.advance(5999)
  expect(troubles).toEqual([])
  await time.advance(1)
  expect(troubles).toEqual(['mesh worker 0.1 stands still: ending it'])
})

test('workers report what they count without being asked: a killed one keeps it', async () => {
  const upstream = await serve()
  const { workers, registry, stats } = started(2)
  await workers.start()
  await workers.push(table(1, upstream))
  const port = await workers.listen(SPEC)
  await Promise.all(Array.from({ length: 40 }, () => status(port)))
  await expect.poll(() => total(registry)).toBe(40)
  const before = workers.pids
  for (const pid of before) process.kill(pid, 'SIGKILL')
  await expect
    .poll(() => workers.troubles().length === 0 && !workers.pids.some((pid) => before.includes(pid)), { timeout: 10_000 })
    .toBe(true)
  expect(total(registry)).toBe(40)
  expect(stats.clusters().get('c')?.read('upstream_rq_2xx')).toBe(40)
  await Promise.all(Array.from({ length: 10 }, () => status(port)))
  await expect.poll(() => total(registry)).toBe(50)
})

test('a busy address is an error with its code', async () => {
  const { workers } = started(1)
  await workers.start()
  const busy = await serve()
  await expect(workers.listen({ ...SPEC, port: busy })).rejects.toSatisfy(
    (error) => error instanceof ListenError && error.code === 'EADDRINUSE'
  )
})

test('stopping ends every worker process and keeps all it counted', async () => {
  const upstream = await serve()
  const { workers, registry } = started(1)
  await workers.start()
  await workers.push(table(1, upstream))
  const port = await workers.listen(SPEC)
  expect(await status(port)).toBe(200)
  const [pid = 0] = workers.pids
  await workers.stop(100)
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  expect(total(registry)).toBe(1)
})

test('lines of all requests are read before the end of the workers: of one that is drained every one, of a killed one what it sent', async () => {
  const lines: string[] = []
  const workers = new Workers({
    count: 1,
    clock,
    registry: new Registry(),
    env: compileCache(),
    accessLog: { encoding: 'text', format: '%REQ(:PATH)%', routes: 'all' },
    onLines: (some) => lines.push(...some.flatMap(([pod, text]) => (pod === '' ? [text] : []))),
    onTrouble: () => undefined
  })
  cleanups.push(() => workers.stop(0))
  await workers.start()
  await workers.push(table(1, await serve()))
  const port = await workers.listen(SPEC)
  const ask = (path: string): Promise<number> =>
    new Promise((resolve) => {
      get({ port, host: '127.0.0.1', path, agent: false }, (response) =>
        response.resume().on('end', () => resolve(response.statusCode ?? 0))
      )
    })
  expect(await ask('/first')).toBe(200)
  await expect.poll(() => lines).toEqual(['/first'])
  process.kill(workers.pids[0] ?? 0, 'SIGKILL')
  await expect.poll(() => workers.troubles(), { timeout: 10_000 }).not.toEqual([])
  await expect.poll(() => workers.troubles(), { timeout: 20_000 }).toEqual([])
  const paths = Array.from({ length: 300 }, (_, index) => `/${index}${'x'.repeat(800)}`)
  for (let at = 0; at < paths.length; at += 20) await Promise.all(paths.slice(at, at + 20).map(ask))
  // No connection is left to be drained: what waits has no time to leave by itself.
  await workers.stop(1000)
  expect(lines.toSorted()).toEqual(['/first', ...paths].toSorted())
})
