// Runs work per key: one run at a time for each key, again when the key was touched meanwhile, later when the run asked for it, and with
// growing pauses while it fails. Owns its keys; all of it can be lost, since a start touches every key.

import { ApiError } from '../kube/kube-client.ts'
import type { Clock, Millis } from '../std/clock.ts'

/** What a runner needs. `run` returns when to look again, undefined for "when touched". */
export interface Running {
  readonly clock: Clock
  readonly run: (key: string, signal: AbortSignal) => Promise<Millis | undefined>
  readonly log: (line: string) => void
}

export const FIRST_BACKOFF: Millis = 50
export const LONGEST_BACKOFF: Millis = 30_000

interface Entry {
  running: boolean
  again: boolean
  failures: number
  cancel: () => void
}

/** A keyed, serial, self-retrying queue. */
export class KeyRunner {
  readonly #running: Running
  readonly #signal: AbortSignal
  readonly #entries = new Map<string, Entry>()
  readonly #failed = Promise.withResolvers<never>()

  /** Stops when the signal is aborted: nothing starts after that. */
  constructor(running: Running, signal: AbortSignal) {
    this.#running = running
    this.#signal = signal
    // A bug may come before anyone waits for it.
    this.#failed.promise.catch(() => undefined)
    signal.addEventListener('abort', () => this.#stop(), { once: true })
  }

  /** Rejects when a run failed for another reason than the API's answer: a bug. */
  get failed(): Promise<never> {
    return this.#failed.promise
  }

  /** Runs the key now, or once more when it is running. */
  touch(key: string): void {
    if (this.#signal.aborted) return
    const entry = this.#entries.get(key) ?? { running: false, again: false, failures: 0, cancel: () => undefined }
    this.#entries.set(key, entry)
    if (entry.running) {
      entry.again = true
      return
    }
    entry.cancel()
    entry.running = true
    entry.again = false
    this.#turn(key, entry).catch((error: unknown) => this.#failed.reject(error))
  }

  async #turn(key: string, entry: Entry): Promise<void> {
    const wake = await this.#attempt(key, entry)
    entry.running = false
    if (this.#signal.aborted) return
    if (entry.again) this.touch(key)
    else if (wake === undefined) this.#entries.delete(key)
    else entry.cancel = this.#running.clock.after(wake, () => this.touch(key))
  }

  async #attempt(key: string, entry: Entry): Promise<Millis | undefined> {
    try {
      const wake = await this.#running.run(key, this.#signal)
      entry.failures = 0
      return wake
    } catch (error) {
      if (this.#signal.aborted) return undefined
      if (!(error instanceof ApiError)) throw error
      const pause = Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** entry.failures)
      entry.failures += 1
      // A conflict only says that the world moved on.
      if (error.reason !== 'Conflict') this.#running.log(`${key}: ${error.message}; again in ${pause} ms`)
      return pause
    }
  }

  #stop(): void {
    for (const entry of this.#entries.values()) entry.cancel()
  }
}
