// Runs the programs that webhooks of type bash, helm and kubectl name, where that is switched on: whoever reaches the load tester then runs
// commands as its user.

import { spawn } from 'node:child_process'

/** How a program ended; the output is both streams, cut to OUTPUT_MAX. */
export interface Ended {
  readonly isGood: boolean
  readonly output: string
}

/** Bytes of output that are kept. */
export const OUTPUT_MAX = 16_384

/** Runs a program to its end, at most `timeout` milliseconds. Never rejects: what cannot be started has ended badly. */
export function runProgram(words: readonly string[], timeout: number, signal: AbortSignal): Promise<Ended> {
  const [program = '', ...rest] = words
  return new Promise((resolve) => {
    // A group of its own, so that what a shell started ends with it.
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const chunks: Buffer[] = []
    let size = 0
    let last = ''
    const keep = (chunk: Buffer): void => {
      if (size < OUTPUT_MAX) chunks.push(chunk)
      size += chunk.length
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const stop = (why: string) => (): void => {
      last = why
      if (child.pid !== undefined) endGroup(child.pid)
    }
    const timer = setTimeout(stop(`ended after ${timeout} ms\n`), timeout)
    const onAbort = stop('ended with the load tester\n')
    signal.addEventListener('abort', onAbort, { once: true })
    const settle = (isGood: boolean): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      resolve({ isGood, output: Buffer.concat(chunks).subarray(0, OUTPUT_MAX).toString() + last })
    }
    child.on('error', (error) => {
      last = `${error.message}\n`
      settle(false)
    })
    child.on('close', (code) => settle(code === 0))
  })
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
