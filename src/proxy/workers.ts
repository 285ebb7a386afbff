// The mesh workers as the control process sees them: started, kept equal to one table, restarted when they die, counted. The counts of a
// worker that died are kept, so that totals never fall; what it counted after it was asked last is lost with it (processes share no
// memory in Node). With more than one worker all listen on the same addresses (reusePort).

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Registry } from '../metrics/registry.ts'
import { diffTables } from '../route/diff-tables.ts'
import { EMPTY_TABLE } from '../route/route-table.ts'
import type { RouteTable, TableChange } from '../route/route-table.ts'
import type { Clock, Millis } from '../std/clock.ts'
import type { AccessLogSpec, LogLine } from './access-log.ts'
import type { Limits } from './limits.ts'
import type { ListenerSpec } from './listener.ts'
import type { MeshStats } from './mesh-stats.ts'
import type { ReadMode } from './transport.ts'
import type { WorkerOrder, WorkerReport } from './worker-protocol.ts'

/** Who ends process groups when the control process is gone (host/processes.ts). */
export interface GroupRegister {
  add(role: 'worker', group: number): void
  remove(group: number): void
}

/** What the workers are started with. */
export interface WorkersOptions {
  readonly count: number
  readonly clock: Clock
  /** Gets the workers' counts; a dead worker's last ones are kept there. */
  readonly registry: Registry
  /** Likewise what they count under Envoy's names. */
  readonly stats?: MeshStats
  readonly limits?: Partial<Limits>
  /** undefined: each worker tests what works. */
  readonly readMode?: ReadMode
  /** The environment of a worker, e.g. SERIN_RUN; nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>
  /** Told of every worker's process group, those started again later included, so that it ends when the control process dies. */
  readonly register?: GroupRegister
  /** Told in one sentence when a worker died or does not answer. */
  readonly onTrouble: (message: string) => void
  /** Absent: no access log. */
  readonly accessLog?: AccessLogSpec | undefined
  /** Copies of mirrored requests name their host with `-shadow`. Default false. */
  readonly shadowHosts?: boolean
  /** Gets the lines of the access log, in the order of each worker. */
  readonly onLines?: (lines: readonly LogLine[]) => void
}

/** A worker cannot listen: `code` is the system's, e.g. EADDRINUSE, EACCES. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly code: string

  constructor(message: string, code: string) {
    super(message)
    this.code = code
  }
}

type Numbered = Extract<WorkerOrder, { readonly order: number }>
/** An order before it has its number. */
type Unnumbered = Numbered extends infer One ? (One extends Numbered ? Omit<One, 'order'> : never) : never

// A small young generation: what a request allocates dies with it. 154 MB -> 113 MB after all rows of bench/proxy.ts, at the same CPU.
const WORKER_FLAGS = ['--max-semi-space-size=4']
/**
 * How long an order may take before the worker is ended; a drain has its own limit. A worker that compiles thousands of regular
 * expressions on a busy machine is silent for seconds, and its successor would be as well.
 */
const ANSWER_LIMIT: Millis = 30_000
const RESTART_FIRST: Millis = 50
const RESTART_MAX: Millis = 5000
/** A worker that lived this long starts its back-off from the beginning. */
const SETTLED: Millis = 10_000

// One process, from its start to its exit.
interface Run {
  readonly name: string
  readonly child: ChildProcess
  readonly started: Millis
  readonly begun: Promise<void>
  readonly waiting: Map<number, (report: WorkerReport | undefined) => void>
  alive: boolean
  /** Takes orders. */
  ready: boolean
}

/** Owns the worker processes, the table they serve and the listeners they hold. */
export class Workers {
  readonly #options: WorkersOptions
  readonly #runs: (Run | undefined)[] = []
  readonly #failures: number[] = []
  readonly #listeners = new Map<string, ListenerSpec>()
  #table: RouteTable = EMPTY_TABLE
  #runCount = 0
  #orders = 0
  #stopping = false

