// A cache of one kind of objects kept equal to the API's, by client-go's rules (kubernetes.md 6.2): list in pages, watch from there, list again
// when the version is too old, back off on errors. Listeners hear differences only and must not throw.

import type { KubeObject } from '../api/object.ts'
import { type Clock, type Millis, wait } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { backoff, type BackoffShape, retryAfter } from './backoff.ts'
import { ApiError, type KubeClient, type ListQuery, type WatchEvent } from './kube-client.ts'

/** What a listener hears. `deleted` carries the last known state. */
export interface ObjectEvent {
  readonly kind: 'added' | 'modified' | 'deleted'
  readonly object: KubeObject
  readonly previous: KubeObject | undefined
}

/** What a reflector is made of. */
export interface ReflectorOptions {
  readonly client: Pick<KubeClient, 'list' | 'watch' | 'silenceMax'>
  readonly query: ListQuery
  readonly clock: Clock
  readonly draw: Draw
  readonly onEvent?: (event: ObjectEvent) => void
  /** Told of every failure that is retried. */
  readonly onError?: (error: unknown) => void
  /** What is kept of an object; default: all of it. Name, namespace, uid and resourceVersion have to stay. */
  readonly keep?: (object: KubeObject) => KubeObject
}

const PAGE = 500
const BACKOFF: BackoffShape = { first: 800, most: 30_000 }
const NOT_PERMITTED_WAIT: Millis = 30_000
const HEALTHY_AFTER: Millis = 120_000
const SHORT_WATCH: Millis = 1_000

/** `namespace/name`, or the name of a cluster-scoped object: keys of caches and queues. */
export function keyOfObject(object: KubeObject): string {
  const { namespace, name = '' } = object.metadata
  return namespace === undefined ? name : `${namespace}/${name}`
}

/** A cache of the objects of one query. Owns the cache. */
export class Reflector {
  readonly #options: ReflectorOptions
  readonly #objects = new Map<string, KubeObject>()
  readonly #ready: Promise<void>
  #markReady: () => void = () => undefined
  #version: string | undefined
  #contact: Millis | undefined
  #synced = false
  #watching = false

