// `serin demo` as a script starts it: no terminal, free ports. The first test is the whole story, as long as it takes.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'vitest'
import { until } from './run.ts'
import { ROOT } from './serin.ts'

const PORTS = ['--api-port', '0', '--http-port', '0', '--admin-port', '0', '--mesh-port', '0']

interface Demo {
  readonly child: ChildProcess
  readonly exit: Promise<number | null>
  /** All that was printed so far. */
  text(): string
  /** Processes that carry this run's mark. */
  living(): string[]
  /** What is left where temporary data goes. */
  leftovers(): string[]
}

// Hooks and expectations are those of the test's own context: these tests run at the same time.
function startDemo({ onTestFinished }: TestContext, ...words: readonly string[]): Demo {
  const scratch = mkdtempSync(join(tmpdir(), 'serin-e2e-'))
  const given = words.indexOf('--data-dir')
  const dirs = given < 0 ? () => readdirSync(scratch).map((name) => join(scratch, name)) : () => words.slice(given + 1, given + 2)
  const child = spawn(process.execPath, [join(ROOT, 'bin', 'serin'), 'demo', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: scratch }
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (more: string) => (text += more))
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
  let run = ''
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await exit
    rmSync(scratch, { recursive: true, force: true })
  })
  return {
    child,
    exit,
    text: () => {
      run ||= runOf(dirs())
      return text
    },
    living: () => (run === '' ? ['the run has no mark'] : processesOf(run)),
    leftovers: () => readdirSync(scratch)
  }
}

function runOf(dirs: readonly string[]): string {
  const file = dirs.map((dir) => join(dir, 'run')).find((path) => existsSync(path))
  return file === undefined ? '' : readFileSync(file, 'utf8').trim()
}

function processesOf(run: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`SERIN_RUN=${run}`)
      } catch {
        return false
      }
    })
}

describe.concurrent('serin demo', () => {
  it(
    'promotes a good release, rolls a bad one back, loses nothing, ends with 0 and leaves nothing behind',
    { timeout: 480_000 },
    async (context) => {
      const { expect } = context
      const demo = startDemo(context, '--exit', ...PORTS)
      await until('the first release', () => demo.text().includes('canary weight 10'), 120_000)
      expect(demo.living().length).toBeGreaterThan(3)
      expect(await demo.exit, demo.text()).toBe(0)
      const text = demo.text()
      expect(text).toMatch(/^good release promoted {6}after \d+\.\d s$/m)
      expect(text).toMatch(/^bad release rolled back {4}after \d+\.\d s$/m)
      expect(text).toMatch(/^failed by the bad release {2}[1-9]\d* of \d+ requests$/m)
      expect(text).toMatch(/^lost by Serin {14}0$/m)
      expect(text).not.toContain('not as it should be')
      // The gate ended it, long before the fifth bad look would have.
      expect(text).toMatch(/^1\.2 rolled back after \d+ s at 10 %: \d+ of 1\.2's [\d,]+ requests failed, against/m)
      expect(text).toContain('Rolling back frontend.shop on evidence\n')
      expect(text).toMatch(/^1 of 100\|=+\*+=*$/m)
      expect(text).toMatch(/^ {2}weight 10 %$/m)
      // The story as the controller told it, and as the weights and the metrics showed it.
      for (const weight of [10, 25, 50]) expect(text).toContain(`Advance frontend.shop canary weight ${weight}\n`)
      expect(text).toMatch(/^ {6}frontend-primary 1\.0 {3}90 % +\d+ requests {3}100\.0 % good, p99 (\d\.\d|\d\d+) ms$/m)
      expect(text).toMatch(/^ {6}frontend {9}1\.2 {3}10 % +\d+ requests {3}\d\d\.\d % good, p99 (\d\.\d|\d\d+) ms$/m)
      expect(text).toMatch(/^ {2}kubectl -n shop describe canary frontend$/m)
      expect(demo.living()).toEqual([])
      expect(demo.leftovers()).toEqual([])
    }
  )

  it.for(['namespace/shop created', 'the shop opens at'])(
    'asked to stop at "%s", it stops everything, says so and ends with 1',
    { timeout: 150_000 },
    async (moment, context) => {
      const { expect } = context
      const demo = startDemo(context, '--exit', ...PORTS)
      await until(moment, () => demo.text().includes(moment), 120_000)
      demo.child.kill('SIGTERM')
      expect(await demo.exit).toBe(1)
      expect(demo.text()).toContain('serin demo: stopped before the end')
      expect(demo.living()).toEqual([])
      expect(demo.leftovers()).toEqual([])
    }
  )

  it(
    'asked to stop in mid-run it does the same, and does not touch the shop that it left in a data directory of the user',
    { timeout: 150_000 },
    async (context) => {
      const { expect, onTestFinished } = context
      const dir = mkdtempSync(join(tmpdir(), 'serin-e2e-'))
      onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
      const first = startDemo(context, '--exit', '--data-dir', dir, ...PORTS)
      await until('the canary under way', () => first.text().includes('canary weight 10'), 120_000)
      expect(first.living().length).toBeGreaterThan(3)
      first.child.kill('SIGTERM')
      expect(await first.exit).toBe(1)
      expect(first.text()).toContain('serin demo: stopped before the end')
      expect(first.living()).toEqual([])
      expect(first.leftovers()).toEqual([])
      const second = startDemo(context, '--data-dir', dir, ...PORTS)
      expect(await second.exit).toBe(1)
      expect(second.text()).toContain(`serin demo: data directory ${dir} holds a shop whose canary is Progressing already`)
      expect(existsSync(join(dir, 'kubeconfig'))).toBe(true)
    }
  )
})
