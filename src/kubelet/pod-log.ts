// The last lines of a container's output, in memory, for `kubectl logs`: bounded, with times, and followed by any number of readers.

import type { Clock, Millis } from '../std/clock.ts'
import { formatInstant, parseInstant } from '../std/instant.ts'
import type { LogRequest } from '../kube/pod-access.ts'

/** How much is kept. */
export interface LogBounds {
  readonly linesMax: number
  readonly charsMax: number
}

const BOUNDS: LogBounds = { linesMax: 20_000, charsMax: 8_000_000 }

interface Line {
  readonly at: Millis
  readonly text: string
}

/** One run of a container. Owns its lines and the readers that wait for more. */
export class PodLog {
  readonly #clock: Clock
  readonly #bounds: LogBounds
  #lines: Line[] = []
  // Number of the first line kept: readers hold line numbers, which survive the ring's turning.
  #first = 0
  #chars = 0
  #closed = false
  #waiters = new Set<() => void>()

  constructor(clock: Clock, bounds: LogBounds = BOUNDS) {
    this.#clock = clock
    this.#bounds = bounds
  }

  append(text: string): void {
    this.#lines.push({ at: this.#clock.now(), text })
    this.#chars += text.length
    if (this.#lines.length > this.#bounds.linesMax || this.#chars > this.#bounds.charsMax) this.#drop()
    this.#wake()
  }

  /** No more lines will come: followers end. */
  close(): void {
    this.#closed = true
    this.#wake()
  }

  /** The lines asked for as bytes, then, when following, every later one until the log closes or the signal ends it. */
  async *read(options: LogRequest): AsyncGenerator<Uint8Array> {
    const encoder = new TextEncoder()
    let left = options.limitBytes ?? Number.POSITIVE_INFINITY
    let next = this.#start(options)
    while (left > 0 && !options.signal.aborted) {
      const lines = this.#lines.slice(Math.max(0, next - this.#first))
      next = this.#first + this.#lines.length
      if (lines.length > 0) {
        const text = lines.map((line) => `${options.timestamps ? `${stamp(line.at)} ` : ''}${line.text}\n`).join('')
        const bytes = encoder.encode(text).subarray(0, left)
        left -= bytes.length
        yield bytes
        continue
      }
      if (!options.follow || this.#closed) return
      await this.#more(options.signal)
    }
  }

  #start({ tailLines, sinceSeconds, sinceTime }: LogRequest): number {
    const since = sinceSeconds === undefined ? parseInstant(sinceTime) : this.#clock.now() - sinceSeconds * 1000
    const found = since === undefined ? 0 : this.#lines.findIndex(({ at }) => at >= since)
    const from = found < 0 ? this.#lines.length : found
    return this.#first + Math.max(from, tailLines === undefined ? 0 : this.#lines.length - tailLines)
  }

  // A quarter at a time, so that a chatty program costs no array shift per line.
  #drop(): void {
    const gone = this.#lines.splice(0, Math.ceil(this.#lines.length / 4))
    this.#first += gone.length
    this.#chars -= gone.reduce((sum, line) => sum + line.text.length, 0)
  }

  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiters.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#waiters.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }

  #wake(): void {
    const waiters = this.#waiters
    this.#waiters = new Set()
    for (const wake of waiters) wake()
  }
}

function stamp(at: Millis): string {
  return formatInstant(at).replace('Z', `.${String(Math.floor(at % 1000)).padStart(3, '0')}000000Z`)
}
