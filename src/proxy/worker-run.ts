// One mesh worker process, from its start to its exit, as the control process sees it: orders and their answers, and whether it lives. One
// that neither answers nor works is ended; so is one that works for half a minute without answering.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Clock, Millis } from '../std/clock.ts'
import { LogFrames } from './log-frames.ts'
import type { LogLine } from './log-frames.ts'
import { LOG_FD } from './worker-protocol.ts'
import type { WorkerOrder, WorkerReport } from './worker-protocol.ts'

type Numbered = Extract<WorkerOrder, { readonly order: number }>
/** An order before it has its number. */
export type Unnumbered = Numbered extends infer One ? (One extends Numbered ? Omit<One, 'order'> : never) : never

/** What a run is started with. */
export interface RunOptions {
  readonly name: string
  readonly clock: Clock
  readonly env: Readonly<Record<string, string>>
  readonly begin: Extract<WorkerOrder, { kind: 'begin' }>
  /** Time of the processor that a process has used, in any unit; undefined where the machine does not say. */
  readonly usage: ((pid: number) => number | undefined) | undefined
  readonly onReport: (report: WorkerReport) => void
  /** Lines of its access log, in order. */
  readonly onLines: (lines: readonly LogLine[]) => void
  /** The process is gone, or could not be started. Its last reports may come after this, but before `onClosed`. */
  readonly onExit: (how: string) => void
  /** Nothing more is heard of it. */
  readonly onClosed: () => void
  readonly onTrouble: (message: string) => void
}

// A small young generation: what a request allocates dies with it. 154 MB -> 113 MB after all rows of bench/proxy.ts, at the same CPU.
// So little survives in it that waking helper threads to collect it costs more than it saves (bench/README.md).
// What outlives them is connections and tables. The whole heap is traced when it has doubled, not at 1.25 times as V8 takes it, and beside
// requests by one thread: four of them, on a core that a worker has for itself, leave it a fifth of the time for as long as it takes
// (bench/README.md, idle).
// A request passes a hundred small functions, ours and Node's: compiled into each other as far as three times V8's own bounds they take less
// (bench/README.md).
const WORKER_FLAGS = [
  '--max-semi-space-size=4',
  '--no-parallel-scavenge',
  '--heap-growing-percent=100',
  '--concurrent-marking-max-worker-num=1',
  '--max-inlined-bytecode-size=920',
  '--max-inlined-bytecode-size-cumulative=3000'
]
/** How often one that owes an answer is looked at. In turns, not by the time: when the control process itself stood still, no time passed. */
const LOOK: Millis = 1000
/**
 * Looks without a word after which a worker is ended. One that compiles thousands of regular expressions on a busy machine is silent for
 * seconds, and its successor would be as well.
 */
const SILENT_MAX = 30
/** Looks without a word and without using the processor, for one that was stopped. */
const STILL_MAX = 5

/** Owns one process. */
export class WorkerRun {
  readonly name: string
  readonly child: ChildProcess
  readonly started: Millis
  /** It carries out orders, or is gone. */
  readonly begun: Promise<void>
  /** All lines that it wrote were read: behind its end there are no more. */
  readonly logged: Promise<void>
  /** Listeners that it was told of. */
  readonly told = new Set<string>()
  alive = true
  /** It serves with the table and the listeners of its start. */
  ready = false
  readonly #options: RunOptions
  readonly #waiting = new Map<number, (report: WorkerReport | undefined) => void>()
  readonly #onBegun: () => void
  #orders = 0
  /** Orders whose answers may take as long as they like. */
  readonly #patient = new Set<number>()
  #counting: Promise<WorkerReport | undefined> | undefined
  #looking = false
  #silent = 0
  #still = 0
  #used: number | undefined

