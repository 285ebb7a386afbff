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

/** Posts Events. Owns what is queued, and how many were lost since the API last took one. */
export class EventPost implements EventSink {
  readonly #options: EventPostOptions
  readonly #lanes: Lanes
  #lost = 0

  constructor(options: EventPostOptions) {
    this.#options = { ...options, log: (line) => options.log(printable(line)) }
    this.#lanes = new Lanes(() => this.#lose('they come faster than the API takes them'), QUEUE_MAX)
  }

  /** Rejects for a bug. */
  get failed(): Promise<never> {
    return this.#lanes.failed
  }

  /** Resolves once all Events are written or given up. */
  idle(): Promise<void> {
    return this.#lanes.idle()
  }

  record(about: KubeObject, type: Happened['type'], message: string, signal: AbortSignal): void {
    const happened: Happened = { about, type, message, at: this.#options.clock.now() }
    this.#lanes.push(queueOf(about), (stop) => this.#deliver(happened, stop), signal)
  }

  async #deliver(happened: Happened, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const failure = await this.#options.write(happened, signal)
      if (failure === undefined) return this.#taken()
      const pause = PAUSES[attempt]
      if (pause === undefined || !failure.mayPass) return this.#lose(failure.because)
      await wait(this.#options.clock, pause, signal)
    }
  }

  #lose(because: string): void {
    if (this.#lost++ === 0) this.#options.log(`an Event is lost, and further ones may be: ${because}`)
  }

  #taken(): void {
    if (this.#lost > 0) this.#options.log(`the API takes Events again; lost meanwhile: ${this.#lost}`)
    this.#lost = 0
  }
}

function queueOf({ metadata }: KubeObject): string {
  let sum = 0
  for (const letter of `${metadata.namespace}/${metadata.name}`) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % QUEUES
  return String(sum)
}
