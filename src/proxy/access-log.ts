// The access log of one data plane: a line for each request and place it passed, in a bounded buffer that is emptied in batches. When it is
// full, lines are left out and counted; nothing ever waits for it.

import type { RouteRef } from '../route/decision.ts'
import { lineFormat } from './access-format.ts'
import type { LineFormat, LogFormat } from './access-format.ts'
import type { Clocks } from './clocks.ts'
import { KnownFacts } from './known-facts.ts'
import type { Known } from './known-facts.ts'

/** What is logged, as plain data. */
export interface AccessLogSpec extends LogFormat {
  /** `chosen`: only requests of routes that ask for it. */
  readonly routes: 'all' | 'chosen'
}

/** A line, without its end, and whose it is: `namespace/pod`, '' for proxies that are no pod's. */
export type LogLine = readonly [pod: string, text: string]

/** Lines of one batch, so that a message to the control process stays small. */
const BATCH_MAX = 1000

/** Owns the buffer. */
export class AccessLog {
  readonly #format: LineFormat
  readonly #all: boolean
  readonly #clocks: Clocks
  readonly #bytesMax: number
  readonly #onFull: () => void
  #lines: LogLine[] = []
  #bytes = 0

  constructor(spec: AccessLogSpec, bounds: { readonly clocks: Clocks; readonly bytesMax: number; readonly onFull: () => void }) {
    const format = lineFormat(spec)
    // The command line was checked.
    if ('problem' in format) throw new Error(`access log: ${format.problem}`)
    this.#format = format
    this.#all = spec.routes === 'all'
    this.#clocks = bounds.clocks
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
    if (this.#bytes >= this.#bytesMax) return this.#onFull()
    const text = this.#format.line(new KnownFacts(this.#clocks, known))
    // As long in UTF-8 as it is: it is ASCII, and says the same either way.
    this.#lines.push([pod, Buffer.byteLength(text) === text.length ? text : Buffer.from(text, 'latin1').toString()])
    this.#bytes += text.length
  }

  /** The oldest lines, which are forgotten here. */
  take(): readonly LogLine[] {
    const taken = this.#lines.length <= BATCH_MAX ? this.#lines : this.#lines.slice(0, BATCH_MAX)
    this.#lines = this.#lines.length <= BATCH_MAX ? [] : this.#lines.slice(BATCH_MAX)
    for (const [, text] of taken) this.#bytes -= text.length
    if (this.#lines.length === 0) this.#bytes = 0
    return taken
  }
}
