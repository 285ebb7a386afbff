// The embedded Kubernetes API: a Store made durable. A write is acknowledged, and shown to reads and watchers (in-process ones included), only
// after the journal has it; writes that arrive while one sync runs share the next. When the journal fails, nothing is acknowledged any more.

import type { KindSpec, VersionSpec } from '../api/kind.ts'
import type { Clock, Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { ChangeLog } from '../store/change-log.ts'
import { type Consequences, errands, settle, settleAll } from '../store/collect.ts'
import { definitionErrands, endsDue } from '../store/definitions.ts'
import { expired, noSuchResource, tooLarge } from '../store/failure.ts'
import { changeRecord, encodeRecord, encodeSnapshot, type Journal, recover } from '../store/journal-record.ts'
import type { KindRules, Served } from '../store/kind-rules.ts'
import { readVersion } from '../store/list-objects.ts'
import type { Moment } from '../store/plan.ts'
import { compileSelection, type Selection } from '../store/selection.ts'
import { Store } from '../store/store.ts'
import type { Change, Status, StoreAnswer, StoreRequest, Target } from '../store/store-request.ts'
import { seenBy, type SeenChange } from '../store/watch-steps.ts'

/** A watch as clients ask for it (kubernetes.md 3.9). */
export interface WatchRequest {
  readonly target: Target
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** '' or absent or '0': `added` for what is there, then changes; otherwise changes after it. */
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: string
  readonly sendInitialEvents?: boolean
  readonly allowWatchBookmarks?: boolean
}

/** One step of a watch. `initialEnd` marks the bookmark after the initial events; `failed` is the last step. */
export type WatchStep =
  | SeenChange
  | { readonly kind: 'bookmark'; readonly resourceVersion: string; readonly initialEnd: boolean }
  | { readonly kind: 'failed'; readonly status: Status }

/** The start of a watch; no step is emitted after `stop`. */
export type WatchAnswer =
  | { readonly kind: 'watch'; readonly spec: KindSpec; readonly version: VersionSpec; stop(): void }
  | { readonly kind: 'failure'; readonly status: Status }

/** What an embedded API is made of. `collect` (default true) is garbage collection and namespace termination. */
export interface EmbeddedApiOptions {
  readonly kinds: readonly KindSpec[]
  readonly rules: KindRules
  readonly journal: Journal
  readonly clock: Clock
  readonly draw: Draw
  readonly collect?: boolean
  /** Log lines after which a snapshot is written instead (default LOG_LINES_MAX). */
  readonly logLinesMax?: number
}

/** How long a definition stays after its last object is gone: time for clients to see that it is going, as with a real server. */
export const END_DELAY: Millis = 500

/** Lines in the journal's log before it is compacted into a snapshot. */
export const LOG_LINES_MAX = 50_000

interface Watcher {
  readonly served: Served
  readonly selection: Selection
  readonly emit: (step: WatchStep) => void
  /** The last version looked at. */
  from: number
}

interface Waiting {
  done(): void
  fail(error: Error): void
}

/** A durable store with watches. Owns the store, the journal, the change log and the watchers. */
export class EmbeddedApi {
  readonly #store: Store
  readonly #options: EmbeddedApiOptions
  readonly #log: ChangeLog
  readonly #consequences: Consequences
  readonly #alarms = new Set<() => void>()
  readonly #watchers = new Set<Watcher>()
  #unsynced: Change[] = []
  #waiting: Waiting[] = []
  #pumping: Promise<void> | undefined
  #logLines: number
  #kinds: readonly KindSpec[]
  #failure: Error | undefined
  readonly #failed = Promise.withResolvers<never>()

  /** Reads the journal and goes on from it. Rejects, naming the line, when it is damaged anywhere but at its torn end. */
  static async open(options: EmbeddedApiOptions): Promise<EmbeddedApi> {
    const kept = recover(await options.journal.read())
    if (kept.kind === 'damaged') throw new Error(kept.message)
    const { kinds, rules } = options
    const { objects, resourceVersion, changes } = kept
    const store = new Store({ kinds, rules, objects, ...(resourceVersion !== undefined && { resourceVersion }) })
    for (const change of changes) store.replay(change)
    const api = new EmbeddedApi(store, options, changes.length)
    if (kept.torn) await options.journal.compact(encodeSnapshot(store.all(), store.resourceVersion))
    await api.#finishCollecting()
    return api
  }

  private constructor(store: Store, options: EmbeddedApiOptions, logLines: number) {
    this.#store = store
    this.#options = options
    this.#log = new ChangeLog(store.resourceVersion)
    this.#kinds = store.kinds
    this.#logLines = logLines
    this.#consequences =
      options.collect === false ? definitionErrands : (view, changes) => [...definitionErrands(view, changes), ...errands(view, changes)]
    // Nobody may be waiting for it.
    this.#failed.promise.catch(() => undefined)
  }

  /** Rejects when the journal failed: from then on nothing is acknowledged. */
  get failed(): Promise<never> {
    return this.#failed.promise
  }

  /** Every kind served now; the array is replaced, never changed in place. */
  kinds(): readonly KindSpec[] {
    return this.#kinds
  }

  /** The newest resource version that is durable. */
  resourceVersion(): string {
    return String(this.#log.newest)
  }

  /** Answers once everything the answer rests on is durable. Rejects, from then on always, when the journal failed. */
  submit(request: StoreRequest): Promise<StoreAnswer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const stale = this.#staleToken(request)
    if (stale !== undefined) return Promise.resolve(stale)
    const moment = { now: this.#options.clock.now(), draw: this.#options.draw }
    const applied = this.#store.apply(request, moment)
    this.#take(applied.changes, moment)
    return this.#afterSync(() => applied.answer)
  }

  /** Begins a watch. Steps come in store order; an Expired or too large version comes as a `failed` step, as from a real server. */
  watch(request: WatchRequest, emit: (step: WatchStep) => void): WatchAnswer {
    const served = this.#store.find(request.target.resource)
    if (served === undefined) return noSuchResource()
    const { spec, version } = served
    const namespace = spec.scope === 'Cluster' ? '' : (request.target.namespace ?? '')
    const selection = compileSelection({ ...request, namespace }, spec, this.#options.rules)
    if (typeof selection !== 'function') return selection
    const from = readVersion(request.resourceVersion)
    // a real server does not call it the client's fault
    if (typeof from !== 'number') return { kind: 'failure', status: { code: 500, reason: '', message: from.status.message } }
    const watcher: Watcher = { served, selection, emit, from }
    if (from === 0 || request.sendInitialEvents === true) this.#beginWithState(watcher, request)
    else this.#beginAt(watcher)
    return { kind: 'watch', spec, version, stop: () => this.#watchers.delete(watcher) }
  }

  /** Nothing is begun any more; resolves when what was submitted is durable or refused. */
  async close(): Promise<void> {
    for (const cancel of this.#alarms) cancel()
    this.#alarms.clear()
    await this.idle()
  }

  /** Resolves when everything submitted so far is durable or refused. */
  async idle(): Promise<void> {
    while (this.#pumping !== undefined) await this.#pumping
  }

  #beginAt(watcher: Watcher): void {
    this.#watchers.add(watcher)
    if (watcher.from > this.#store.resourceVersion) this.#end(watcher, tooLarge(watcher.from, this.#store.resourceVersion).status)
    else this.#feed(watcher)
  }

  /** The state is read now and shown once it is durable; what changes meanwhile follows it. */
  #beginWithState(watcher: Watcher, request: WatchRequest): void {
    const state = this.#store.apply({ ...request, verb: 'list', resourceVersion: '' }, { now: 0, draw: this.#options.draw }).answer
    const items = state.kind === 'list' ? state.items : []
    watcher.from = this.#store.resourceVersion
    this.#watchers.add(watcher)
    const show = (): void => {
      for (const object of items) this.#emit(watcher, { kind: 'added', object })
      const resourceVersion = state.kind === 'list' ? state.resourceVersion : this.resourceVersion()
      if (request.allowWatchBookmarks === true) {
        this.#emit(watcher, { kind: 'bookmark', resourceVersion, initialEnd: request.sendInitialEvents === true })
      }
    }
    if (this.#unsynced.length === 0 && this.#pumping === undefined) show()
    else this.#waiting.push({ done: show, fail: () => undefined })
  }

  #feed(watcher: Watcher): void {
    const changes = this.#log.after(watcher.from)
    if (changes === undefined) return this.#end(watcher, expired(watcher.from, this.#log.floor).status)
    for (const change of changes) {
      watcher.from = change.resourceVersion
      const seen = seenBy(change, watcher.served, watcher.selection)
      if (seen !== undefined) this.#emit(watcher, seen)
    }
  }

  #end(watcher: Watcher, status: Status): void {
    this.#emit(watcher, { kind: 'failed', status })
    this.#watchers.delete(watcher)
  }

  #emit(watcher: Watcher, step: WatchStep): void {
    if (this.#watchers.has(watcher)) watcher.emit(step)
  }

  /** Keeps changes and what follows from them. */
  #take(changes: readonly Change[], moment: Moment): void {
    if (changes.length === 0) return
    const all = [...changes, ...settle(this.#store, changes, moment, this.#consequences)]
    this.#unsynced.push(...all)
    for (const name of endsDue(this.#store, all)) this.#endLater(name)
  }

  #endLater(name: string): void {
    const cancel = this.#options.clock.after(END_DELAY, () => {
      this.#alarms.delete(cancel)
      const moment = { now: this.#options.clock.now(), draw: this.#options.draw }
      this.#take(this.#store.settleDefinition(name, moment), moment)
      // a journal that fails is told to whoever writes next
      void this.#afterSync(() => undefined).catch(() => undefined)
    })
    this.#alarms.add(cancel)
  }

  #staleToken(request: StoreRequest): StoreAnswer | undefined {
    if (request.verb !== 'list' || (request.continue ?? '') === '') return undefined
    const answer = this.#store.apply({ ...request, limit: 1 }, { now: 0, draw: this.#options.draw }).answer
    const version = answer.kind === 'list' ? Number(answer.resourceVersion) : this.#log.floor
    return version < this.#log.floor ? expired(version, this.#log.floor) : undefined
  }

  #afterSync<T>(answer: () => T): Promise<T> {
    if (this.#unsynced.length === 0 && this.#pumping === undefined) return Promise.resolve(answer())
    return new Promise((resolve, reject) => {
      this.#waiting.push({ done: () => resolve(answer()), fail: reject })
      this.#pumping ??= this.#pump()
    })
  }

  async #pump(): Promise<void> {
    // writes of the same turn share the first sync
    await Promise.resolve()
    while (this.#waiting.length > 0 || this.#unsynced.length > 0) {
      const [changes, waiting] = [this.#unsynced, this.#waiting]
      this.#unsynced = []
      this.#waiting = []
      const kinds = this.#store.kinds
      try {
        await this.#keep(changes)
      } catch (cause) {
        this.#stop(cause, waiting)
        break
      }
      this.#kinds = kinds
      this.#log.append(changes)
      this.#publish(changes, waiting)
    }
    this.#pumping = undefined
  }

  async #keep(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return
    const { journal, logLinesMax = LOG_LINES_MAX } = this.#options
    this.#logLines += changes.length
    if (this.#logLines > logLinesMax) {
      this.#logLines = 0
      return journal.compact(encodeSnapshot(this.#store.all(), this.#store.resourceVersion))
    }
    journal.append(changes.map((change) => encodeRecord(changeRecord(change))).join(''))
    return journal.sync()
  }

  #publish(changes: readonly Change[], waiting: readonly Waiting[]): void {
    for (const waiter of waiting) waiter.done()
    if (changes.length === 0) return
    for (const watcher of this.#watchers) this.#feed(watcher)
  }

  #stop(cause: unknown, waiting: readonly Waiting[]): void {
    const message = `the journal failed, so no write is acknowledged any more: ${cause instanceof Error ? cause.message : String(cause)}`
    const error = new Error(message, { cause })
    this.#failure = error
    this.#failed.reject(error)
    for (const waiter of [...waiting, ...this.#waiting]) waiter.fail(error)
    this.#waiting = []
    this.#unsynced = []
    for (const watcher of this.#watchers) this.#end(watcher, { code: 500, reason: 'InternalError', message })
  }

  async #finishCollecting(): Promise<void> {
    this.#unsynced.push(...settleAll(this.#store, { now: this.#options.clock.now(), draw: this.#options.draw }, this.#consequences))
    const all = [...this.#store.all()].map((stored) => ({ ...stored, kind: 'modified' as const }))
    for (const name of endsDue(this.#store, all)) this.#endLater(name)
    await this.#afterSync(() => undefined)
  }
}
