// A minute of three times too many requests on the one worker of an instance: at a slow destination, and at a worker that is short of CPU, as
// each request is put to a thousand regular expressions. Queues and memory are bounded, what is refused is told and counted exactly, whatever
// watches over the instance is answered throughout, and two seconds after the load a request is answered. SERIN_SECONDS: how long.

import process from 'node:process'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../src/host/system-clock.ts'
import { generate } from '../../src/load/generate.ts'
import type { LoadAnswer, LoadOptions, LoadReport } from '../../src/load/generate.ts'
import type { LoadPlan } from '../../src/load/load-plan.ts'
import { wait } from '../../src/std/clock.ts'
import { ANSWER, countedServer } from '../counted-server.ts'
import type { CountedServer } from '../counted-server.ts'
import { BODY_MAX, HUNG, fateOf } from '../crowd.ts'
import { expectHealthy, flagged, limitReached } from '../e2e/admin-port.ts'
import { apiOf } from '../e2e/api.ts'
import { memoryOf, troubles, workersOf } from '../e2e/hostile.ts'
import { fetchThrough } from '../e2e/mesh-request.ts'
import { until } from '../e2e/run.ts'
import { startSerin } from '../e2e/serin.ts'
import type { Serin } from '../e2e/serin.ts'
import { Tally } from '../tally.ts'

const TIME = 1000 * Number(process.env['SERIN_SECONDS'] ?? 60)
const FINE = `200 ${ANSWER}`
const OVERLOADED = '503 envoy overloaded'
/** A client whose connection the worker closed at its limit; which of them it is told is the system's affair. */
const CLOSED = ['0 ECONNRESET', '0 EPIPE']
/** A client that went. */
const WENT = '0 ABORT_ERR'
/** What a worker may hold with so many requests and connections, garbage included. */
const RESIDENT_MAX = 220
const RECOVERY_MAX = 2000
/** Answers between two looks at the instance. */
const LOOK_EVERY = 500
/** More than any queue. */
const CONNECTIONS = 1000
/** Clients at a time that go while they wait. */
const LEAVERS = 20
const HOST = 'a.example'

const clock = systemClock()
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Rig {
  readonly serin: Serin
  readonly server: CountedServer
  readonly worker: number
  readonly url: string
}

interface RigOptions {
  readonly limits: string
  /** Regular expressions that a request to `url` is put to in vain. */
  readonly expressions: number
  readonly answer: (answer: () => void) => void
}

async function rigOf({ limits, expressions, answer }: RigOptions): Promise<Rig> {
  const server = await countedServer(answer)
  cleanups.push(() => server.close())
  const serin = await startSerin({ config: `limits: ${limits}`, args: ['--workers', '1'] })
  cleanups.push(() => serin.stop())
  const api = apiOf(serin.dir)
  const group = '/apis/networking.istio.io/v1/namespaces/default'
  await api.call('POST', `${group}/virtualservices`, virtualService(expressions))
  await api.call('POST', `${group}/serviceentries`, serviceEntry(server.port))
  api.close()
  const url = `http://${HOST}/items/123456/parts`
  await until('the destination answers', async () => (await fetchThrough(serin.addresses.mesh, url)).status === 200)
  return { serin, server, worker: workersOf(serin)[0] ?? 0, url }
}

const object = (kind: string, spec: object): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name: 'a', namespace: 'default' },
  spec
})

function virtualService(expressions: number): object {
  const route = [{ destination: { host: HOST } }]
  const match = Array.from({ length: expressions }, (_, number) => ({ uri: { regex: `/[a-z]+/[0-9]+/${number}` } }))
  return object('VirtualService', { hosts: [HOST], http: [...(expressions > 0 ? [{ match, route }] : []), { route }] })
}

const serviceEntry = (port: number): object =>
  object('ServiceEntry', {
    hosts: [HOST],
    resolution: 'STATIC',
    ports: [{ number: 80, name: 'http', protocol: 'HTTP', targetPort: port }],
    endpoints: [{ address: '127.0.0.1' }]
  })

// Sends what the plan says; a plan that does not say so is over in any case.
function send({ serin, url }: Rig, plan: Partial<LoadPlan>, options: Partial<LoadOptions> = {}): Promise<LoadReport> {
  const plain = {
    url,
    method: 'GET',
    headers: [],
    body: '',
    connections: 1,
    rate: undefined,
    count: undefined,
    duration: HUNG,
    timeout: HUNG
  }
  return generate(
    { ...plain, ...plan },
    { signal: new AbortController().signal, proxy: serin.addresses.mesh, bodyMax: BODY_MAX, ...options }
  )
}

interface Passed {
  readonly fates: Tally
  /** Looks at the instance while the load went on. */
  readonly looks: number
  /** The most that the worker held at one of them, in MB. */
  readonly resident: number
  /** Milliseconds from the end of the load until a request was answered. */
  readonly recovery: number
}

