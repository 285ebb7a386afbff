import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterEach, expect, test } from 'vitest'
import { systemClock, newUid } from './system-clock.ts'
import { groupLives, pidsOfRun, signalTo } from './process-table.ts'
import { endLeftovers } from './reaper.ts'

const clock = systemClock()
const runs: string[] = []
const controls: number[] = []

afterEach(() => {
  for (const control of controls.splice(0)) signalTo(control, 'SIGKILL')
  for (const run of runs.splice(0)) for (const pid of pidsOfRun(run)) signalTo(pid, 'SIGKILL')
})

const until = async (what: string, holds: () => boolean, within = 8000): Promise<void> => {
  const end = clock.now() + within
  while (!holds()) {
    if (clock.now() > end) throw new Error(`not within ${within} ms: ${what}`)
    await new Promise<void>((resolve) => clock.after(20, resolve))
  }
}

// A control process that starts the reaper and children as `serin up` does, then prints their pids and waits.
const CONTROL = `
import { Processes } from '${new URL('./processes.ts', import.meta.url).href}'
import { startReaper } from '${new URL('./reaper.ts', import.meta.url).href}'
import { systemClock } from '${new URL('./system-clock.ts', import.meta.url).href}'
const run = process.argv[1]
const clock = systemClock()
const reaper = await startReaper(run, { clock, onTrouble: () => 0 })
const processes = new Processes({ run, clock, register: reaper })
const env = { PATH: process.env.PATH }
const pod = await processes.spawn({ command: ['sh', '-c', 'sleep 600 & wait'], env, role: 'pod' })
const deaf = await processes.spawn({ command: [process.execPath, '-e', 'process.on("SIGTERM", () => 0); setInterval(() => 0, 1000); console.log("up")'], env, role: 'pod', onLine: () => ready() })
const worker = await processes.spawn({ command: ['sleep', '600'], env, role: 'worker' })
function ready() { console.log(JSON.stringify({ reaper: reaper.pid, pod: pod.pid, deaf: deaf.pid, worker: worker.pid })) }
setInterval(() => 0, 1000)
`

interface Pids {
  readonly reaper: number
  readonly pod: number
  readonly deaf: number
  readonly worker: number
}

async function startControl(run: string): Promise<{ readonly control: number; readonly pids: Pids }> {
  runs.push(run)
  const child = spawn(process.execPath, ['--input-type=module', '-e', CONTROL, run], { stdio: ['ignore', 'pipe', 'ignore'] })
  controls.push(child.pid ?? 0)
  const line = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve))
  return { control: child.pid ?? 0, pids: JSON.parse(line) as Pids }
}

// A process that has ended has no environment to be found by; its group lives until the machine has taken notice.
const isOver = (run: string, { pod, deaf, worker }: Pids): boolean =>
  pidsOfRun(run).length === 0 && ![pod, deaf, worker].some((pid) => groupLives(pid))

test('after kill -9 of the control process nothing of its run lives 10 s later, deaf children and grandchildren included', async () => {
  const run = newUid()
  const { control, pids } = await startControl(run)
  expect(pidsOfRun(run).length).toBeGreaterThanOrEqual(5)
  signalTo(control, 'SIGKILL')
  await until('the run is gone', () => isOver(run, pids), 10_000)
})

// The reaper's pid as the machine shows it: the control process' own view is what is under test.
const reaperOf = (run: string): number | undefined => pidsOfRun(run).find((pid) => commandOf(pid).includes('reaper-main'))

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    // gone since it was listed
    return ''
  }
}

test('a reaper that is killed is replaced, and the new one ends what was registered with the old', async () => {
  const run = newUid()
  const { control, pids } = await startControl(run)
  signalTo(pids.reaper, 'SIGKILL')
  await until('there is another reaper', () => ![undefined, pids.reaper].includes(reaperOf(run)))
  signalTo(control, 'SIGKILL')
  await until('the run is gone', () => isOver(run, pids), 10_000)
})

test('when reaper and control process are both killed, the next start finds what is left by its run and ends it', async () => {
  const run = newUid()
  const { control, pids } = await startControl(run)
  signalTo(pids.reaper, 'SIGKILL')
  signalTo(control, 'SIGKILL')
  await until('the control process is gone', () => !pidsOfRun(run).includes(pids.reaper))
  expect(pidsOfRun(run)).toContain(pids.pod)
  expect(await endLeftovers(run, clock, new AbortController().signal)).toBeGreaterThanOrEqual(4)
  expect(pidsOfRun(run)).toEqual([])
})
