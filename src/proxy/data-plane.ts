// The data plane of one process: listeners, the router they share, pools. Changes of the table are applied between requests; a request in
// flight keeps the rules it started with, and pools of endpoints that stay are kept.

import { performance } from 'node:perf_hooks'
import { Recorder } from '../metrics/recorder.ts'
import type { ClusterCounts, ClusterStats } from '../route/cluster-stats.ts'
import type { ClusterId } from '../route/decision.ts'
import { type WorkerShare, shareOfCluster } from '../route/cluster-share.ts'
import type { TableChange } from '../route/route-table.ts'
import { EMPTY_TABLE } from '../route/route-table.ts'
import { Compactor } from '../route/compact.ts'
import { applyChange, prepare } from '../route/router.ts'
import type { ClusterState } from '../route/router.ts'
import type { Clock, Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { AccessLog } from './access-log.ts'
import type { AccessLogSpec } from './access-log.ts'
import { BufferPool, READ_SIZE } from './buffers.ts'
import type { Clocks } from './clocks.ts'
import type { Context, Locate } from './context.ts'
import { Ejections } from './ejections.ts'
import type { OnEjection } from './ejections.ts'
import { KeptBytes } from './kept-bytes.ts'
import { LIMITS } from './limits.ts'
import type { LimitName, Limits } from './limits.ts'
import { Listener } from './listener.ts'
import type { ListenerSpec } from './listener.ts'
import { Load } from './load.ts'
import { LogFrames } from './log-frames.ts'
import type { LogLine } from './log-frames.ts'
import type { WorkerStats } from './mesh-stats.ts'
import { PASSTHROUGH } from './passthrough.ts'
import { Pools } from './pools.ts'
import { Signatures } from './signatures.ts'
import { StreamListener } from './stream-listener.ts'
import { Sweep } from './sweep.ts'
import { SYSTEM_SOCKETS } from './transport.ts'
import type { ReadMode, Sockets } from './transport.ts'

const SWEEP_PERIOD: Millis = 50
/** How often an endpoint that goes is looked at until nothing is in hand there. */
const QUIET_LOOK: Millis = 10
const ALONE: WorkerShare = { index: 0, count: 1 }

function shared(change: TableChange, share: WorkerShare): TableChange {
  return change.kind === 'put-cluster' ? { ...change, cluster: shareOfCluster(change.cluster, share) } : change
}

function ejectedOf(id: ClusterId, { slots, stats }: ClusterState): [ClusterId, string[]][] {
  if (stats.read('outlier_detection.ejections_active') === 0) return []
  return [[id, slots.filter(({ health }) => health.ejectedAt !== undefined).map(({ key }) => key)]]
}

/** What a data plane is given. */
export interface DataPlaneOptions {
  readonly clock: Clock
  readonly draw: Draw
  /** From testReadMode, or 'data'. */
  readonly readMode: ReadMode
  /** Where connections come from and go to; the system's unless a test has others. */
  readonly sockets?: Sockets
  /** Where endpoints are reached, when not at their addresses. */
  readonly locate?: Locate
  readonly limits?: Partial<Limits>
  /** How often deadlines are looked at: one is met at most this late. Default 50. */
  readonly sweepPeriod?: Millis
  /** How many files the process may open, where that is known: connections leave room among them. */
  readonly openFiles?: number | undefined
  /** Absent: no access log. */
  readonly accessLog?: AccessLogSpec | undefined
  /** Milliseconds that never go back; performance.now unless a test moves time. */
  readonly monotonic?: () => Millis
  /** Told when outlier detection leaves an endpoint out, and when it is back. */
  readonly onEjection?: OnEjection
  /** Which of how many processes that share the traffic; limits of a proxy as a whole are divided among them. Default: the only one. */
  readonly share?: WorkerShare
  /** Copies of mirrored requests name their host with `-shadow`. Default false. */
  readonly shadowHosts?: boolean
  /** Several processes listen on the same addresses. */
  readonly reusePort?: boolean
}

/** Owns the listeners, connections, pools and counts of one process. */
export class DataPlane {
  readonly recorder = new Recorder()
  readonly #context: Context
  readonly #pools: Pools
  readonly #listeners = new Map<string, Listener | StreamListener>()
  readonly #closing = new Set<Promise<void>>()
  readonly #reusePort: boolean
  readonly #share: WorkerShare

  constructor(options: DataPlaneOptions) {
    const limits = { ...LIMITS, ...options.limits }
    const reach = (limit: LimitName): void => this.recorder.reach(limit)
    const monotonic = options.monotonic ?? (() => performance.now())
    const router = prepare(EMPTY_TABLE)
    const kept = new KeptBytes(limits, reach)
    this.#context = {
      limits,
      clock: options.clock,
      monotonic,
      draw: options.draw,
      sweep: new Sweep(options.clock, options.sweepPeriod ?? SWEEP_PERIOD, monotonic),
      load: new Load(limits, kept, reach, options.openFiles),
      kept,
      buffers: new BufferPool(kept, limits.freeBuffersMax, () => reach('freeBuffersMax')),
      shared: Buffer.allocUnsafeSlow(READ_SIZE),
      readMode: options.readMode,
      sockets: options.sockets ?? SYSTEM_SOCKETS,
      locate: options.locate ?? ((host, port) => ({ host, port })),
      router,
      ejections: new Ejections({ clock: options.clock, monotonic, router, onEjection: options.onEjection }),
      recorder: this.recorder,
      shadowHosts: options.shadowHosts ?? false,
      signatures: new Signatures(limits, reach),
      workers: options.share?.count ?? 1,
      accessLog: this.#logOf(options, { clock: options.clock, monotonic }, limits),
      draining: false
    }
    this.#pools = new Pools(this.#context)
    this.#share = options.share ?? ALONE
    this.#reusePort = options.reusePort ?? false
  }

  /** What the lines of requests are written to; undefined: nothing is logged. */
  get accessLog(): AccessLog | undefined {
    return this.#context.accessLog
  }

  /** The oldest lines of it that nobody has taken, for who is in the same process. */
  takeLog(): readonly LogLine[] {
    const chunk = this.accessLog?.take()
    if (chunk === undefined) return []
    const lines = new LogFrames().read(chunk.bytes.subarray(0, chunk.length))
    this.accessLog?.free(chunk)
    return lines
  }

  #logOf({ accessLog }: DataPlaneOptions, clocks: Clocks, limits: Limits): AccessLog | undefined {
    const bounds = { clocks, bytesMax: limits.accessLogBytesMax, onFull: () => this.recorder.reach('accessLogBytesMax') }
    return accessLog === undefined ? undefined : new AccessLog(accessLog, bounds)
  }

  /** The version of the table in force. */
  get version(): number {
    return this.#context.router.version
  }

  /** Connections and things with deadlines: for tests and gauges. */
  get watched(): number {
    return this.#context.sweep.size
  }

  /** Those of them that are not looked at every period. */
  get resting(): number {
    return this.#context.sweep.resting
  }

  /** Client connections, requests in flight, and the bytes kept of them. */
  get load(): Readonly<Pick<Load, 'connections' | 'requests' | 'kept'>> {
    return this.#context.load
  }

  /** The clusters in force with what is counted of them, for statistics. */
  get clusters(): ReadonlyMap<ClusterId, ClusterState> {
    return this.#context.router.clusters
  }

  /** Applies changes in order and returns the version then in force: requests that start from now on see them. */
  apply(changes: readonly TableChange[]): number {
    const { router } = this.#context
    const compactor = new Compactor()
    for (const change of changes) {
      const id = change.kind === 'put-cluster' ? change.cluster.id : change.kind === 'remove-cluster' ? change.cluster : undefined
      const before = id === undefined ? undefined : router.clusters.get(id)
      applyChange(router, shared(compactor.change(change), this.#share), this.#context.monotonic())
      if (before !== undefined && id !== undefined) this.#pools.retire(before, router.clusters.get(id))
    }
    return router.version
  }

  /** What was counted under Envoy's names so far. */
  stats(): WorkerStats {
    const used = [...this.#context.router.clusters].filter(([, { stats }]) => stats.isUsed)
    const clusters = used.map(([id, { stats }]) => [id, stats.counts()] as const)
    const outside = this.#pools.outside.stats
    return {
      ejected: Object.fromEntries(used.flatMap(([id, state]) => ejectedOf(id, state))),
      clusters: outside.isUsed ? [...clusters, [PASSTHROUGH, outside.counts()]] : clusters,
      counters: this.recorder.counters.snapshot()
    }
  }

  /** What of that has changed since it was taken last. */
  takeStats(): WorkerStats {
    const ejected: [ClusterId, string[]][] = []
    const clusters: [ClusterId, ClusterCounts][] = []
    const take = (id: ClusterId, stats: ClusterStats): void => {
      if (!stats.touched) return
      stats.touched = false
      if (stats.isUsed) clusters.push([id, stats.counts()])
    }
    for (const [id, state] of this.#context.router.clusters) {
      take(id, state.stats)
      ejected.push(...ejectedOf(id, state))
    }
    take(PASSTHROUGH, this.#pools.outside.stats)
    return { ejected: Object.fromEntries(ejected), clusters, counters: this.recorder.counters.takeChanged() }
  }

  /** Listens; resolves with the port. Rejects with the system's error when the address is taken or not allowed. */
  async listen(spec: ListenerSpec): Promise<number> {
    // An address may pass from one listener to the next.
    await Promise.all(this.#closing)
    const listener = this.#listenerOf(spec)
    const port = await listener.listen(this.#reusePort)
    this.#listeners.set(spec.id, listener)
    return port
  }

  #listenerOf(spec: ListenerSpec): Listener | StreamListener {
    const { entry } = spec
    if (entry.kind === 'stream') return new StreamListener(this.#context, { ...spec, entry })
    return new Listener({ context: this.#context, pools: this.#pools }, { ...spec, entry })
  }

  /** Stops one listener: requests in flight finish within the drain limit. */
  async unlisten(id: string): Promise<void> {
    const listener = this.#listeners.get(id)
    if (listener === undefined) return
    this.#listeners.delete(id)
    const closing = listener.close()
    this.#closing.add(closing)
    await closing
    this.#closing.delete(closing)
    await listener.drain(this.#context.limits.drainTimeout)
  }

  /** Resolves once no request is in hand at an address whose endpoints were taken out, after `limit` in any case. */
  quiet(address: string, limit: Millis): Promise<void> {
    const { clock, monotonic } = this.#context
    const until = monotonic() + limit
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.#pools.isBusy(address) && monotonic() < until) clock.after(QUIET_LOOK, look)
        else resolve()
      }
      look()
    })
  }

  /** Takes no more connections; those there are go on. */
  async close(): Promise<void> {
    await Promise.all([...this.#listeners.values()].map((listener) => listener.close()))
  }

  /** Stops everything: no more connections, `connection: close` on answers, requests in flight finish within the drain limit. */
  async drain(limit: Millis = this.#context.limits.drainTimeout): Promise<void> {
    this.#context.draining = true
    const listeners = [...this.#listeners.values()]
    this.#listeners.clear()
    await Promise.all(listeners.map((listener) => listener.drain(limit)))
    this.#pools.close()
    this.#context.ejections.close()
  }
}
