import { expect, onTestFinished, test } from 'vitest'
import { VirtualClock } from '../std/clock.ts'
import { KeyRunner, type KeyRunnerOptions } from './key-runner.ts'
import { ApiError } from './kube-client.ts'

function given(
  run: (key: string) => Promise<number | undefined>,
  more: Partial<KeyRunnerOptions> = {}
): {
  clock: VirtualClock
  runner: KeyRunner
  stop: AbortController
  lines: string[]
} {
  const [clock, stop, lines] = [new VirtualClock(), new AbortController(), [] as string[]]
  onTestFinished(() => stop.abort())
  return { clock, stop, lines, runner: new KeyRunner({ clock, draw: () => 1, run, log: (line) => lines.push(line), ...more }, stop.signal) }
}

test('touches during a run lead to exactly one more run', async () => {
  const runs: string[] = []
  const gate = Promise.withResolvers<undefined>()
  const { clock, runner } = given((key) => {
    runs.push(key)
    return runs.length === 1 ? gate.promise : Promise.resolve(undefined)
  })
  for (let n = 0; n < 5; n++) runner.touch('a')
  runner.touch('b')
  await clock.advance(0)
  expect(runs).toEqual(['a', 'b'])
  gate.resolve(undefined)
  await clock.advance(1000)
  expect(runs).toEqual(['a', 'b', 'a'])
})

test('a run that asks for it is woken, and a touch before that replaces the alarm', async () => {
  const at: number[] = []
  const { clock, runner } = given(() => Promise.resolve(at.push(clock.now()) < 3 ? 100 : undefined))
  runner.touch('a')
  await clock.advance(40)
  runner.touch('a')
  await clock.advance(1000)
  expect(at).toEqual([0, 40, 140])
})

test('failures of the API are retried ever more slowly and told, conflicts silently', async () => {
  let tries = 0
  const { clock, runner, lines } = given(() => {
    tries += 1
    return Promise.reject(tries === 1 ? new ApiError(409, 'Conflict', 'moved on') : new ApiError(500, 'InternalError', 'broken'))
  })
  runner.touch('a')
  await clock.advance(50 + 100 + 200 + 400)
  expect(tries).toBe(5)
  expect(lines[0]).toBe('a: broken; again in 100 ms')
  await clock.advance(300_000)
  expect(lines.at(-1)).toContain('again in 30000 ms')
})

test('each key backs off in its own way, and no longer than a minute when the server asks for a day', async () => {
  const at: Record<string, number[]> = { quick: [], slow: [], told: [] }
  const { clock, runner } = given(
    (key) => {
      at[key]?.push(clock.now())
      return Promise.reject(new ApiError(429, 'TooManyRequests', 'not now', key === 'told' ? 86_400 : undefined))
    },
    { backoff: (key) => (key === 'quick' ? { first: 100, most: 200 } : { first: 1000, most: 8000 }) }
  )
  for (const key of Object.keys(at)) runner.touch(key)
  await clock.advance(60_000)
  expect(at['quick']?.slice(0, 4)).toEqual([0, 100, 300, 500])
  expect(at['slow']?.slice(0, 4)).toEqual([0, 1000, 3000, 7000])
  expect(at['told']).toEqual([0, 60_000])
})

test('a bug is not retried but handed on', async () => {
  const { runner } = given(() => Promise.reject(new TypeError('no such thing')))
  runner.touch('a')
  await expect(runner.failed).rejects.toThrow('no such thing')
})

test('nothing runs after the signal', async () => {
  let runs = 0
  const { clock, runner, stop } = given(() => Promise.resolve(++runs * 10))
  runner.touch('a')
  await clock.advance(0)
  stop.abort()
  runner.touch('b')
  await clock.advance(1000)
  expect(runs).toBe(1)
})

test('keys beyond the bound wait their turn, first come first served', async () => {
  const started: string[] = []
  const gates = new Map(['a', 'b', 'c', 'd'].map((key) => [key, Promise.withResolvers<undefined>()]))
  const run = (key: string): Promise<undefined> => {
    started.push(key)
    return gates.get(key)?.promise ?? Promise.resolve(undefined)
  }
  const { clock, runner } = given(run, { parallel: 2 })
  for (const key of ['a', 'b', 'c', 'd', 'c']) runner.touch(key)
  await clock.advance(0)
  expect(started).toEqual(['a', 'b'])
  gates.get('b')?.resolve(undefined)
  await clock.advance(0)
  expect(started).toEqual(['a', 'b', 'c'])
})

test('an API that says when to come back is not asked before, and a success forgives the failures', async () => {
  const at: number[] = []
  const { clock, runner } = given(() => {
    at.push(clock.now())
    if (at.length === 1) return Promise.reject(new ApiError(429, 'TooManyRequests', 'slower', 2))
    return at.length === 3 ? Promise.reject(new ApiError(500, 'InternalError', 'broken')) : Promise.resolve(10)
  })
  runner.touch('a')
  await clock.advance(2065)
  expect(at).toEqual([0, 2000, 2010, 2060])
})
