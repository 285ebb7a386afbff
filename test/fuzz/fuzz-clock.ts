// Time that moves only when told, alarm by alarm, so that what each leads to is over before the next.

import type { Clock, Millis } from '../../src/std/clock.ts'

interface Alarm {
  readonly at: Millis
  readonly wake: () => void
}

/** Owns the alarms of one run. */
export class FuzzClock implements Clock {
  #now: Millis = 1_000_000
  readonly #alarms = new Set<Alarm>()

  now(): Millis {
    return this.#now
  }

  /** Alarms that are set. */
  get size(): number {
    return this.#alarms.size
  }

  after(delay: Millis, wake: () => void): () => void {
    const alarm = { at: this.#now + Math.max(0, delay), wake }
    this.#alarms.add(alarm)
    return () => this.#alarms.delete(alarm)
  }

  /** Moves by so much; `settled` is awaited after each alarm. */
  async move(by: Millis, settled: (wake: () => void) => Promise<void>): Promise<void> {
    const end = this.#now + by
    for (let alarm = this.#first(end); alarm !== undefined; alarm = this.#first(end)) {
      this.#alarms.delete(alarm)
      this.#now = Math.max(this.#now, alarm.at)
      await settled(alarm.wake)
    }
    this.#now = end
  }

  #first(until: Millis): Alarm | undefined {
    let first: Alarm | undefined
    for (const alarm of this.#alarms) if (alarm.at <= until && (first === undefined || alarm.at < first.at)) first = alarm
    return first
  }
}
