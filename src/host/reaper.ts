// Starts the reaper and talks to it; also ends what an earlier run left behind. The reaper is the only guard against kill -9 of the
// control process, so it is started before anything else.

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { wait, type Clock, type Millis } from '../std/clock.ts'
import { compileCache } from './compile-cache.ts'
import { HostError } from './host-error.ts'
import { pidsOfRun, signalTo } from './process-table.ts'
import type { GroupRegister, ProcessRole } from './processes.ts'

/** The running reaper, seen from the control process. */
export interface Reaper extends GroupRegister {
  readonly pid: number
  /** Lets the reaper end whatever is still registered, then exit; resolves when it has. */
  finish(): Promise<void>
}

/** `onTrouble` is told in one sentence when the reaper itself died and another takes its place. */
export interface ReaperOptions {
  readonly clock: Clock
  readonly onTrouble: (message: string) => void
}

const RESTART_FIRST: Millis = 50
const RESTART_MAX: Millis = 5000

/** Starts the reaper for `run`, the id every child carries as SERIN_RUN. */
export async function startReaper(run: string, options: ReaperOptions): Promise<Reaper> {
  const keeper = new Keeper(run, options)
  await keeper.start()
  return keeper
}

/** Keeps one reaper running: a new one hears of every group again. Owns the child and the list of groups. */
class Keeper implements Reaper {
  readonly #run: string
  readonly #options: ReaperOptions
  readonly #groups = new Map<number, string>()
  #child: ChildProcess | undefined
  #finishing = false
  #failures = 0

  constructor(run: string, options: ReaperOptions) {
    this.#run = run
    this.#options = options
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  add(role: ProcessRole, group: number): void {
    this.#groups.set(group, role)
    this.#say(`add ${role} ${group}`)
  }

  remove(group: number): void {
    this.#groups.delete(group)
    this.#say(`remove ${group}`)
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [beside('./reaper-main.ts'), this.#run], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { SERIN_RUN: this.#run, ...compileCache() }
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', (error) => reject(new HostError('spawn-failed', `cannot start the reaper: ${error.message}`, error)))
    })
    child.stdin.on('error', () => undefined)
    child.on('error', () => undefined)
    child.once('exit', (code, signal) => this.#lost(signal ?? `exit code ${code}`))
    child.unref()
    this.#child = child
    for (const [group, role] of this.#groups) this.#say(`add ${role} ${group}`)
  }

  async finish(): Promise<void> {
    this.#finishing = true
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.ref()
    child.stdin?.end('done\n')
    await exited
  }

  #say(line: string): void {
    this.#child?.stdin?.write(`${line}\n`)
  }

  #lost(how: string): void {
    if (this.#finishing) return
    const delay = Math.min(RESTART_FIRST * 2 ** this.#failures++, RESTART_MAX)
    this.#options.onTrouble(`the reaper ended (${how}): another starts in ${delay} ms`)
    this.#options.clock.after(delay, () => {
      if (!this.#finishing) this.start().catch((error: unknown) => this.#lost(String(error)))
    })
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
