// The mesh workers as the control process sees them: started, kept equal to one table, replaced when they die or ask to be, counted. The
// counts of a worker that died are kept, so that totals never fall; what it counted after its last report is lost with it: a tenth of a second
// (processes share no memory in Node). With more than one worker all listen on the same addresses (reusePort).

import type { Registry } from '../metrics/registry.ts'
import { diffTables } from '../route/diff-tables.ts'
import { EMPTY_TABLE } from '../route/route-table.ts'
import { TableState } from '../route/table-state.ts'
import type { RouteTable, TableChange } from '../route/route-table.ts'
import type { Clock, Millis } from '../std/clock.ts'
import type { AccessLogSpec } from './access-log.ts'
import type { Limits } from './limits.ts'
import type { ListenerSpec } from './listener.ts'
import type { LogLine } from './log-frames.ts'
import type { MeshStats } from './mesh-stats.ts'
import type { ReadMode } from './transport.ts'
import type { WorkerReport } from './worker-protocol.ts'
import { WorkerRun } from './worker-run.ts'
import type { Unnumbered } from './worker-run.ts'

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
  /** Time of the processor that a process has used: tells one that was stopped from one that is busy. Absent: nobody knows. */
  readonly usage?: (pid: number) => number | undefined
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

const RESTART_FIRST: Millis = 50
const RESTART_MAX: Millis = 5000
/** A worker that lived this long starts its back-off from the beginning. */
const SETTLED: Millis = 10_000
/** A new worker tries an address that it cannot have again after so long. */
const LISTEN_AGAIN: Millis = 200
/** Counts that are not there after so long are those of the last time: a worker that does not answer must not hold up who reads them. */
const COUNTED_WITHIN: Millis = 2000
/** How long a worker that was asked to end by a signal finishes what it has begun. */
const LEAVE_WITHIN: Millis = 10_000

/** Owns the worker processes, the table they serve and the listeners they hold. */
export class Workers {
  readonly #options: WorkersOptions
  readonly #runs: (WorkerRun | undefined)[] = []
  /** Those that finish what they have begun while another has their place. */
  readonly #leaving = new Set<WorkerRun>()
  readonly #failures: number[] = []
  readonly #listeners = new Map<string, ListenerSpec>()
  readonly #state = new TableState()
  #runCount = 0
  #stopping = false
  #isModeTold = false

  constructor(options: WorkersOptions) {
    this.#options = options
  }

  /** Starts all workers; resolves when each takes orders. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.count }, (_, slot) => this.#bring(this.#startRun(slot))))
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
    await this.apply(diffTables(this.#state.table, table))
    return table.version
  }

  /** Changes the table of every worker; resolves when all have it in force. */
  async apply(changes: readonly TableChange[]): Promise<void> {
    this.#state.applyAll(changes)
    if (changes.length > 0) await this.#tell({ kind: 'apply', changes })
    for (const change of changes) if (change.kind === 'remove-cluster') this.#options.stats?.forget(change.cluster)
  }

  /** All workers listen; resolves with the port, rejects with a ListenError. One that starts meanwhile listens as well. */
  async listen(spec: ListenerSpec): Promise<number> {
    let wanted = spec
    for (;;) {
      const living = this.#living()
      const run = living.find(({ told }) => !told.has(spec.id))
      // Any free port is known when the first has it.
      if (run === undefined && (living.length > 0 || wanted.port > 0 || this.#stopping)) break
      if (run === undefined) {
        await this.#pause(RESTART_FIRST)
        continue
      }
      run.told.add(spec.id)
      const report = await run.ask({ kind: 'listen', spec: wanted })
      if (report?.kind === 'not-listening') {
        await this.unlisten(spec.id)
        throw new ListenError(report.message, report.code)
      }
      if (report?.kind !== 'listening') continue
      wanted = { ...spec, port: report.port }
      this.#listeners.set(spec.id, wanted)
    }
    this.#listeners.set(spec.id, wanted)
    return wanted.port
  }

  /** All workers stop listening; resolves when requests in flight are done or the drain limit is over. */
  async unlisten(id: string): Promise<void> {
    this.#listeners.delete(id)
    for (const run of this.#living()) run.told.delete(id)
    await this.#tell({ kind: 'unlisten', id })
  }

  /** Resolves once no worker has a request in hand at an address whose endpoints were taken out, after `limit` ms in any case. */
  async quiet(address: string, limit: Millis): Promise<void> {
    await this.#tell({ kind: 'quiet', address, limit })
  }

  /** Brings the registry up to date with what the workers counted, as far as they say so in time. */
  async collect(): Promise<void> {
    const { clock } = this.#options
    const counting = Promise.all(this.#all().map((run) => run.count()))
    await new Promise<void>((resolve) => {
      const cancel = clock.after(COUNTED_WITHIN, resolve)
      void counting.then(() => {
        cancel()
        resolve()
      })
    })
  }

  /** Ends all workers: requests in flight have `limit` ms to finish. Resolves when the processes are gone. */
  async stop(limit: Millis): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#all().map((run) => this.#drain(run, limit)))
  }

  async #drain(run: WorkerRun, limit: Millis): Promise<void> {
    // Its last counts and lines are read before their channels end, which may be after the exit.
    const ends = ['exit', 'disconnect'].map((event) => new Promise<void>((resolve) => run.child.once(event, () => resolve())))
    const gone = Promise.all([...ends, run.logged])
    const cancel = this.#options.clock.after(limit + 1000, () => run.kill())
    void run.ask({ kind: 'drain', limit })
    await gone
    cancel()
  }

  #pause(time: Millis): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(time, resolve))
  }

  #living(): WorkerRun[] {
    return this.#runs.filter((run) => run !== undefined).filter((run) => run.alive)
  }

