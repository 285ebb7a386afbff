// Which keys want work, one at a time per key (kubernetes.md 6.3): adding a key twice is once, adding it while it is worked on is once more
// afterwards, and a key that failed waits longer each time.

import type { Clock, Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { backoff, type BackoffShape } from './backoff.ts'

/** What a queue is made of. */
export interface WorkQueueOptions {
  readonly clock: Clock
  readonly draw: Draw
  /** Default 500 ms to 5 minutes: a controller that looks again on every event need not hurry. */
  readonly backoff?: BackoffShape
}

const BACKOFF: BackoffShape = { first: 500, most: 300_000 }

/** A queue of keys. Owns what waits, what is worked on and the alarms of keys added for later. */
export class WorkQueue {
  readonly #options: WorkQueueOptions
  readonly #waiting = new Set<string>()
  readonly #working = new Set<string>()
  readonly #again = new Set<string>()
  readonly #later = new Map<string, { readonly at: Millis; readonly cancel: () => void }>()
  readonly #failures = new Map<string, number>()
  readonly #takers: (() => void)[] = []

  constructor(options: WorkQueueOptions) {
    this.#options = options
  }

  /** Keys that want work now. */
  get length(): number {
    return this.#waiting.size
  }

  /** Wants work on `key` now. */
  add(key: string): void {
    this.#later.get(key)?.cancel()
    this.#later.delete(key)
    if (this.#working.has(key)) {
      this.#again.add(key)
      return
    }
    this.#waiting.add(key)
    this.#takers.shift()?.()
  }

  /** Wants work on `key` after `delay`, or sooner when it is added or already due sooner. */
  addAfter(key: string, delay: Millis): void {
    if (delay <= 0) return this.add(key)
    const at = this.#options.clock.now() + delay
    const before = this.#later.get(key)
    if (before !== undefined && before.at <= at) return
    before?.cancel()
    const cancel = this.#options.clock.after(delay, () => {
      this.#later.delete(key)
      this.add(key)
    })
    this.#later.set(key, { at, cancel })
  }

  /** Wants work on `key` again after a failure: each failure in a row waits twice as long. */
  addAfterFailure(key: string): void {
    const failures = (this.#failures.get(key) ?? 0) + 1
    this.#failures.set(key, failures)
    this.addAfter(key, backoff(this.#options.backoff ?? BACKOFF, failures, this.#options.draw))
  }

  /** Forgets the failures of `key`. */
  forgive(key: string): void {
    this.#failures.delete(key)
  }

  /** The next key to work on, when there is one; the caller says `done` when it has worked. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<string> {
    for (;;) {
      signal.throwIfAborted()
      for (const key of this.#waiting) {
        this.#waiting.delete(key)
        this.#working.add(key)
        return key
      }
      await this.#nextAdded(signal)
    }
  }

  /** Work on `key` has ended; if it was added meanwhile it waits again. */
  done(key: string): void {
    this.#working.delete(key)
    if (this.#again.delete(key)) this.add(key)
  }

  /** Cancels everything that waits. */
  clear(): void {
    for (const { cancel } of this.#later.values()) cancel()
    this.#later.clear()
    this.#waiting.clear()
    this.#again.clear()
    this.#failures.clear()
  }

  #nextAdded(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const taker = (): void => {
        signal.removeEventListener('abort', stop)
        resolve()
      }
      const stop = (): void => {
        const at = this.#takers.indexOf(taker)
        if (at >= 0) this.#takers.splice(at, 1)
        reject(signal.reason)
      }
      this.#takers.push(taker)
      signal.addEventListener('abort', stop, { once: true })
    })
  }
}