  constructor(options: RunOptions) {
    this.#options = options
    this.name = options.name
    this.started = options.clock.now()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.begun = promise
    this.#onBegun = resolve
    this.child = fork(fileURLToPath(new URL(WORKER, import.meta.url)), [], {
      // A signal to the control process' group must not end requests that are still to be drained.
      detached: true,
      execArgv: WORKER_FLAGS,
      env: { ...options.env },
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...(options.begin.accessLog === undefined ? [] : ['pipe' as const])]
    })
    this.#follow()
    this.logged = this.#readLog()
    this.#send(options.begin)
    this.#owe(0)
  }

  /** Resolves with undefined when the worker died first. An order is carried out when those before it were begun. */
  async ask(order: Unnumbered): Promise<WorkerReport | undefined> {
    const number = ++this.#orders
    if (!this.alive) return undefined
    return new Promise((resolve) => {
      this.#owe(number, resolve)
      if (order.kind === 'drain' || order.kind === 'unlisten') this.#patient.add(number)
      this.#send({ ...order, order: number })
    })
  }

  /** Asks for its counts; who asks before the answer has the same one. */
  count(): Promise<WorkerReport | undefined> {
    this.#counting ??= this.ask({ kind: 'count' }).finally(() => (this.#counting = undefined))
    return this.#counting
  }

  kill(): void {
    this.child.kill('SIGKILL')
  }

  #owe(order: number, answer: (report: WorkerReport | undefined) => void = () => undefined): void {
    this.#waiting.set(order, answer)
    if (this.#looking) return
    this.#looking = true
    this.#heard()
    this.#options.clock.after(LOOK, () => this.#look())
  }

  #heard(): void {
    this.#silent = 0
    this.#still = 0
    this.#used = undefined
  }

  #look(): void {
    this.#looking = this.alive && this.#waiting.size > this.#patient.size
    if (!this.#looking) return
    const { clock, onTrouble, usage } = this.#options
    const used = this.child.pid === undefined ? undefined : usage?.(this.child.pid)
    this.#silent++
    this.#still = used !== undefined && used === this.#used ? this.#still + 1 : 0
    this.#used = used
    if (this.#silent < SILENT_MAX && this.#still < STILL_MAX) return void clock.after(LOOK, () => this.#look())
    const why = this.#still < STILL_MAX ? `has not answered for ${SILENT_MAX} s` : `stands still`
    onTrouble(`mesh worker ${this.name} ${why}: ending it`)
    this.kill()
  }

  #follow(): void {
    const { child } = this
    const { onClosed, onExit } = this.#options
    child.on('message', (message) => {
      // The worker is the only peer of this channel.
      this.#take(message as WorkerReport)
    })
    const ended = (how: string): void => {
      this.alive = false
      this.#onBegun()
      for (const answer of this.#waiting.values()) answer(undefined)
      this.#waiting.clear()
      onExit(how)
      if (!child.connected) onClosed()
    }
    // One that could not be started has no exit; an order that met a dead worker is told by the exit that follows.
    child.on('error', (error) => {
      if (child.pid === undefined) ended(error.message)
    })
    child.on('exit', (code, signal) => ended(signal ?? `exit code ${code}`))
    // Counts that the worker sent before it ended may be read after its exit; behind the end of the channel there are none.
    child.on('disconnect', () => {
      if (!this.alive) onClosed()
    })
  }

  #readLog(): Promise<void> {
    const pipe = this.child.stdio[LOG_FD]
    // What is no Readable is absent: there is no log, or no process.
    if (!(pipe instanceof Readable)) return Promise.resolve()
    const frames = new LogFrames()
    pipe.on('data', (bytes: Buffer) => this.#options.onLines(frames.read(bytes)))
    // As its end: the worker is gone.
    pipe.on('error', () => undefined)
    return new Promise((resolve) => pipe.once('close', () => resolve()))
  }

  #take(report: WorkerReport): void {
    this.#heard()
    this.#options.onReport(report)
    const order = report.kind === 'begun' ? 0 : 'order' in report ? report.order : undefined
    if (report.kind === 'begun') this.#onBegun()
    if (order === undefined) return
    this.#waiting.get(order)?.(report)
    this.#waiting.delete(order)
    this.#patient.delete(order)
  }

  #send(order: WorkerOrder): void {
    if (this.child.connected) this.child.send(order)
  }
}

// The published package holds JavaScript.
const WORKER = import.meta.url.endsWith('.ts') ? './worker-main.ts' : './worker-main.js'
