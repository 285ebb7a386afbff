// The access log of one data plane: a line for each request and place it passed, in a bounded buffer that is emptied in chunks. When it is
// full, lines are left out and counted; nothing ever waits for it.

import type { RouteRef } from '../route/decision.ts'
import { lineFormat } from './access-format.ts'
import type { LineFormat, LogFormat } from './access-format.ts'
import type { Clocks } from './clocks.ts'
import { KnownFacts } from './known-facts.ts'
import type { Known } from './known-facts.ts'
import { LogBytes } from './log-bytes.ts'
import type { LogChunk } from './log-bytes.ts'

/** What is logged, as plain data. */
export interface AccessLogSpec extends LogFormat {
  /** `chosen`: only requests of routes that ask for it. */
  readonly routes: 'all' | 'chosen'
}

/** Owns the buffer. */
export class AccessLog {
  /** Told of the first line that waits, and of every line while a chunk is as full as it gets. */
  onLines: (full: boolean) => void = () => undefined
  readonly #format: LineFormat
  readonly #all: boolean
  readonly #facts: KnownFacts
  readonly #bytesMax: number
  readonly #onFull: () => void
  readonly #lines = new LogBytes()

  constructor(spec: AccessLogSpec, bounds: { readonly clocks: Clocks; readonly bytesMax: number; readonly onFull: () => void }) {
    const format = lineFormat(spec)
    // The command line was checked.
    if ('problem' in format) throw new Error(`access log: ${format.problem}`)
    this.#format = format
    this.#all = spec.routes === 'all'
    this.#facts = new KnownFacts(bounds.clocks)
    this.#bytesMax = bounds.bytesMax
    this.#onFull = bounds.onFull
  }

  /** Lines show headers of answers: their heads are to be kept. */
  get asks(): boolean {
    return this.#format.asks
  }

  /** Whether requests of a route have lines; undefined: there is no route. */
  wants(route: RouteRef | undefined): boolean {
    return route?.log === undefined ? this.#all : route.log === 'on'
  }

  /** Writes a line, or counts one that finds no room. */
  write(pod: string, known: Known): void {
    const lines = this.#lines
    const { waiting } = lines
    if (waiting >= this.#bytesMax) return this.#onFull()
    lines.begin(pod)
    this.#format.write(this.#facts.of(known), lines)
    lines.end()
    if (waiting === 0 || lines.isFull) this.onLines(lines.isFull)
  }

  /** Bytes of lines that nobody has taken. */
  get waiting(): number {
    return this.#lines.waiting
  }

  /** A chunk is as full as it gets. */
  get isFull(): boolean {
    return this.#lines.isFull
  }

  /** The oldest lines, as log-frames.ts reads them; they are forgotten here. */
  take(): LogChunk | undefined {
    return this.#lines.take()
  }

  /** Gives back what was taken, to be written again. */
  free(chunk: LogChunk): void {
    this.#lines.free(chunk)
  }
}
