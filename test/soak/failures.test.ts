// What a failure of a mesh worker, and a change of listeners, may cost under load (docs/failures.md), and that it costs no more.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../e2e/run.ts'
import { GATEWAY, startRig } from './rig.ts'
import type { Rig } from './rig.ts'
import { steady } from './steady.ts'
import type { Asked, Steady } from './steady.ts'

const CALLERS = 12
/** What a process that dies had in hand, and what came while the system was still taking its sockets away. */
const LOST_MAX = 2 * CALLERS

const loads: Steady[] = []
afterEach(async () => {
  await Promise.all(loads.splice(0).map((load) => load.stop()))
})

function loadOn(port: number): Steady {
  const load = steady(port, CALLERS)
  loads.push(load)
  return load
}

const unanswered = ({ asked }: Steady): Asked[] => asked.filter(({ fate }) => fate !== 'answered')
const lost = (load: Steady): Asked[] => load.asked.filter(({ fate }) => fate === 'lost')
const refused = (load: Steady): Asked[] => load.asked.filter(({ fate }) => fate === 'refused')

const reads = (rig: Rig): number => (rig.called.get('main') ?? []).reduce((sum, { read }) => sum + read, 0)

// A connection that the system made in the instant in which a socket is closed is reset: nobody has taken it.
function expectAllBegunAnswered(rig: Rig, before: number, all: readonly Steady[]): void {
  const asked = all.flatMap((load) => load.asked)
  expect(asked.filter(({ fate, fresh }) => fate === 'lost' && !fresh)).toEqual([])
  expect(reads(rig) - before).toBe(asked.filter(({ fate }) => fate === 'answered').length)
  expect(asked.filter(({ fate }) => fate === 'lost').length).toBeLessThanOrEqual(CALLERS)
}

// Resolves with the instant at which the control process has said it.
async function told(rig: Rig, sentence: RegExp, from: number): Promise<number> {
  await until(String(sentence), () => rig.troubles.slice(from).some((line) => sentence.test(line)))
  return performance.now()
}

/** Kills a worker under `load`; resolves with the instant at which the control process has said that it ended. */
async function killUnder(load: Steady, rig: Rig): Promise<number> {
  await load.more(200)
  const from = rig.troubles.length
  process.kill(rig.workers.pids[0] ?? 0, 'SIGKILL')
  return told(rig, /ended \(SIGKILL\)/, from)
}

/** Tells a worker under `load` to end; resolves with its id when it has been said that another takes its place. */
async function endUnder(load: Steady, rig: Rig): Promise<number> {
  await load.more(200)
  const from = rig.troubles.length
  const [victim = 0] = rig.workers.pids
  process.kill(victim, 'SIGTERM')
  await told(rig, /was told to end: another takes its place/, from)
  return victim
}

// Resolves with the instant from which all workers serve.
async function serving(rig: Rig): Promise<number> {
  await until('all workers serve', () => rig.workers.troubles().length === 0)
  return performance.now()
}

describe('with two workers', () => {
  let rig: Rig
  beforeAll(async () => void (rig = await startRig(2)))
  afterAll(() => rig.stop())

  it('kill -9 of one costs what it had in hand, nothing that began after its end, and nobody is refused', async () => {
    const load = loadOn(rig.port)
    const ended = await killUnder(load, rig)
    await load.more(200)
    await serving(rig)
    await load.more(200)
    await load.stop()
    expect(unanswered(load).length).toBeLessThanOrEqual(LOST_MAX)
    expect(unanswered(load).filter(({ began }) => began > ended)).toEqual([])
    expect(refused(load)).toEqual([])
  })

  it('SIGTERM of one costs nothing that was begun: another takes its place first', async () => {
    const before = reads(rig)
    const load = loadOn(rig.port)
    const victim = await endUnder(load, rig)
    await until('the worker is gone', () => !alive(victim))
    await load.more(200)
    await load.stop()
    expect(rig.workers.troubles()).toEqual([])
    expectAllBegunAnswered(rig, before, [load])
    expect(refused(load)).toEqual([])
  })

  it('a listener that is taken away is drained: its callers get every answer that was begun, and those of another notice nothing', async () => {
    const before = reads(rig)
    const [stays, goes] = [loadOn(rig.port), loadOn(await rig.workers.listen({ ...GATEWAY, id: 'other' }))]
    await goes.more(200)
    await rig.workers.unlisten('other')
    const closed = performance.now()
    await stays.more(200)
    await Promise.all([stays.stop(), goes.stop()])
    expect(unanswered(stays)).toEqual([])
    expectAllBegunAnswered(rig, before, [stays, goes])
    expect(goes.asked.filter(({ fate, began }) => fate === 'answered' && began > closed)).toEqual([])
  })
})

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('with one worker', () => {
  let rig: Rig
  beforeAll(async () => void (rig = await startRig(1)))
  afterAll(() => rig.stop())

  it('kill -9 costs what it had in hand, and connections are refused until its successor listens, no longer', async () => {
    const load = loadOn(rig.port)
    const ended = await killUnder(load, rig)
    const again = await serving(rig)
    await load.more(200)
    await load.stop()
    expect(lost(load).length).toBeLessThanOrEqual(LOST_MAX)
    expect(lost(load).filter(({ began }) => began > ended)).toEqual([])
    expect(refused(load).filter(({ began }) => began > again)).toEqual([])
  })

  it('SIGTERM costs nothing that was begun; connections are refused only while its successor takes over the address', async () => {
    const before = reads(rig)
    const load = loadOn(rig.port)
    const victim = await endUnder(load, rig)
    const again = await serving(rig)
    await until('the worker is gone', () => !alive(victim))
    await load.more(200)
    await load.stop()
    expectAllBegunAnswered(rig, before, [load])
    expect(refused(load).filter(({ began }) => began > again)).toEqual([])
  })
})
