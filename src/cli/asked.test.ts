// The end of a command that runs: who may ask, and what counts as asking again. A child of its own, since signals are a process's.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { expect, test } from 'vitest'

// Two seconds pass with each signal; it ends with 0 when its input ends.
const PROGRAM = `
  import { untilAsked } from ${JSON.stringify(new URL('asked.ts', import.meta.url).href)}
  let now = 0
  performance.now = () => now
  process.stdin.on('end', () => process.exit(0)).resume()
  void untilAsked()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => console.log('heard', (now += 2000)))
  console.log('ready')
`

async function after(...signals: readonly NodeJS.Signals[]): Promise<number | null> {
  return (await told(...signals)).code
}

// How it ends, and what it has told its starter of that.
async function told(...signals: readonly NodeJS.Signals[]): Promise<{ readonly code: number | null; readonly said: readonly unknown[] }> {
  // Pipes of its own, which the types do not tell of four streams.
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    stdio: ['pipe', 'pipe', 'inherit', 'ipc']
  }) as ChildProcessByStdio<Writable, Readable, null>
  const said: unknown[] = []
  child.on('message', (status) => said.push(status))
  const gone = once(child, 'disconnect')
  const ended = once(child, 'exit')
  const lines = child.stdout.setEncoding('utf8')
  await once(lines, 'data')
  for (const signal of signals) {
    child.kill(signal)
    await Promise.race([once(lines, 'data'), ended])
  }
  child.stdin.end()
  const [code] = (await ended) as [number | null]
  await gone
  return { code, said }
}

test('asked again after a second, the program ends at once; the same wish passed on by the starter is not a second', async () => {
  expect(await after('SIGINT', 'SIGINT')).toBe(130)
  expect(await after('SIGTERM', 'SIGTERM')).toBe(130)
  expect(await after('SIGINT', 'SIGTERM')).toBe(0)
  expect(await after('SIGTERM', 'SIGINT')).toBe(0)
  expect(await after('SIGHUP', 'SIGTERM')).toBe(0)
})

test('an end at once is told to the starter: what it passes on may find the program without handlers', async () => {
  expect(await told('SIGINT', 'SIGINT')).toEqual({ code: 130, said: [130] })
})
