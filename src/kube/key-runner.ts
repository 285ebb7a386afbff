// Runs work per key (kubernetes.md 6.3): a key has one run at a time, one more when it was touched meanwhile, one later when the run asked
// for it, and ever longer pauses while it fails. Owns its keys; all of it can be lost, since a start touches every key.

import type { Clock, Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { backoff, type BackoffShape, retryAfter } from './backoff.ts'
import { ApiError } from './kube-client.ts'

/** What a runner needs. */
export interface KeyRunnerOptions {
  readonly clock: Clock
  readonly draw: Draw
  /** Works on a key; returns when to look again, undefined for "when touched". */
  readonly run: (key: string, signal: AbortSignal) => Promise<Millis | undefined>
  readonly log: (line: string) => void
  /** Of a key that failed; default 50 ms to 30 s. */
  readonly backoff?: (key: string) => BackoffShape
  /** Keys worked on at the same time; default 64. */
  readonly parallel?: number
}

const BACKOFF: BackoffShape = { first: 50, most: 30_000 }
const PARALLEL = 64

interface Entry {
  running: boolean
  again: boolean
  failures: number
  cancelAlarm: () => void
}

/** A keyed, serial, self-retrying queue. */
export class KeyRunner {
  readonly #options: KeyRunnerOptions
  readonly #signal: AbortSignal
  readonly #entries = new Map<string, Entry>()
  readonly #waiting = new Set<string>()
  readonly #failed = Promise.withResolvers<never>()
  #free: number

  /** Stops when the signal is aborted: nothing starts after that. */
  constructor(options: KeyRunnerOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
    this.#free = options.parallel ?? PARALLEL
    // A bug may come before anyone waits for it.
    this.#failed.promise.catch(() => undefined)
    signal.addEventListener('abort', () => this.#stop(), { once: true })
  }

  /** Rejects when a run failed for another reason than the API's answer: a bug. */
  get failed(): Promise<never> {
    return this.#failed.promise
  }

  /** Runs the key as soon as there is room, or once more when it is running. */
  touch(key: string): void {
    if (this.#signal.aborted) return
    const entry = this.#entryOf(key)
    if (entry.running) {
      entry.again = true
      return
    }
    entry.cancelAlarm()
    this.#waiting.add(key)
    this.#startNext()
  }

  #startNext(): void {
    for (const key of this.#waiting) {
      if (this.#free === 0) return
      this.#free--
      this.#waiting.delete(key)
      const entry = this.#entryOf(key)
      entry.running = true
      entry.again = false
      this.#turn(key, entry).catch((error: unknown) => this.#failed.reject(error))
    }
  }

  async #turn(key: string, entry: Entry): Promise<void> {
    const wake = await this.#attempt(key, entry)
    entry.running = false
    this.#free++
    if (this.#signal.aborted) return
    if (entry.again) this.touch(key)
    else if (wake === undefined) this.#entries.delete(key)
    else entry.cancelAlarm = this.#options.clock.after(wake, () => this.touch(key))
    this.#startNext()
  }

  async #attempt(key: string, entry: Entry): Promise<Millis | undefined> {
    const { run, log, draw, backoff: shapeOf = () => BACKOFF } = this.#options
    try {
      const wake = await run(key, this.#signal)
      entry.failures = 0
      return wake
    } catch (error) {
      if (this.#signal.aborted) return undefined
      if (!(error instanceof ApiError)) throw error
      entry.failures += 1
      const pause = Math.max(Math.ceil(backoff(shapeOf(key), entry.failures, draw)), retryAfter(error.retryAfterSeconds))
      // A conflict only says that the world moved on.
      if (error.reason !== 'Conflict') log(`${key}: ${error.message}; again in ${pause} ms`)
      return pause
    }
  }

  #entryOf(key: string): Entry {
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const entry: Entry = { running: false, again: false, failures: 0, cancelAlarm: () => undefined }
    this.#entries.set(key, entry)
    return entry
  }

  #stop(): void {
    this.#waiting.clear()
    for (const entry of this.#entries.values()) entry.cancelAlarm()
  }
}