  constructor(options: ReflectorOptions) {
    this.#options = options
    this.#ready = new Promise((resolve) => {
      this.#markReady = resolve
    })
  }

  /** True from the first complete list on. */
  get synced(): boolean {
    return this.#synced
  }

  /** True while a watch is open: what the API has is here, or on its way. */
  get watching(): boolean {
    return this.#watching
  }

  /** Resolves at the first complete list. */
  whenSynced(): Promise<void> {
    return this.#ready
  }

  /** How long ago the API last gave a list or a watch event; undefined before the first. */
  age(now: Millis): Millis | undefined {
    return this.#contact === undefined ? undefined : now - this.#contact
  }

  /** The cached object under `namespace/name`. */
  get(key: string): KubeObject | undefined {
    return this.#objects.get(key)
  }

  /** Every cached object, in the order they came. */
  objects(): readonly KubeObject[] {
    return [...this.#objects.values()]
  }

  /** Keeps the cache equal until the signal is aborted, then resolves; rejects for anything but the API's failures: a bug. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      const begun = this.#options.clock.now()
      const failure = await this.#once(signal)
      if (signal.aborted) return
      const lived = this.#options.clock.now() - begun
      if (lived >= HEALTHY_AFTER) failures = 0
      if (failure === undefined && lived >= SHORT_WATCH) continue
      failures++
      if (failure !== undefined) this.#options.onError?.(failure.error)
      await wait(this.#options.clock, this.#delay(failure?.error, failures), signal).catch(() => undefined)
    }
  }

  /** Lists when there is no version to go on from, then watches until the watch ends. */
  async #once(signal: AbortSignal): Promise<{ readonly error: unknown } | undefined> {
    const listed = this.#version === undefined
    try {
      if (listed) await this.#list(signal)
      await this.#watch(signal)
      return undefined
    } catch (error) {
      if (isTooOld(error)) {
        this.#version = undefined
        // A version that has merely aged is no failure: list again at once. One that was listed just now is, or it would go on without end.
        if (!listed && error.reason !== 'Timeout') return this.#once(signal)
      }
      if (!(error instanceof ApiError) && !signal.aborted) throw error
      return { error }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { items, resourceVersion } = await this.#readList(signal)
    this.#contact = this.#options.clock.now()
    const gone = new Map(this.#objects)
    for (const object of items) {
      gone.delete(keyOfObject(object))
      this.#put(object)
    }
    for (const object of gone.values()) this.#drop(object)
    this.#version = resourceVersion
    this.#synced = true
    this.#markReady()
  }

  async #readList(signal: AbortSignal): Promise<{ readonly items: readonly KubeObject[]; readonly resourceVersion: string }> {
    const { client, query } = this.#options
    const first = await client.list({ ...query, limit: PAGE }, { signal })
    const items = [...first.items]
    let next = first.continue
    try {
      while (next !== undefined && next !== '') {
        const page = await client.list({ ...query, limit: PAGE, continue: next }, { signal })
        items.push(...page.items)
        next = page.continue
      }
    } catch (error) {
      // the list changed too much between two pages: take it whole
      if (!isTooOld(error)) throw error
      return client.list(query, { signal })
    }
    return { items, resourceVersion: first.resourceVersion }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, query, clock } = this.#options
    const { silenceMax } = client
    const quiet = new AbortController()
    const either = AbortSignal.any([signal, quiet.signal])
    const silence = (): (() => void) =>
      silenceMax === undefined ? () => undefined : clock.after(silenceMax, () => quiet.abort(new Error(`no word for ${silenceMax} ms`)))
    let stop = silence()
    this.#watching = true
    try {
      for await (const event of client.watch({ ...query, resourceVersion: this.#version ?? '' }, { signal: either })) {
        stop()
        stop = silence()
        this.#contact = clock.now()
        this.#take(event)
      }
    } catch (error) {
      // a connection that fell silent has merely ended
      if (!quiet.signal.aborted || signal.aborted) throw error
    } finally {
      this.#watching = false
      stop()
    }
  }

  #take(event: WatchEvent): void {
    if (event.kind === 'bookmark') {
      this.#version = event.resourceVersion
      return
    }
    if (event.kind === 'deleted') this.#drop(event.object)
    else this.#put(event.object)
    this.#version = event.object.metadata.resourceVersion ?? this.#version
  }

  #put(whole: KubeObject): void {
    const object = this.#options.keep?.(whole) ?? whole
    const key = keyOfObject(object)
    const previous = this.#objects.get(key)
    if (previous !== undefined && previous.metadata.resourceVersion === object.metadata.resourceVersion) return
    // the same name with another uid: one object went and another came, unheard
    if (previous !== undefined && previous.metadata.uid !== object.metadata.uid) this.#drop(previous)
    const known = this.#objects.get(key)
    this.#objects.set(key, object)
    this.#options.onEvent?.({ kind: known === undefined ? 'added' : 'modified', object, previous: known })
  }

  #drop(object: KubeObject): void {
    const key = keyOfObject(object)
    const previous = this.#objects.get(key)
    if (previous === undefined) return
    this.#objects.delete(key)
    this.#options.onEvent?.({ kind: 'deleted', object, previous })
  }

  #delay(error: unknown, failures: number): Millis {
    const status = error instanceof ApiError ? error.status : undefined
    if (status === 403 || status === 404) return NOT_PERMITTED_WAIT
    const asked = error instanceof ApiError ? retryAfter(error.retryAfterSeconds) : 0
    return Math.max(asked, backoff(BACKOFF, failures, this.#options.draw))
  }
}

function isTooOld(error: unknown): error is ApiError {
  return (
    error instanceof ApiError && (error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone' || error.status === 504)
  )
}