// Runs a load at three times the capacity for its time, and looks at the instance meanwhile; `beside` hears of each look.
async function overload(rig: Rig, capacity: number, beside: (fates: Tally) => void = () => undefined): Promise<Passed> {
  const fates = new Tally()
  let [answers, looks, resident] = [0, 0, 0]
  let looking: Promise<void> | undefined
  const look = async (): Promise<void> => {
    beside(fates)
    await expectHealthy(rig.serin)
    resident = Math.max(resident, memoryOf(rig.worker))
    looks += 1
    looking = undefined
  }
  const onAnswer = (answer: LoadAnswer): void => {
    fates.add(fateOf(answer))
    if (++answers % LOOK_EVERY === 0) looking ??= look()
  }
  const end = new AbortController()
  const load = send(rig, { rate: 3 * capacity, connections: CONNECTIONS, duration: 2 * TIME }, { onAnswer, until: end.signal })
  await wait(clock, TIME, new AbortController().signal)
  end.abort()
  const recovery = await recovered(rig, fates)
  const { sent } = await load
  await looking
  const told = `capacity ${capacity.toFixed(0)}/s, ${sent} sent: ${JSON.stringify(fates.all())}; ${looks} looks, ${resident.toFixed(0)} MB`
  console.log(`${told}, answers after ${recovery.toFixed(0)} ms`)
  return { fates, looks, resident, recovery }
}

// Milliseconds until a request is answered. What is under way from the load is still in its way.
async function recovered(rig: Rig, fates: Tally): Promise<number> {
  const over = performance.now()
  for (;;) {
    const { statuses } = await send(rig, { count: 1 }, { onAnswer: (answer) => fates.add(fateOf(answer)) })
    const passed = performance.now() - over
    if (statuses.get(200) === 1 || passed > HUNG) return passed
  }
}

function expectSound({ serin, worker }: Rig, { looks, resident, recovery }: Passed): void {
  expect(looks).toBeGreaterThan(0)
  expect(resident).toBeLessThan(RESIDENT_MAX)
  expect(recovery).toBeLessThan(RECOVERY_MAX)
  expect([troubles(serin), workersOf(serin)]).toEqual([[], [worker]])
}

// Of those that did not hear it, at most `unheard`.
async function expectCounted(count: () => Promise<number>, heard: number, unheard: number): Promise<void> {
  await expect.poll(count).toBeGreaterThanOrEqual(heard)
  expect(await count()).toBeLessThanOrEqual(heard + unheard)
}

test('at a slow destination', async () => {
  const [room, delay] = [200, 500]
  const rig = await rigOf({ limits: `{requestsMax: ${room}}`, expressions: 0, answer: (answer) => void clock.after(delay, answer) })
  const passed = await overload(rig, (1000 * room) / delay)
  const { fates } = passed
  expect(Object.keys(fates.all()).toSorted()).toEqual([FINE, OVERLOADED])
  for (const count of [() => limitReached(rig.serin, 'requestsMax'), () => flagged(rig.serin, 503, 'OM')])
    await expectCounted(count, fates.of(OVERLOADED), 0)
  expect(rig.server.most()).toBeLessThanOrEqual(room)
  expectSound(rig, passed)
})

test('at a worker that is short of CPU', async () => {
  const room = 20
  const limits = `{requestsMax: ${room}, connectionsMax: ${4 * room}}`
  const rig = await rigOf({ limits, expressions: 1000, answer: (answer) => answer() })
  const { statuses, duration } = await send(rig, { connections: room / 2, count: 1000 })
  const capacity = (1000 * (statuses.get(200) ?? 0)) / duration
  let leave = new AbortController()
  const gone: Promise<unknown>[] = []
  const passed = await overload(rig, capacity, (fates) => {
    leave.abort()
    leave = new AbortController()
    const onAnswer = (answer: LoadAnswer): void => fates.add(fateOf(answer))
    gone.push(send(rig, { connections: LEAVERS, count: LEAVERS }, { signal: leave.signal, onAnswer }))
  })
  leave.abort()
  await Promise.all(gone)
  const { fates } = passed
  const known = [FINE, OVERLOADED, ...CLOSED, WENT]
  expect(Object.keys(fates.all()).filter((fate) => !known.includes(fate))).toEqual([])
  expect(Math.min(...[FINE, OVERLOADED, WENT].map((fate) => fates.of(fate)))).toBeGreaterThan(0)
  const closed = CLOSED.reduce((sum, fate) => sum + fates.of(fate), 0)
  await expectCounted(() => limitReached(rig.serin, 'requestsMax'), fates.of(OVERLOADED), fates.of(WENT))
  await expectCounted(() => flagged(rig.serin, 503, 'OM'), fates.of(OVERLOADED), fates.of(WENT))
  await expectCounted(() => limitReached(rig.serin, 'connectionsMax'), closed, fates.of(WENT))
  expectSound(rig, passed)
})