  #all(): WorkerRun[] {
    return [...this.#living(), ...this.#leaving]
  }

  // One that died first has a successor, which is brought up to date when it starts.
  async #tell(order: Unnumbered): Promise<void> {
    await Promise.all(this.#all().map((run) => run.ask(order)))
  }

  #startRun(slot: number): WorkerRun {
    const { clock, count, limits = {}, readMode, env = {}, register, usage, onTrouble } = this.#options
    const name = `${slot}.${++this.#runCount}`
    const run: WorkerRun = new WorkerRun({
      name,
      clock,
      env,
      usage,
      onTrouble,
      begin: {
        kind: 'begin',
        share: { index: slot, count },
        limits,
        readMode,
        accessLog: this.#options.accessLog,
        shadowHosts: this.#options.shadowHosts ?? false
      },
      onReport: (report) => this.#heard(slot, run, report),
      onLines: (lines) => this.#options.onLines?.(lines),
      onExit: (how) => this.#onExit(slot, run, how),
      onClosed: () => this.#retire(name)
    })
    this.#runs[slot] = run
    if (run.child.pid !== undefined) register?.add('worker', run.child.pid)
    return run
  }

  #heard(slot: number, run: WorkerRun, report: WorkerReport): void {
    if (report.kind === 'begun') this.#tellMode(report.readMode)
    if (report.kind === 'counted') this.#count(run.name, report)
    if (report.kind === 'leaving') void this.#replace(slot, run)
  }

  // What one worker finds holds for all: they are the same program.
  #tellMode(found: ReadMode): void {
    if (found === 'buffer' || this.#options.readMode !== undefined || this.#isModeTold) return
    this.#isModeTold = true
    this.#options.onTrouble(
      `mesh workers read from callers by events: Node ${process.version} does not let them read into their own buffers; each request costs more processor time`
    )
  }

  // A new worker gets the whole table and the listeners, whose addresses may first have to be made `free`; orders are carried out in the order they were sent.
  async #bring(run: WorkerRun, free?: () => Promise<unknown>): Promise<void> {
    const changes = diffTables(EMPTY_TABLE, this.#state.table)
    const applied = changes.length > 0 ? run.ask({ kind: 'apply', changes }) : run.begun
    if (free !== undefined) {
      await applied
      await free()
    }
    await Promise.all([...this.#listeners.values()].map((spec) => this.#listenAgain(run, spec)))
    await run.begun
    run.ready = true
  }

  async #listenAgain(run: WorkerRun, spec: ListenerSpec): Promise<void> {
    run.told.add(spec.id)
    const report = await run.ask({ kind: 'listen', spec })
    if (report?.kind !== 'not-listening' || this.#listeners.get(spec.id) !== spec) return
    this.#options.onTrouble(`mesh worker ${run.name} cannot listen again: ${report.message}`)
    await this.#pause(LISTEN_AGAIN)
    if (this.#listeners.get(spec.id) === spec && run.alive) await this.#listenAgain(run, spec)
  }

  // Somebody told a worker to end (SIGTERM). It serves until its successor can; with one worker the addresses are free for a moment.
  async #replace(slot: number, run: WorkerRun): Promise<void> {
    if (this.#stopping || this.#runs[slot] !== run) return
    this.#leaving.add(run)
    this.#options.onTrouble(`mesh worker ${run.name} was told to end: another takes its place`)
    await this.#bring(this.#startRun(slot), this.#options.count > 1 ? undefined : () => run.ask({ kind: 'close' }))
    if (run.alive) await this.#drain(run, LEAVE_WITHIN)
  }

  #count(run: string, { cells, reached, stats }: Extract<WorkerReport, { kind: 'counted' }>): void {
    this.#options.registry.update(run, cells, reached)
    this.#options.stats?.update(run, stats)
  }

  #retire(run: string): void {
    this.#options.registry.retire(run)
    this.#options.stats?.retire(run)
  }

  #onExit(slot: number, run: WorkerRun, how: string): void {
    if (run.child.pid !== undefined) this.#options.register?.remove(run.child.pid)
    if (this.#leaving.delete(run) || this.#stopping) return
    const { clock } = this.#options
    const failures = clock.now() - run.started >= SETTLED ? 0 : (this.#failures[slot] ?? 0)
    this.#failures[slot] = failures + 1
    const delay = Math.min(RESTART_FIRST * 2 ** failures, RESTART_MAX)
    this.#options.onTrouble(`mesh worker ${run.name} ended (${how}): another starts in ${delay} ms`)
    clock.after(delay, () => {
      if (!this.#stopping) void this.#bring(this.#startRun(slot))
    })
  }
}
