// Work that nobody waits for, in order per receiver: a receiver that is slow delays its own work only, and of what piles up the oldest is
// dropped. Owns what is queued; all of it is lost with the process.

/** A piece of work. It rejects only with the signal's reason. */
export type Job = (signal: AbortSignal) => Promise<void>

interface Lane {
  readonly waiting: Job[]
  dropped: number
}

/** Longest queue of one receiver, where nothing else is said. */
export const LANE_MAX = 32

/** Serial queues by key. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>()
  readonly #onDrop: (key: string, count: number) => void
  readonly #most: number
  readonly #failed = Promise.withResolvers<never>()
  #cutOff = 0
  #idle = Promise.withResolvers<void>()

  /** `onDrop` is told of each piece that a queue loses, with how many it has lost since it was empty; `most`: longest queue of one receiver. */
  constructor(onDrop: (key: string, count: number) => void, most: number = LANE_MAX) {
    this.#onDrop = onDrop
    this.#most = most
    // A bug may come before anyone waits for it.
    this.#failed.promise.catch(() => undefined)
  }

  /** Rejects when work failed for another reason than the signal: a bug. */
  get failed(): Promise<never> {
    return this.#failed.promise
  }

  /** Resolves once nothing is queued or under way, with how many pieces a signal has left undone since it was last asked. */
  async idle(): Promise<number> {
    while (this.#lanes.size > 0) await this.#idle.promise
    const cutOff = this.#cutOff
    this.#cutOff = 0
    return cutOff
  }

  /** Queues work for a receiver; returns at once. */
  push(key: string, job: Job, signal: AbortSignal): void {
    if (signal.aborted) return void this.#cutOff++
    const lane = this.#lanes.get(key)
    if (lane === undefined) {
      const made: Lane = { waiting: [job], dropped: 0 }
      this.#lanes.set(key, made)
      this.#drain(key, made, signal).catch((error: unknown) => {
        if (signal.aborted) this.#cutOff += 1 + made.waiting.length
        else this.#failed.reject(error)
        this.#end(key)
      })
      return
    }
    lane.waiting.push(job)
    if (lane.waiting.length <= this.#most) return
    lane.waiting.shift()
    this.#onDrop(key, ++lane.dropped)
  }

  async #drain(key: string, lane: Lane, signal: AbortSignal): Promise<void> {
    for (let job = lane.waiting.shift(); job !== undefined; job = lane.waiting.shift()) {
      if (signal.aborted) {
        this.#cutOff += 1 + lane.waiting.length
        break
      }
      await job(signal)
    }
    this.#end(key)
  }

  #end(key: string): void {
    this.#lanes.delete(key)
    if (this.#lanes.size > 0) return
    this.#idle.resolve()
    this.#idle = Promise.withResolvers<void>()
  }
}
