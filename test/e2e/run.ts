// Commands as a user types them, run to their end; and waiting for something to become true, with a bound.

import { spawn, spawnSync } from 'node:child_process'
import { expect } from 'vitest'

/** How a command ended. */
export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Text for standard input, environment, milliseconds after which the command is killed (default 60,000). */
export interface RunOptions {
  readonly input?: string
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly timeout?: number
}

/** Runs a program to its end. Rejects only when it cannot be started. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      timeout: options.timeout ?? 60_000,
      killSignal: 'SIGKILL'
    })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
    // A program that does not read its input closes the pipe; that is its right.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
  })
}

/** The command itself when it ended with 0; fails the test with what it printed otherwise. */
export function succeeded(ran: Ran): Ran {
  expect(ran.code, ran.stdout + ran.stderr).toBe(0)
  return ran
}

/** True when a program of this name answers. Tests that need it are skipped, and named by `npm test`, where it does not. */
export function found(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).error === undefined
}

/** Whether there is a kubectl on the PATH. */
export const KUBECTL_FOUND: boolean = found('kubectl', 'version', '--client')

/** Asks again, 50 ms after each answer, until `probe` gives something; rejects with `what` and the last answer after `timeout` ms. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  timeout = 30_000
): Promise<T> {
  const end = performance.now() + timeout
  for (;;) {
    const answer = await probe()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > end) throw new Error(`${what}: not within ${timeout} ms`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
