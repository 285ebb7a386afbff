// What a mesh worker counts: one Cell for each pair of peers and reporter, one Count for each code and flags in it. Recording is two
// adds and a bucket; labels become text only when metrics are read. A Recorder owns its cells; counts only grow.

import type { Millis } from '../std/clock.ts'
import { BUCKET_COUNT, bucketOf } from './buckets.ts'
import { Counters } from './counters.ts'

/** Who called whom, as Istio's labels say it (istio.md 6.1). What is unknown is the word `unknown`. */
export interface CellLabels {
  /** source: the caller's proxy, once a request. destination: the called pod's proxy, once a try that reached it. */
  readonly reporter: 'source' | 'destination'
  readonly sourceWorkload: string
  readonly sourceNamespace: string
  readonly sourceApp: string
  readonly sourceVersion: string
  readonly destinationWorkload: string
  readonly destinationNamespace: string
  readonly destinationApp: string
  readonly destinationVersion: string
  /** FQDN of the service, or the Host header where no service is known. */
  readonly destinationService: string
  readonly destinationServiceName: string
  readonly destinationServiceNamespace: string
}

/** A cell's counts for one response code and flags, as plain data; buckets are not cumulative. */
export interface CountData {
  /** 0 when no response was sent. */
  readonly code: number
  /** Envoy's short flags joined by commas, `-` for none. */
  readonly flags: string
  readonly count: number
  readonly sum: Millis
  readonly buckets: readonly number[]
}

/** A cell as plain data. */
export interface CellData {
  readonly labels: CellLabels
  readonly counts: readonly CountData[]
}

/** Counts of one code and flags. Owned by its cell. */
export class Count {
  readonly code: number
  readonly flags: string
  count = 0
  sum = 0
  readonly buckets = new Float64Array(BUCKET_COUNT)

  constructor(code: number, flags: string) {
    this.code = code
    this.flags = flags
  }
}

const CODES = 600

/** All counts between two peers for one reporter. */
export class Cell {
  readonly labels: CellLabels
  // Requests without flags, by code: the common case is one array read.
  readonly #plain: (Count | undefined)[] = Array.from({ length: CODES })
  readonly #flagged: Count[] = []

  constructor(labels: CellLabels) {
    this.labels = labels
  }

  /** Counts one request. `code` 0 means no response; `flags` is `-` for none; `ms` from the request's start to its end. */
  record(code: number, flags: string, ms: Millis): void {
    const count = this.#countOf(code, flags)
    count.count += 1
    count.sum += ms
    const bucket = bucketOf(ms)
    count.buckets[bucket] = (count.buckets[bucket] ?? 0) + 1
  }

  /** The counts so far, copied. */
  data(): CellData {
    const counts = [...this.#plain.filter((count) => count !== undefined), ...this.#flagged]
    return {
      labels: this.labels,
      counts: counts.map((count) => ({
        code: count.code,
        flags: count.flags,
        count: count.count,
        sum: count.sum,
        buckets: [...count.buckets]
      }))
    }
  }

  #countOf(code: number, flags: string): Count {
    if (flags === '-' && code >= 0 && code < CODES) {
      const known = this.#plain[code]
      if (known !== undefined) return known
      const fresh = new Count(code, flags)
      this.#plain[code] = fresh
      return fresh
    }
    for (const known of this.#flagged) if (known.code === code && known.flags === flags) return known
    const fresh = new Count(code, flags)
    this.#flagged.push(fresh)
    return fresh
  }
}

/** All cells of one worker, and how often it came to a bound. Ask for a cell once per pair of peers and keep it; asking again gives the same one. */
export class Recorder {
  /** What belongs to no pair of peers and to no cluster. */
  readonly counters = new Counters()
  readonly #cells = new Map<string, Cell>()
  readonly #reached = new Map<string, number>()

  cell(labels: CellLabels): Cell {
    const key = cellKey(labels)
    const known = this.#cells.get(key)
    if (known !== undefined) return known
    const fresh = new Cell(labels)
    this.#cells.set(key, fresh)
    return fresh
  }

  /** Counts that the bound of this name was reached. */
  reach(limit: string): void {
    this.#reached.set(limit, (this.#reached.get(limit) ?? 0) + 1)
  }

  /** How often each bound was reached so far; those never reached are absent. */
  reached(): Record<string, number> {
    return Object.fromEntries(this.#reached)
  }

  /** Everything counted so far: cumulative, so a lost or repeated snapshot does no harm. */
  snapshot(): CellData[] {
    return [...this.#cells.values()].map((cell) => cell.data())
  }
}

/** The identity of a cell, the same in every worker. */
export function cellKey(labels: CellLabels): string {
  return [
    labels.reporter,
    labels.sourceWorkload,
    labels.sourceNamespace,
    labels.sourceApp,
    labels.sourceVersion,
    labels.destinationWorkload,
    labels.destinationNamespace,
    labels.destinationApp,
    labels.destinationVersion,
    labels.destinationService,
    labels.destinationServiceName,
    labels.destinationServiceNamespace
  ].join('\u0000')
}
