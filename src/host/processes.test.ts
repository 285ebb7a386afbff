import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { LogFile } from './log-file.ts'
import { pidsOfRun, pidsWith, usageOf } from './process-table.ts'
import { Processes, type ProcessSpec } from './processes.ts'
import { newUid, systemClock } from './system-clock.ts'

const clock = systemClock()
const PATH = process.env['PATH'] ?? ''
const started: Processes[] = []

afterEach(async () => {
  await Promise.all(started.splice(0).map((processes) => processes.endAll(0)))
})

function fixture(): { readonly processes: Processes; readonly run: string; readonly groups: Set<number> } {
  const run = newUid()
  const groups = new Set<number>()
  const register = { add: (_role: string, group: number) => void groups.add(group), remove: (group: number) => void groups.delete(group) }
  const processes = new Processes({ run, clock, register })
  started.push(processes)
  return { processes, run, groups }
}

const shell = (script: string, more: Partial<ProcessSpec> = {}): ProcessSpec => ({
  command: ['sh', '-c', script],
  env: { PATH },
  role: 'pod',
  ...more
})

test('a child sees exactly the environment it is given and SERIN_RUN, and its output comes as lines', async () => {
  const { processes, run } = fixture()
  const lines: string[] = []
  const child = await processes.spawn({ command: ['env'], env: { PATH, COLOR: 'blue' }, role: 'pod', onLine: (line) => lines.push(line) })
  expect(await child.exited).toEqual({ code: 0, signal: undefined })
  expect(lines.sort()).toEqual(['COLOR=blue', `PATH=${PATH}`, `SERIN_RUN=${run}`])
})

test('what moved out of the group and out of the session ends with a program that is whole', async () => {
  const { processes } = fixture()
  const script = 'setsid sleep 600 & sleep 600'
  const env = { PATH, MINE: newUid() }
  const child = await processes.spawn(shell(script, { env, whole: 'MINE' }))
  await expect.poll(() => pidsWith(`MINE=${env.MINE}`).length).toBeGreaterThanOrEqual(3)
  await child.end(1000)
  expect(pidsWith(`MINE=${env.MINE}`)).toEqual([])
})

test('bytes are read no faster than they are taken, and all of them come', async () => {
  const { processes } = fixture()
  let [size, open, most] = [0, 0, 0]
  const onBytes = async (bytes: Uint8Array): Promise<void> => {
    size += bytes.length
    most = Math.max(most, ++open)
    await new Promise<void>((resolve) => clock.after(5, resolve))
    open -= 1
  }
  const child = await processes.spawn(shell('head -c 5000000 /dev/zero', { onBytes }))
  await child.exited
  expect([size, open]).toEqual([5_000_000, 0])
  // The bound, and what a pipe holds when the program ends.
  expect(most).toBeLessThanOrEqual(12)
})

test('a polite child ends by itself on SIGTERM, a deaf one by SIGKILL after the grace', async () => {
  const { processes, groups } = fixture()
  const ready = Promise.withResolvers<void>()
  const polite = await processes.spawn(
    shell('trap "exit 7" TERM; echo up; while :; do sleep 0.05; done', { onLine: () => ready.resolve() })
  )
  await ready.promise
  expect(await polite.end(5000)).toEqual({ code: 7, signal: undefined })
  const deafReady = Promise.withResolvers<void>()
  const deaf = await processes.spawn(shell('trap "" TERM; echo up; while :; do sleep 0.05; done', { onLine: () => deafReady.resolve() }))
  await deafReady.promise
  const start = clock.now()
  expect(await deaf.end(300)).toEqual({ code: 137, signal: 'SIGKILL' })
  expect(clock.now() - start).toBeGreaterThanOrEqual(290)
  expect(groups.size).toBe(0)
})

test('when the first process of a group exits, those it started end with it', async () => {
  const { processes, run } = fixture()
  const child = await processes.spawn(shell('sleep 600 & sleep 600 & exit 3'))
  expect((await child.exited).code).toBe(3)
  expect(pidsOfRun(run)).toEqual([])
})

test('a program that does not exist is refused by name', async () => {
  const { processes } = fixture()
  await expect(processes.spawn({ command: ['no-such-program-here'], env: { PATH }, role: 'pod' })).rejects.toMatchObject({
    code: 'spawn-failed',
    message: expect.stringContaining('no-such-program-here')
  })
})

test('stdin, raw output and messages travel both ways', async () => {
  const { processes } = fixture()
  const chunks: Uint8Array[] = []
  const cat = await processes.spawn({ ...shell('cat'), stdin: true, onBytes: async (bytes) => void chunks.push(bytes) })
  await cat.write(new TextEncoder().encode('héllo\nthere'))
  cat.closeStdin()
  await cat.exited
  expect(Buffer.concat(chunks).toString()).toBe('héllo\nthere')
  const answer = Promise.withResolvers<unknown>()
  const echo = await processes.spawn({
    command: [process.execPath, '-e', 'process.on("message", (m) => { process.send(new Map([["got", m]])) })'],
    env: { PATH },
    role: 'worker',
    onMessage: answer.resolve
  })
  expect(echo.send({ table: 1 })).toBe(true)
  expect(await answer.promise).toEqual(new Map([['got', { table: 1 }]]))
})

test('a log file holds the last lines within its bound', () => {
  const folder = mkdtempSync(join(tmpdir(), 'serin-log-'))
  try {
    const path = join(folder, 'deep', 'pod.log')
    const log = new LogFile(path, 1000)
    for (let n = 0; n < 500; n++) log.append(`line ${n}`)
    expect(statSync(path).size).toBeLessThanOrEqual(1000)
    const kept = readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8')
    expect(kept.endsWith('line 498\nline 499\n')).toBe(true)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('how much of the processor a process has used grows while it works, and is unknown of one that is not there', () => {
  const before = usageOf(process.pid) ?? Number.NaN
  const end = performance.now() + 5000
  while ((usageOf(process.pid) ?? 0) <= before && performance.now() < end);
  expect(usageOf(process.pid)).toBeGreaterThan(before)
  expect(usageOf(2 ** 30)).toBe(undefined)
})
