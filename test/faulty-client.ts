// A KubeClient that fails as API servers and networks do, at the calls that a test names and under its clock: what is refused, what is lost
// before it was carried out, what is lost after it was, watches that end, grow too old or fall silent, and lists that break between two pages.

import { ApiError, type CallOptions, type KubeClient, type ListQuery, type ObjectList, type WatchEvent } from '../src/kube/kube-client.ts'
import { type Clock, wait } from '../src/std/clock.ts'

/**
 * conflict: 409; throttled: 429 with Retry-After; broken: 500; reset, timeout: nothing of it was carried out; the same with -after: it was,
 * and only the answer is lost. A conflict is for writes: reads go on.
 */
export type Fault = 'conflict' | 'throttled' | 'broken' | 'reset' | 'reset-after' | 'timeout' | 'timeout-after'

export const FAULTS: readonly Fault[] = ['conflict', 'throttled', 'broken', 'reset', 'reset-after', 'timeout', 'timeout-after']

/** What becomes of a watch that is opened: it ends at once, its version is too old, it is refused, or it is open and says nothing. */
export type WatchFault = 'ends' | 'gone' | 'refused' | 'silent'

/** A call, in the order they are made; the next page of a list is one. */
export interface Call {
  readonly number: number
  readonly verb: 'get' | 'list' | 'next-page' | 'create' | 'update' | 'patch' | 'delete'
  readonly resource: string
  readonly at: number
}

const RETRY_AFTER_SECONDS = 2
/** How long a call waits for its answer before it fails as a time-out. */
export const TIMEOUT = 30_000
const PAGE = 2

/** Decides what fails, and counts. Owns the watches that are open through it. */
export class Faults {
  /** Asked of every call. */
  of: (call: Call) => Fault | undefined = () => undefined
  /** Asked of every watch that is opened. */
  ofWatch: (resource: string) => WatchFault | undefined = () => undefined
  readonly calls: Call[] = []
  readonly #clock: Clock
  readonly #open = new Set<AbortController>()
  readonly #silenced = new Set<AbortController>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Ends every open watch, as a connection does that breaks. */
  cutWatches(): void {
    for (const watch of this.#open) watch.abort(new Error('cut'))
  }

  /** Nothing more comes over the watches that are open, which do not end either. */
  silenceWatches(): void {
    for (const watch of this.#open) this.#silenced.add(watch)
  }

  wrap(client: KubeClient): KubeClient {
    const call = <T>(verb: Call['verb'], resource: string, run: () => Promise<T>, { signal }: CallOptions): Promise<T> =>
      this.#call({ verb, resource }, run, signal)
    return {
      silenceMax: client.silenceMax,
      get: (key, options) => call('get', key.resource, () => client.get(key, options), options),
      list: (query, options) => this.#list(client, query, options),
      watch: (query, options) => this.#watch(client, query, options),
      create: (ref, object, options) => call('create', ref.resource, () => client.create(ref, object, options), options),
      update: (ref, object, options) => call('update', ref.resource, () => client.update(ref, object, options), options),
      patch: (key, body, options) => call('patch', key.resource, () => client.patch(key, body, options), options),
      delete: (key, options) => call('delete', key.resource, () => client.delete(key, options), options)
    }
  }

  async #call<T>({ verb, resource }: Pick<Call, 'verb' | 'resource'>, run: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const call: Call = { number: this.calls.length, verb, resource, at: this.#clock.now() }
    this.calls.push(call)
    const fault = this.of(call)
    const what = `${verb} ${resource}`
    switch (fault) {
      case undefined:
        return run()
      case 'conflict':
        if (verb === 'get' || verb === 'list' || verb === 'next-page') return run()
        throw new ApiError(409, 'Conflict', `${what}: the object has been modified`)
      case 'throttled':
        throw new ApiError(429, 'TooManyRequests', `${what}: the server has received too many requests`, RETRY_AFTER_SECONDS)
      case 'broken':
        throw new ApiError(500, 'InternalError', `${what}: etcdserver: leader changed`)
      case 'reset-after':
        await run()
        throw new ApiError(503, 'Unreachable', `${what}: connection reset`)
      case 'reset':
        throw new ApiError(503, 'Unreachable', `${what}: connection reset`)
      case 'timeout-after':
        await run()
        return this.#late(what, signal)
      case 'timeout':
        return this.#late(what, signal)
    }
  }

  async #late(what: string, signal: AbortSignal): Promise<never> {
    await wait(this.#clock, TIMEOUT, signal)
    throw new ApiError(504, 'Timeout', `${what}: no answer in ${TIMEOUT} ms`)
  }

  // In pages of two, so that there is something to break between them.
  #list(client: KubeClient, query: Parameters<KubeClient['list']>[0], options: CallOptions): Promise<ObjectList> {
    const { limit, continue: token, ...whole } = query
    const from = Number(token ?? 0)
    const page = async (): Promise<ObjectList> => {
      const { items, resourceVersion } = await client.list(whole, options)
      if (limit === undefined) return { items, resourceVersion }
      const rest = items.length > from + PAGE ? { continue: String(from + PAGE) } : {}
      return { items: items.slice(from, from + PAGE), resourceVersion, ...rest }
    }
    return this.#call({ verb: from === 0 ? 'list' : 'next-page', resource: query.resource }, page, options.signal)
  }

  async *#watch(client: KubeClient, query: ListQuery & { resourceVersion: string }, { signal }: CallOptions): AsyncGenerator<WatchEvent> {
    const fault = this.ofWatch(query.resource)
    if (fault === 'gone') throw new ApiError(410, 'Expired', 'too old resource version')
    if (fault === 'refused') throw new ApiError(503, 'Unreachable', 'connection refused')
    if (fault === 'ends') return
    const cut = new AbortController()
    this.#open.add(cut)
    if (fault === 'silent') this.#silenced.add(cut)
    const either = AbortSignal.any([signal, cut.signal])
    try {
      for await (const event of client.watch(query, { signal: either })) {
        if (this.#silenced.has(cut)) await ended(either)
        yield event
      }
    } catch (error) {
      if (signal.aborted || !cut.signal.aborted) throw error
    } finally {
      this.#open.delete(cut)
      this.#silenced.delete(cut)
    }
  }
}

/** A server that is away: what is asked of it from `from` on, for `length`, fails. */
export function away(faults: Faults, clock: Clock, from: number, length: number): void {
  const isAway = (): boolean => clock.now() >= from && clock.now() < from + length
  faults.of = () => (isAway() ? 'reset' : undefined)
  faults.ofWatch = () => (isAway() ? 'refused' : undefined)
  clock.after(Math.max(0, from - clock.now()), () => faults.cutWatches())
}

async function ended(signal: AbortSignal): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  throw signal.reason
}

/** What a write is to a test that counts: everything but reads. */
export function isWrite({ verb }: Call): boolean {
  return verb === 'create' || verb === 'update' || verb === 'patch' || verb === 'delete'
}
