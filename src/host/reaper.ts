// Starts the reaper and talks to it; also ends what an earlier run left behind. The reaper is the only guard against kill -9 of the
// control process, so it is started before anything else.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { wait, type Clock, type Millis } from '../std/clock.ts'
import { HostError } from './host-error.ts'
import { pidsOfRun, signalTo } from './process-table.ts'
import type { GroupRegister } from './processes.ts'

/** The running reaper, seen from the control process. */
export interface Reaper extends GroupRegister {
  readonly pid: number
  /** Lets the reaper end whatever is still registered, then exit; resolves when it has. */
  finish(): Promise<void>
}

/** Starts the reaper for `run`, the id every child carries as SERIN_RUN. */
export async function startReaper(run: string): Promise<Reaper> {
  const child = spawn(process.execPath, [beside('./reaper-main.ts'), run], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { SERIN_RUN: run }
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (error) => reject(new HostError('spawn-failed', `cannot start the reaper: ${error.message}`, error)))
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.stdin.on('error', () => undefined)
  child.on('error', () => undefined)
  child.unref()
  const say = (line: string): void => void child.stdin.write(`${line}\n`)
  return {
    pid: child.pid ?? 0,
    add: (role, group) => say(`add ${role} ${group}`),
    remove: (group) => say(`remove ${group}`),
    finish: () => {
      child.ref()
      child.stdin.end('done\n')
      return exited
    }
  }
}

// Run from source this is a .ts file, from the published package a .js file.
function beside(name: string): string {
  const own = import.meta.url
  return fileURLToPath(new URL(own.endsWith('.js') ? name.replace(/\.ts$/, '.js') : name, own))
}

const LEFTOVER_GRACE: Millis = 1500
const LEFTOVER_LOOK: Millis = 25

/** Ends every process that carries SERIN_RUN=<run>: SIGTERM, and SIGKILL after 1.5 s. Returns how many there were. */
export async function endLeftovers(run: string, clock: Clock, signal: AbortSignal): Promise<number> {
  const found = pidsOfRun(run)
  for (const pid of found) signalTo(pid, 'SIGTERM')
  const start = clock.now()
  for (let left = found; left.length > 0; left = pidsOfRun(run)) {
    if (clock.now() - start >= LEFTOVER_GRACE) for (const pid of left) signalTo(pid, 'SIGKILL')
    await wait(clock, LEFTOVER_LOOK, signal)
  }
  return found.length
}
