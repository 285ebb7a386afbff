// Brings Events to the API while nobody waits: in the order in which they happened for each object, with a few tries, and with the time at
// which they happened. An API that hangs holds up no rollout; what it does not take in the end is counted and said.

import type { KubeObject } from '../api/object.ts'
import { type Clock, type Millis, wait } from '../std/clock.ts'
import { printable } from '../std/printable.ts'
import { Lanes } from './lanes.ts'
import type { EventSink } from './rollout-ports.ts'

/** An Event that waits to be written. */
export interface Happened {
  readonly about: KubeObject
  readonly type: 'Normal' | 'Warning'
  readonly message: string
  readonly at: Millis
}

/** Writes one Event: undefined when it is written, else why not. Rejects only with the signal's reason. */
export type WriteEvent = (
  happened: Happened,
  signal: AbortSignal
) => Promise<{ readonly because: string; readonly mayPass: boolean } | undefined>

/** What the post is made of. */
export interface EventPostOptions {
  readonly clock: Clock
  readonly write: WriteEvent
  readonly log: (line: string) => void
}

/** Requests under way at once; the Events of one object are always in the same queue. */
export const QUEUES = 16
/** Longest queue: as many as some hundred rollouts tell of within a minute. */
export const QUEUE_MAX = 1024
/** Pauses before the second and third try. */
const PAUSES: readonly Millis[] = [1000, 5000]

/** Posts Events. Owns what is queued, and how many of each queue were lost since the API last took one of it. */
export class EventPost implements EventSink {
  readonly #options: EventPostOptions
  readonly #lanes: Lanes
  readonly #lost = new Map<string, number>()

  constructor(options: EventPostOptions) {
    this.#options = { ...options, log: (line) => options.log(printable(line)) }
    this.#lanes = new Lanes((queue) => this.#lose(queue, 'they come faster than the API takes them'), QUEUE_MAX)
  }

  /** Rejects for a bug. */
  get failed(): Promise<never> {
    return this.#lanes.failed
  }

  /** Resolves once all Events are written or given up; how many are lost that nobody has been told of is said then. */
  async idle(): Promise<void> {
    const cutOff = await this.#lanes.idle()
    const lost = [...this.#lost.values()].reduce((sum, each) => sum + each, cutOff)
    this.#lost.clear()
    if (lost > 0) this.#options.log(`Events that the API has not taken are lost: ${lost}`)
  }

  record(about: KubeObject, type: Happened['type'], message: string, signal: AbortSignal): void {
    const happened: Happened = { about, type, message, at: this.#options.clock.now() }
    const queue = queueOf(about)
    this.#lanes.push(
      queue,
      async (stop) => {
        const failure = await this.#deliver(happened, stop)
        if (failure === undefined) this.#taken(queue)
        else this.#lose(queue, failure)
      },
      signal
    )
  }

  /** Why it is not taken in the end. */
  async #deliver(happened: Happened, signal: AbortSignal): Promise<string | undefined> {
    for (let attempt = 0; ; attempt++) {
      const failure = await this.#options.write(happened, signal)
      if (failure === undefined) return undefined
      const pause = PAUSES[attempt]
      if (pause === undefined || !failure.mayPass) return failure.because
      await wait(this.#options.clock, pause, signal)
    }
  }

  #lose(queue: string, because: string): void {
    const lost = (this.#lost.get(queue) ?? 0) + 1
    this.#lost.set(queue, lost)
    if (lost === 1) this.#options.log(`an Event is lost, and further ones may be: ${because}`)
  }

  #taken(queue: string): void {
    const lost = this.#lost.get(queue)
    if (lost !== undefined) this.#options.log(`the API takes Events again; lost meanwhile: ${lost}`)
    this.#lost.delete(queue)
  }
}

function queueOf({ metadata }: KubeObject): string {
  let sum = 0
  for (const letter of `${metadata.namespace}/${metadata.name}`) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % QUEUES
  return String(sum)
}
