// bin/serin: the status that it ends with is that of the program it starts, in one process or two.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run } from './run.ts'
import { ROOT } from './serin.ts'

// A folder that is gone after the test, with these files.
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'serin-e2e-starter-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

// As installed, with a program of its own.
function installed(program: string): string {
  const folder = folderOf({ 'package.json': '{"type":"module"}', 'dist/cli/main.js': program })
  mkdirSync(join(folder, 'bin'))
  for (const name of ['serin', 'package.json']) copyFileSync(join(ROOT, 'bin', name), join(folder, 'bin', name))
  return join(folder, 'bin', 'serin')
}

test.each([
  ['in one process', 'lint', 'ended in the middle of its work'],
  ['in two', 'up', 'unsettled top-level await']
])('a program that waits for nothing any more has not succeeded, %s', async (_, command, message) => {
  const { code, stderr } = await run(process.execPath, [installed('await new Promise(() => undefined)'), command])
  expect(code).toBe(13)
  expect(stderr).toContain(message)
})

test('a program that breaks ends with 1, as one that says its status ends with that', async () => {
  const broken = await run(process.execPath, [installed('throw new Error("broken")'), 'lint'])
  expect([broken.code, broken.stderr.includes('broken')]).toEqual([1, true])
  expect((await run(process.execPath, [installed('process.exit(5)'), 'lint'])).code).toBe(5)
})

// Node takes the handlers of signals away while it ends: what is passed on then meets the default.
test('a signal passed on to a program that has just ended does not change how it ended', async () => {
  const folder = folderOf({
    'killed.mjs': `if (process.send !== undefined) process.on('exit', () => {
      process.removeAllListeners('SIGTERM')
      process.kill(process.pid, 'SIGTERM')
    })`
  })
  const env = { ...process.env, NODE_OPTIONS: `--import=${join(folder, 'killed.mjs')}` }
  // A wrong command line is the quickest that two processes are for.
  const { code, stderr } = await run(process.execPath, [join(ROOT, 'bin', 'serin'), 'lint', '-w'], { env })
  expect(stderr).toContain('"-w" is not an option of serin lint')
  expect(code).toBe(2)
})
