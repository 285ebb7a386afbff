// `serin backtest` on a pipe: read as a file is, and ended by a signal while nothing comes.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run } from './run.ts'
import { ROOT } from './serin.ts'

const HEAD = 'time,pod,requests,failures'
const SERIN = join(ROOT, 'bin', 'serin')

async function pipeOf(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'serin-e2e-pipe-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const pipe = join(folder, 'history')
  expect(await run('mkfifo', [pipe])).toMatchObject({ code: 0 })
  return pipe
}

test('a pipe is read to its end', async () => {
  const pipe = await pipeOf()
  const rows = Array.from({ length: 400 }, (_, look) => ['a', 'b'].map((pod) => `${1_790_000_000 + 15 * look},${pod},${100 * look},0`))
  const ran = run(process.execPath, [SERIN, 'backtest', '--csv', pipe])
  await writeFile(pipe, [HEAD, ...rows.flat(), ''].join('\n'))
  const { code, stdout, stderr } = await ran
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toContain('2 pods, 79,800 requests')
})

test('Ctrl-C ends it while the writer says nothing', async () => {
  const pipe = await pipeOf()
  const child = spawn(process.execPath, [SERIN, 'backtest', '--csv', pipe], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  const exit = once(child, 'exit')
  // Opened once the other end is.
  const writer = await open(pipe, 'w')
  await writer.write(`${HEAD}\n`)
  child.kill('SIGINT')
  expect(await exit).toEqual([130, null])
  await writer.close()
})