  constructor(options: WorkersOptions) {
    this.#options = options
  }

  /** Starts all workers; resolves when each takes orders. */
  async start(): Promise<void> {
    for (let slot = 0; slot < this.#options.count; slot++) this.#startRun(slot)
    await Promise.all(this.#living().map((run) => run.begun))
  }

  /** Process ids of the living workers. */
  get pids(): number[] {
    return this.#living().flatMap((run) => run.child.pid ?? [])
  }

  /** A sentence for every worker that does not serve now; empty while all do. */
  troubles(): string[] {
    if (this.#stopping) return []
    return Array.from({ length: this.#options.count }, (_, slot) => slot).flatMap((slot) => {
      const run = this.#runs[slot]
      if (run?.alive === true && run.ready) return []
      return [`mesh worker ${slot} is ${run?.alive === true ? 'starting' : 'down, another starts soon'}`]
    })
  }

  /** Brings every worker to `table`; resolves when all have it in force. Only what differs travels. */
  async push(table: RouteTable): Promise<number> {
    const changes = diffTables(this.#table, table)
    this.#table = table
    if (changes.length > 0) await this.#tell({ kind: 'apply', changes })
    for (const change of changes) if (change.kind === 'remove-cluster') this.#options.stats?.forget(change.cluster)
    return table.version
  }

  /** All workers listen; resolves with the port, rejects with a ListenError. */
  async listen(spec: ListenerSpec): Promise<number> {
    let port = spec.port
    for (const run of this.#living()) {
      const report = await this.#ask(run, { kind: 'listen', spec: { ...spec, port } })
      if (report?.kind === 'not-listening') {
        await this.#tell({ kind: 'unlisten', id: spec.id })
        throw new ListenError(report.message, report.code)
      }
      if (report?.kind === 'listening') port = report.port
    }
    this.#listeners.set(spec.id, { ...spec, port })
    return port
  }

  /** All workers stop listening; resolves when requests in flight are done or the drain limit is over. */
  async unlisten(id: string): Promise<void> {
    this.#listeners.delete(id)
    await this.#tell({ kind: 'unlisten', id })
  }

  /** Brings the registry up to date with what the workers counted. */
  async collect(): Promise<void> {
    await this.#tell({ kind: 'count' })
  }

  /** Ends all workers: requests in flight have `limit` ms to finish. Resolves when the processes are gone. */
  async stop(limit: Millis): Promise<void> {
    this.#stopping = true
    await Promise.all(
      this.#living().map(async (run) => {
        // Its last counts are read before the channel ends, which may be after the exit.
        const gone = Promise.all(
          ['exit', 'disconnect'].map((event) => new Promise<void>((resolve) => run.child.once(event, () => resolve())))
        )
        const cancel = this.#options.clock.after(limit + 1000, () => run.child.kill('SIGKILL'))
        void this.#ask(run, { kind: 'drain', limit })
        await gone
        cancel()
      })
    )
  }

  #living(): Run[] {
    return this.#runs.filter((run) => run?.alive === true).filter((run) => run !== undefined)
  }

  async #tell(order: Unnumbered): Promise<void> {
    await Promise.all(this.#living().map((run) => this.#ask(run, order)))
  }

  // Resolves with undefined when the worker died first: its successor is brought up to date when it starts.
  async #ask(run: Run, order: Unnumbered): Promise<WorkerReport | undefined> {
    await run.begun
    if (!run.alive) return undefined
    const number = ++this.#orders
    return new Promise((resolve) => {
      const cancel =
        order.kind === 'drain' || order.kind === 'unlisten'
          ? () => undefined
          : this.#options.clock.after(ANSWER_LIMIT, () => {
              this.#options.onTrouble(`mesh worker ${run.name} does not answer (${order.kind}): ending it`)
              run.child.kill('SIGKILL')
            })
      run.waiting.set(number, (report) => {
        cancel()
        resolve(report)
      })
      run.child.send({ ...order, order: number })
    })
  }

  #startRun(slot: number): void {
    const { clock, limits = {}, readMode, env = {}, register } = this.#options
    const child = fork(fileURLToPath(new URL(WORKER, import.meta.url)), [], {
      // A signal to the control process' group must not end requests that are still to be drained.
      detached: true,
      execArgv: WORKER_FLAGS,
      env: { ...env },
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc']
    })
    const ready = Promise.withResolvers<void>()
    const name = `${slot}.${++this.#runCount}`
    const run: Run = { name, child, started: clock.now(), begun: ready.promise, waiting: new Map(), alive: true, ready: false }
    this.#runs[slot] = run
    if (child.pid !== undefined) register?.add('worker', child.pid)
    child.on('message', (message) => {
      // The worker is the only peer of this channel.
      const report = message as WorkerReport
      if (report.kind === 'begun') {
        run.ready = true
        return ready.resolve()
      }
      if (report.kind === 'logged') return this.#options.onLines?.(report.lines)
      if (report.kind === 'counted') this.#count(name, report)
      run.waiting.get(report.order)?.(report)
      run.waiting.delete(report.order)
    })
    const ended = (how: string): void => {
      ready.resolve()
      this.#onExit(slot, run, how)
      if (!child.connected) this.#retire(name)
    }
    // One that could not be started has no exit; an order that met a dead worker is told by the exit that follows.
    child.on('error', (error) => {
      if (child.pid === undefined) ended(error.message)
    })
    child.on('exit', (code, signal) => ended(signal ?? `exit code ${code}`))
    // Counts that the worker sent before it ended may be read after its exit; behind the end of the channel there are none.
    child.on('disconnect', () => {
      if (!run.alive) this.#retire(name)
    })
    this.#send(run, {
      kind: 'begin',
      share: { index: slot, count: this.#options.count },
      limits,
      readMode,
      accessLog: this.#options.accessLog,
      shadowHosts: this.#options.shadowHosts ?? false
    })
    this.#bring(run)
  }

  // A new worker gets the whole table and the listeners; orders are carried out in the order they were sent.
  #bring(run: Run): void {
    const changes: readonly TableChange[] = diffTables(EMPTY_TABLE, this.#table)
    if (changes.length > 0) this.#send(run, { kind: 'apply', order: ++this.#orders, changes })
    for (const spec of this.#listeners.values()) {
      const order = ++this.#orders
      run.waiting.set(order, (report) => {
        if (report?.kind === 'not-listening') this.#options.onTrouble(`mesh worker ${run.name} cannot listen again: ${report.message}`)
      })
      this.#send(run, { kind: 'listen', order, spec })
    }
  }

  #count(run: string, { cells, reached, stats }: Extract<WorkerReport, { kind: 'counted' }>): void {
    this.#options.registry.update(run, cells, reached)
    this.#options.stats?.update(run, stats)
  }

  #retire(run: string): void {
    this.#options.registry.retire(run)
    this.#options.stats?.retire(run)
  }

  #send(run: Run, order: WorkerOrder): void {
    if (run.child.connected) run.child.send(order)
  }

  #onExit(slot: number, run: Run, how: string): void {
    run.alive = false
    if (run.child.pid !== undefined) this.#options.register?.remove(run.child.pid)
    for (const answer of run.waiting.values()) answer(undefined)
    run.waiting.clear()
    if (this.#stopping) return
    const { clock } = this.#options
    const failures = clock.now() - run.started >= SETTLED ? 0 : (this.#failures[slot] ?? 0)
    this.#failures[slot] = failures + 1
    const delay = Math.min(RESTART_FIRST * 2 ** failures, RESTART_MAX)
    this.#options.onTrouble(`mesh worker ${run.name} ended (${how}): another starts in ${delay} ms`)
    clock.after(delay, () => {
      if (!this.#stopping) this.#startRun(slot)
    })
  }
}

// The published package holds JavaScript.
const WORKER = import.meta.url.endsWith('.ts') ? './worker-main.ts' : './worker-main.js'
