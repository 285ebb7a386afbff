// Minutes of failures under load, one after the other: workers killed one by one and all at once, told to end, stopped. docs/failures.md says
// what each may cost. SERIN_MINUTES: how long (default 5); SERIN_SEED: which ones.

import { expect, test } from 'vitest'
import { usageOf } from '../../src/host/process-table.ts'
import { until } from '../e2e/run.ts'
import { Dice } from '../http1/dice.ts'
import { startRig } from '../soak/rig.ts'
import type { Rig } from '../soak/rig.ts'
import { steady } from '../soak/steady.ts'
import type { Asked, Steady } from '../soak/steady.ts'

const MINUTES = Number(process.env['SERIN_MINUTES'] ?? 5)
const SEED = Number(process.env['SERIN_SEED'] ?? 1)
const CALLERS = 12
/** Counts that a killed worker takes along are those of this time before its end: a period, and how late a busy machine may be with it. */
const UNREPORTED = 1000

interface Failure {
  readonly name: string
  readonly signal: NodeJS.Signals
  readonly whom: 'one' | 'all'
}

const FAILURES: readonly Failure[] = [
  { name: 'kill one', signal: 'SIGKILL', whom: 'one' },
  { name: 'kill all', signal: 'SIGKILL', whom: 'all' },
  { name: 'end one', signal: 'SIGTERM', whom: 'one' },
  { name: 'end all', signal: 'SIGTERM', whom: 'all' },
  { name: 'stop one', signal: 'SIGSTOP', whom: 'one' }
]

interface Happened extends Failure {
  readonly began: number
  /** When all was well again. */
  readonly over: number
}

async function happen(rig: Rig, load: Steady, failure: Failure): Promise<Happened> {
  const { pids } = rig.workers
  const victims = failure.whom === 'all' ? pids : pids.slice(0, 1)
  await load.more(50)
  const began = performance.now()
  for (const pid of victims) process.kill(pid, failure.signal)
  // Ended processes have used nothing that anybody could say.
  await until(`${failure.name}: the victims are gone`, async () => {
    // As the control process does each second: only one that owes an answer is missed.
    await rig.count()
    return victims.every((pid) => usageOf(pid) === undefined)
  })
  await until(`${failure.name}: all workers serve`, () => rig.workers.troubles().length === 0)
  const over = performance.now()
  await load.more(50)
  return { ...failure, began, over }
}

const during = ({ began, over }: Happened, asked: readonly Asked[]): Asked[] =>
  asked.filter((one) => one.over >= began && one.began <= over && one.fate !== 'answered')

function faultsOf(happened: Happened, asked: readonly Asked[]): string[] {
  const costs = during(happened, asked)
  const { name, signal, whom } = happened
  const tell = (what: string, found: readonly Asked[]): string[] =>
    found.length === 0 ? [] : [`${name}: ${what}: ${JSON.stringify(found)}`]
  const lost = costs.filter(({ fate }) => fate === 'lost')
  const refused = costs.filter(({ fate }) => fate === 'refused')
  return [
    ...(lost.length > 2 * CALLERS ? tell('more lost than were in hand', lost) : []),
    ...(signal === 'SIGTERM'
      ? tell(
          'lost on a connection that was taken',
          lost.filter(({ fresh }) => !fresh)
        )
      : []),
    ...(whom === 'one' || signal === 'SIGTERM' ? tell('refused', refused) : [])
  ]
}

test('whatever happens to workers, nothing is lost but what docs/failures.md says', async () => {
  const rig = await startRig(2)
  const load = steady(rig.port, CALLERS)
  try {
    const dice = new Dice(SEED)
    const all: Happened[] = []
    const end = performance.now() + MINUTES * 60_000
    while (performance.now() < end) {
      const happened = await happen(rig, load, dice.pick(FAILURES))
      all.push(happened)
      const costs = during(happened, load.asked)
      const count = (fate: string): number => costs.filter((one) => one.fate === fate).length
      process.stderr.write(
        `${happened.name}: ${Math.round(happened.over - happened.began)} ms, ${count('lost')} lost, ${count('refused')} refused\n`
      )
      expect(faultsOf(happened, load.asked)).toEqual([])
    }
    await load.stop()
    const outside = load.asked.filter(
      ({ fate, began, over }) => fate !== 'answered' && !all.some((one) => over >= one.began && began <= one.over)
    )
    expect(outside).toEqual([])
    const { cells } = await rig.count()
    const counted = cells
      .filter(({ labels }) => labels.reporter === 'source')
      .flatMap(({ counts }) => counts)
      .reduce((sum, { code, count }) => sum + (code === 200 ? count : 0), 0)
    const answered = load.asked.filter(({ fate }) => fate === 'answered')
    const killed = all.filter(({ signal }) => signal !== 'SIGTERM')
    const unreported = answered.filter(({ over }) => killed.some(({ began }) => over >= began - UNREPORTED && over <= began + UNREPORTED))
    process.stderr.write(`${load.asked.length} requests, ${answered.length} answered, ${counted} counted, ${all.length} failures\n`)
    expect(counted).toBeGreaterThanOrEqual(answered.length - unreported.length)
    expect(counted).toBeLessThanOrEqual(load.asked.length)
  } finally {
    await load.stop()
    await rig.stop()
  }
})
