// Kubernetes Events about objects: what happened, counted instead of repeated, and never more than the API is asked to keep. Whether an event
// that could not be written is tried again is the caller's: most drop it, as no work may wait for it.

import type { KubeObject } from '../api/object.ts'
import type { Clock, Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { parseInstant } from '../std/instant.ts'
import { dig } from '../std/json.ts'
import { ApiError, type KubeClient } from './kube-client.ts'

/** What happened to an object. */
export interface Happening {
  readonly about: KubeObject
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  /** When; default: now. */
  readonly at?: Millis
}

/** What a recorder is made of. `time` gives RFC 3339 to the second. */
export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'create' | 'patch'>
  readonly clock: Pick<Clock, 'now'>
  readonly draw: Draw
  readonly component: string
  readonly time: (now: Millis) => string
}

/** Events remembered to be counted up; the oldest is forgotten first and would be written anew. */
export const EVENTS_REMEMBERED = 2_000
/** A repetition later than this is a new event. */
export const COUNTED_WITHIN: Millis = 600_000
/**
 * Distinct messages of one reason about one object within COUNTED_WITHIN; further ones are counted in one event that carries the newest of
 * them. client-go stops at 10, which hides the end of every rollout (flagger-observed.md 22).
 */
export const MESSAGES_MAX = 100

const EVENTS = { group: '', version: 'v1', resource: 'events' } as const

interface Remembered {
  readonly name: string
  readonly namespace: string
  count: number
  last: Millis
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Writes events. Owns what it remembers of those written. */
export class EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #remembered = new Map<string, Remembered>()
  #written = -1
  readonly #messages = new Map<string, { first: Millis; readonly seen: Set<string> }>()

  constructor(options: EventRecorderOptions) {
    this.#options = options
  }

  /** Takes up the events that a recorder of the same component left behind, so that a restart counts them up instead of writing them anew. */
  adopt(events: readonly KubeObject[]): void {
    for (const event of events) {
      const { name, namespace } = event.metadata
      const uid = dig(event, 'involvedObject', 'uid')
      const [count, last] = [event['count'], parseInstant(textOf(event['lastTimestamp']))]
      if (dig(event, 'source', 'component') !== this.#options.component || typeof count !== 'number') continue
      if (name === undefined || namespace === undefined || last === undefined) continue
      this.#remember(JSON.stringify([uid, event['type'], event['reason'], event['message']]), { name, namespace, count, last })
    }
  }

  /** Writes the event, or counts up the same one. Resolves when it is written, or with why the API did not take it; an aborted signal rejects. */
  async record(happening: Happening, signal: AbortSignal): Promise<ApiError | undefined> {
    const now = happening.at ?? this.#options.clock.now()
    const bounded = this.#isWithinBound(happening, now)
    const message = bounded ? happening.message : `(combined from similar events): ${happening.message}`
    const key = JSON.stringify([happening.about.metadata.uid, happening.type, happening.reason, ...(bounded ? [message] : [])])
    const known = this.#remembered.get(key)
    try {
      if (known !== undefined && now - known.last <= COUNTED_WITHIN) {
        known.count++
        known.last = now
        if (await this.#countUp(known, message, signal)) return undefined
      }
      this.#remember(key, await this.#write({ ...happening, message }, now, signal))
      return undefined
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return error
    }
  }

  async #countUp(known: Remembered, message: string, signal: AbortSignal): Promise<boolean> {
    const body = { count: known.count, lastTimestamp: this.#options.time(known.last), message }
    try {
      await this.#options.client.patch({ ...EVENTS, namespace: known.namespace, name: known.name }, { kind: 'merge', body }, { signal })
      return true
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false
      known.count--
      throw error
    }
  }

  async #write(happening: Happening, now: Millis, signal: AbortSignal): Promise<Remembered> {
    const { metadata, apiVersion, kind } = happening.about
    const namespace = metadata.namespace ?? 'default'
    const name = `${(metadata.name ?? '').slice(0, 200)}.${this.#suffix(now)}`
    const time = this.#options.time(now)
    const { name: about, namespace: home, uid, resourceVersion } = metadata
    const event: KubeObject = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: { apiVersion, kind, name: about, ...(home !== undefined && { namespace: home }), uid, resourceVersion },
      type: happening.type,
      reason: happening.reason,
      message: happening.message,
      source: { component: this.#options.component },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1
    }
    await this.#options.client.create(EVENTS, event, { signal })
    return { name, namespace, count: 1, last: now }
  }

  // As client-go's: nanoseconds in hex, so that names are in the order of time. Below the millisecond: the order here, then chance.
  #suffix(now: Millis): string {
    this.#written = (this.#written + 1) % 1000
    const nanoseconds = BigInt(now) * 1_000_000n + BigInt(this.#written * 1000 + Math.floor(this.#options.draw() * 1000))
    return nanoseconds.toString(16).padStart(16, '0')
  }

  #remember(key: string, event: Remembered): void {
    this.#remembered.delete(key)
    this.#remembered.set(key, event)
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= EVENTS_REMEMBERED) return
      this.#remembered.delete(oldest)
    }
  }

  #isWithinBound(happening: Happening, now: Millis): boolean {
    const key = JSON.stringify([happening.about.metadata.uid, happening.type, happening.reason])
    const before = this.#messages.get(key)
    const group = before === undefined || now - before.first > COUNTED_WITHIN ? { first: now, seen: new Set<string>() } : before
    this.#messages.delete(key)
    this.#messages.set(key, group)
    for (const oldest of this.#messages.keys()) {
      if (this.#messages.size <= EVENTS_REMEMBERED) break
      this.#messages.delete(oldest)
    }
    if (group.seen.size >= MESSAGES_MAX && !group.seen.has(happening.message)) return false
    group.seen.add(happening.message)
    return true
  }
}
