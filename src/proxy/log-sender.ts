// Takes the lines of an access log to the control process: a chunk at a time, as soon as one is full, others a tenth of a second after their
// first line. While the control process does not read, lines stay in their bounded buffer.

import type { Writable } from 'node:stream'
import type { Clock, Millis } from '../std/clock.ts'
import type { AccessLog } from './access-log.ts'

const LOG_PERIOD: Millis = 100

/** Owns the stream. */
export class LogSender {
  readonly #log: AccessLog
  readonly #clock: Clock
  readonly #to: Writable
  #sending: Promise<void> | undefined
  #due = false

  constructor(log: AccessLog, clock: Clock, to: Writable) {
    this.#log = log
    this.#clock = clock
    this.#to = to
    // Nobody reads any more: the control process is gone, and this one soon is.
    to.on('error', () => undefined)
    log.onLines = (full) => (full ? this.#begin() : this.#later())
  }

  /** Resolves when all lines that wait have left, or nobody takes them. */
  async flush(): Promise<void> {
    while (this.#log.waiting > 0 || this.#sending !== undefined) {
      this.#begin()
      await this.#sending
    }
  }

  #later(): void {
    if (this.#due) return
    this.#due = true
    this.#clock.after(LOG_PERIOD, () => {
      this.#due = false
      this.#begin()
    })
  }

  // One chunk is on its way at a time.
  #begin(): void {
    this.#sending ??= this.#send().finally(() => (this.#sending = undefined))
  }

  async #send(): Promise<void> {
    const log = this.#log
    let chunk = log.take()
    // Those that are not full wait for their time, or for who flushes.
    while (chunk !== undefined) {
      const { bytes, length } = chunk
      await new Promise<void>((sent) => this.#to.write(bytes.subarray(0, length), () => sent()))
      log.free(chunk)
      chunk = log.isFull ? log.take() : undefined
    }
    if (log.waiting > 0) this.#later()
  }
}
