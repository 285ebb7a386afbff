// Child processes: each in a process group of its own, with exactly the environment it is given plus SERIN_RUN, output as lines, and an
// end that leaves nothing of the group behind. The reaper hears of every group before the caller does.

import { spawn, type ChildProcess } from 'node:child_process'
import type { Clock, Millis } from '../std/clock.ts'
import { HostError } from './host-error.ts'
import { LineSplitter } from './line-splitter.ts'
import { LogFile } from './log-file.ts'
import { groupLives, pidsWith, signalTo } from './process-table.ts'

/** When the control process dies, pods end before workers; tools (hooks, exec) end with the pods. */
export type ProcessRole = 'pod' | 'worker'

/** What to start. */
export interface ProcessSpec {
  /** Program and arguments; no shell between. */
  readonly command: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly role: ProcessRole
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void
  /** Raw output, for exec; reading stops while too much of it waits to be taken. */
  readonly onBytes?: (bytes: Uint8Array, stream: 'stdout' | 'stderr') => Promise<void>
  /** Lines are also appended to this file, bounded. */
  readonly logFile?: string
  /** A variable of `env`: when the program ends, every process that has it with the same value ends too, whatever group it moved to. */
  readonly whole?: string
  /** Give the child a stdin to write to; otherwise it reads end of file. */
  readonly stdin?: boolean
  /** Opens a Node message channel (structured clone) to the child. */
  readonly onMessage?: (message: unknown) => void
}

/** How a process ended. */
export interface Exit {
  /** 128 + the signal's number when a signal ended it, as shells count. */
  readonly code: number
  readonly signal: string | undefined
}

/** A process that was started. */
export interface Running {
  readonly pid: number
  /** Settles when the process has exited, its output was delivered and no member of its group lives. Never rejects. */
  readonly exited: Promise<Exit>
  /** SIGTERM to the group, SIGKILL after `grace` (0: at once). May be called again with a shorter grace. */
  end(grace: Millis): Promise<Exit>
  /** Writes to stdin; ignored when there is none or the process is gone. Resolves when taken, for back-pressure. */
  write(bytes: Uint8Array): Promise<void>
  closeStdin(): void
  /** Sends over the message channel; false when there is none or the process is gone. */
  send(message: unknown): boolean
}

/** Told of process groups so that they end when the control process dies. */
export interface GroupRegister {
  add(role: ProcessRole, group: number): void
  remove(group: number): void
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15
}
// How often a dying group is looked at; there is no notice of a group's end.
const GROUP_LOOK: Millis = 20
// Output of a dead process still held open by a grandchild that left the group: waited for this long.
const OUTPUT_WAIT: Millis = 1000

// Chunks (of 64 kB at most) that may wait to be taken before reading stops; a few more come when the program ends.
const UNTAKEN_MAX = 8

/** Starts processes and ends them. Owns the set of running ones. */
export class Processes {
  readonly #run: string
  readonly #clock: Clock
  readonly #register: GroupRegister
  readonly #running = new Set<Running>()

  constructor(options: { readonly run: string; readonly clock: Clock; readonly register: GroupRegister }) {
    this.#run = options.run
    this.#clock = options.clock
    this.#register = options.register
  }

