// Work that nobody waits for, in order per receiver: a receiver that is slow delays its own work only, and of what piles up the oldest is
// dropped. Owns what is queued; all of it is lost with the process.

/** A piece of work. It rejects only with the signal's reason. */
export type Job = (signal: AbortSignal) => Promise<void>

interface Lane {
  readonly waiting: Job[]
  dropped: boolean
}

/** Longest queue of one receiver. */
export const LANE_MAX = 32

/** Serial queues by key. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>()
  readonly #onDrop: (key: string) => void
  readonly #failed = Promise.withResolvers<never>()

  /** `onDrop` is told once when a queue begins to lose work. */
  constructor(onDrop: (key: string) => void) {
    this.#onDrop = onDrop
    // A bug may come before anyone waits for it.
    this.#failed.promise.catch(() => undefined)
  }

  /** Rejects when work failed for another reason than the signal: a bug. */
  get failed(): Promise<never> {
    return this.#failed.promise
  }

  /** Queues work for a receiver; returns at once. */
  push(key: string, job: Job, signal: AbortSignal): void {
    if (signal.aborted) return
    const lane = this.#lanes.get(key)
    if (lane === undefined) {
      const made: Lane = { waiting: [job], dropped: false }
      this.#lanes.set(key, made)
      this.#drain(key, made, signal).catch((error: unknown) => {
        this.#lanes.delete(key)
        if (!signal.aborted) this.#failed.reject(error)
      })
      return
    }
    lane.waiting.push(job)
    if (lane.waiting.length <= LANE_MAX) return
    lane.waiting.shift()
    if (!lane.dropped) this.#onDrop(key)
    lane.dropped = true
  }

  async #drain(key: string, lane: Lane, signal: AbortSignal): Promise<void> {
    for (let job = lane.waiting.shift(); job !== undefined; job = lane.waiting.shift()) {
      if (signal.aborted) return
      await job(signal)
    }
    this.#lanes.delete(key)
  }
}
