// Time as a value one is handed. The core takes `now`; shells and loops take a Clock. The real one is in host, the virtual one here.

import { assert } from './bug.ts'

/** A duration or an instant (since the Unix epoch), in milliseconds. */
export type Millis = number

/** Where waiting code gets time from. */
export interface Clock {
  /** The wall clock, milliseconds since the epoch. */
  now(): Millis
  /** Calls `wake` once after `delay` (>= 0) unless cancelled. Returns the cancellation, which may be called at any time. */
  after(delay: Millis, wake: () => void): () => void
}

/** Resolves after `delay`; rejects with the signal's reason when it is aborted first. */
export function wait(clock: Clock, delay: Millis, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const stop = (): void => {
      cancel()
      reject(signal.reason)
    }
    const cancel = clock.after(delay, () => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
    signal.addEventListener('abort', stop, { once: true })
  })
}

interface Alarm {
  readonly at: Millis
  readonly order: number
  readonly wake: () => void
}

/** A Clock that moves only when told. Alarms due at the same instant ring in the order they were set. Owns its alarms. */
export class VirtualClock implements Clock {
  #now: Millis
  #order = 0
  #alarms: Alarm[] = []

  constructor(start: Millis = 0) {
    this.#now = start
  }

  now(): Millis {
    return this.#now
  }

  after(delay: Millis, wake: () => void): () => void {
    assert(delay >= 0, `a delay of ${delay} ms`)
    const alarm: Alarm = { at: this.#now + delay, order: this.#order++, wake }
    this.#alarms.push(alarm)
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm)
    }
  }

  /** The instant of the next alarm, undefined when none is set. */
  next(): Millis | undefined {
    return this.#first()?.at
  }

  /** Moves to now + `by`, ringing every alarm due on the way; promise callbacks settle between two alarms. */
  async advance(by: Millis): Promise<void> {
    const end = this.#now + by
    await settle()
    for (let alarm = this.#first(); alarm !== undefined && alarm.at <= end; alarm = this.#first()) {
      this.#alarms = this.#alarms.filter((other) => other !== alarm)
      this.#now = Math.max(this.#now, alarm.at)
      alarm.wake()
      await settle()
    }
    this.#now = end
  }

  #first(): Alarm | undefined {
    let first: Alarm | undefined
    for (const alarm of this.#alarms) {
      if (first === undefined || alarm.at < first.at || (alarm.at === first.at && alarm.order < first.order)) first = alarm
    }
    return first
  }
}

// Enough turns of the microtask queue for a chain of awaits that needs no I/O; bounded so that a livelock shows as a stuck test.
const SETTLE_TURNS = 100

async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURNS; turn++) await Promise.resolve()
}