  /** Rejects with HostError `spawn-failed` when the program cannot be started. */
  async spawn(spec: ProcessSpec): Promise<Running> {
    const [program, ...args] = spec.command
    const child = spawn(program, args, {
      detached: true,
      env: { ...spec.env, SERIN_RUN: this.#run },
      stdio: [spec.stdin === true ? 'pipe' : 'ignore', 'pipe', 'pipe', ...(spec.onMessage === undefined ? [] : ['ipc' as const])],
      serialization: 'advanced',
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd })
    })
    const exited = this.#watch(child, spec)
    const pid = await started(child, spec)
    this.#register.add(spec.role, pid)
    const running: Running = {
      pid,
      exited: exited.then(async (exit) => {
        await this.#clear(pid)
        if (spec.whole !== undefined) await this.#sweep(`${spec.whole}=${spec.env[spec.whole]}`)
        this.#register.remove(pid)
        this.#running.delete(running)
        return exit
      }),
      end: (grace) => this.#end(running, grace),
      write: (bytes) => write(child, bytes),
      closeStdin: () => void child.stdin?.end(),
      send: (message) => child.connected && child.send(message as object)
    }
    this.#running.add(running)
    return running
  }

  /** Ends everything that was started, `grace` each, at the same time. */
  async endAll(grace: Millis): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.end(grace)))
  }

  #watch(child: ChildProcess, spec: ProcessSpec): Promise<Exit> {
    const flow = deliver(child, spec)
    if (spec.onMessage !== undefined) child.on('message', spec.onMessage)
    child.stdin?.on('error', () => undefined)
    return new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        const exit = exitOf(code, signal)
        // What a container's end means: nothing outlives its first process.
        if (child.pid !== undefined) signalTo(-child.pid, 'SIGKILL')
        child.once('close', () => void Promise.allSettled(flow.untaken).then(() => resolve(exit)))
        this.#whenQuiet(flow, () => resolve(exit))
      })
    })
  }

  // Nothing came and nothing waits to be taken for OUTPUT_WAIT.
  #whenQuiet(flow: Readonly<Flow>, then: () => void): void {
    const { chunks } = flow
    this.#clock.after(OUTPUT_WAIT, () => (flow.untaken.size > 0 || flow.chunks > chunks ? this.#whenQuiet(flow, then) : then()))
  }

  async #end(running: Running, grace: Millis): Promise<Exit> {
    if (grace <= 0) signalTo(-running.pid, 'SIGKILL')
    if (grace > 0) signalTo(-running.pid, 'SIGTERM')
    const cancel = this.#clock.after(grace, () => void signalTo(-running.pid, 'SIGKILL'))
    const exit = await running.exited
    cancel()
    return exit
  }

  // Looks again for what was started while others were being ended; what cannot be killed (in the kernel, in a debugger) is not waited for.
  async #sweep(entry: string): Promise<void> {
    const until = this.#clock.now() + OUTPUT_WAIT
    for (let left = pidsWith(entry); left.length > 0 && this.#clock.now() < until; left = pidsWith(entry)) {
      for (const pid of left) signalTo(pid, 'SIGKILL')
      await new Promise<void>((resolve) => this.#clock.after(GROUP_LOOK, resolve))
    }
  }

  async #clear(group: number): Promise<void> {
    while (groupLives(group)) {
      signalTo(-group, 'SIGKILL')
      await new Promise<void>((resolve) => this.#clock.after(GROUP_LOOK, resolve))
    }
  }
}

function exitOf(code: number | null, signal: NodeJS.Signals | null): Exit {
  if (signal === null) return { code: code ?? 0, signal: undefined }
  return { code: 128 + (SIGNAL_NUMBERS[signal] ?? 0), signal }
}

async function started(child: ChildProcess, spec: ProcessSpec): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (error) =>
      reject(
        new HostError(
          'spawn-failed',
          `cannot start ${spec.command[0]}${spec.cwd === undefined ? '' : ` in ${spec.cwd}`}: ${error.message}`,
          error
        )
      )
    )
  })
  child.on('error', () => undefined)
  if (child.pid === undefined) throw new HostError('spawn-failed', `cannot start ${spec.command[0]}`)
  return child.pid
}

// How many chunks came, and those that are being taken.
interface Flow {
  chunks: number
  readonly untaken: Set<Promise<void>>
}

function deliver(child: ChildProcess, spec: ProcessSpec): Readonly<Flow> {
  const flow: Flow = { chunks: 0, untaken: new Set() }
  const file = spec.logFile === undefined ? undefined : new LogFile(spec.logFile)
  for (const stream of ['stdout', 'stderr'] as const) {
    const splitter = new LineSplitter((line) => {
      file?.append(line)
      spec.onLine?.(line, stream)
    })
    const output = child[stream]
    output?.on('data', (chunk: Buffer) => {
      flow.chunks += 1
      splitter.write(chunk)
      const taken = spec.onBytes?.(chunk, stream)
      if (taken === undefined) return
      flow.untaken.add(taken)
      if (flow.untaken.size >= UNTAKEN_MAX) output.pause()
      const goOn = (): void => {
        flow.untaken.delete(taken)
        output.resume()
      }
      taken.then(goOn, goOn)
    })
    output?.on('end', () => splitter.end())
    output?.on('error', () => undefined)
  }
  return flow
}

function write(child: ChildProcess, bytes: Uint8Array): Promise<void> {
  const { stdin } = child
  if (stdin === null || stdin.destroyed || stdin.writableEnded) return Promise.resolve()
  return new Promise((resolve) => stdin.write(bytes, () => resolve()))
}
