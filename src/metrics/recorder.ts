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
  /** What labels of the pod say of its canonical service and revision; absent: app (else workload) and version (else latest). */
  readonly sourceCanonicalService?: string
  readonly sourceCanonicalRevision?: string
  readonly destinationWorkload: string
  readonly destinationNamespace: string
  readonly destinationApp: string
  readonly destinationVersion: string
  readonly destinationCanonicalService?: string
  readonly destinationCanonicalRevision?: string
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
  /** The status of gRPC requests, '' without one; absent for others. */
  readonly grpc?: string
  readonly count: number
  readonly sum: Millis
  readonly buckets: readonly number[]
  /** Bytes of heads and bodies, of the requests that were measured; absent when none was. */
  readonly sizes?: Sizes
}

/** A cell's connections that carried bytes, for one set of flags. */
export interface StreamData {
  readonly flags: string
  readonly opened: number
  readonly closed: number
  /** Bytes to the caller, and from it. */
  readonly sent: number
  readonly received: number
}

/** Sizes of requests and of their answers. */
export interface Sizes {
  readonly request: Spread
  readonly response: Spread
}

/** Values by bucket, not cumulative, and their sum. */
export interface Spread {
  readonly sum: number
  readonly buckets: readonly number[]
}

/** What else is known of a request that is counted. */
export interface Measured {
  readonly grpc: string | undefined
  readonly requestBytes: number
  readonly responseBytes: number
}

/** A cell as plain data. */
export interface CellData {
  readonly labels: CellLabels
  readonly counts: readonly CountData[]
  /** Absent where there were none. */
  readonly streams?: readonly StreamData[]
  /** Answers that were given a cookie by a route; absent where none was. */
  readonly cookies?: number
}

/** Values by bucket. Owned by its count. */
class Histogram {
  sum = 0
  readonly buckets = new Float64Array(BUCKET_COUNT)

  add(value: number): void {
    this.sum += value
    const bucket = bucketOf(value)
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1
  }

  data(): Spread {
    return { sum: this.sum, buckets: [...this.buckets] }
  }
}

/** Counts of one code, flags and status of gRPC. Owned by its cell. */
export class Count {
  readonly code: number
  readonly flags: string
  readonly grpc: string | undefined
  sizes: { readonly request: Histogram; readonly response: Histogram } | undefined
  count = 0
  sum = 0
  readonly buckets = new Float64Array(BUCKET_COUNT)

  constructor(code: number, flags: string, grpc: string | undefined) {
    this.code = code
    this.flags = flags
    this.grpc = grpc
  }

  data(): CountData {
    const { code, flags, grpc, count, sum, buckets, sizes } = this
    return {
      code,
      flags,
      ...(grpc === undefined ? {} : { grpc }),
      count,
      sum,
      buckets: [...buckets],
      ...(sizes === undefined ? {} : { sizes: { request: sizes.request.data(), response: sizes.response.data() } })
    }
  }
}

const CODES = 600

/** All counts between two peers for one reporter. */
export class Cell {
  readonly labels: CellLabels
  // Told of the first request after its counts were taken; undefined until they are taken again.
  #onChange: ((cell: Cell) => void) | undefined
  readonly #changed: ((cell: Cell) => void) | undefined
  // Requests without flags, by code: the common case is one array read.
  readonly #plain: (Count | undefined)[] = Array.from({ length: CODES })
  readonly #flagged: Count[] = []
  #cookies = 0
  #streams: { -readonly [Field in keyof StreamData]: StreamData[Field] }[] | undefined

  constructor(labels: CellLabels, onChange?: (cell: Cell) => void) {
    this.labels = labels
    this.#changed = onChange
    this.#onChange = onChange
  }

  /** Its counts were taken: it tells of the next request again. */
  rearm(): void {
    this.#onChange = this.#changed
  }

  /** Counts one request. `code` 0 means no response; `flags` is `-` for none; `ms` from the request's start to its end. */
  record(code: number, flags: string, ms: Millis, measured?: Measured): void {
    if (this.#onChange !== undefined) this.#tell(this.#onChange)
    const count = this.#countOf(code, flags, measured?.grpc)
    count.count += 1
    count.sum += ms
    const bucket = bucketOf(ms)
    count.buckets[bucket] = (count.buckets[bucket] ?? 0) + 1
    if (measured === undefined) return
    count.sizes ??= { request: new Histogram(), response: new Histogram() }
    count.sizes.request.add(measured.requestBytes)
    count.sizes.response.add(measured.responseBytes)
  }

  /** A route gave the answer a cookie. */
  giveCookie(): void {
    if (this.#onChange !== undefined) this.#tell(this.#onChange)
    this.#cookies += 1
  }

  /** Adds to what is counted of connections that carry bytes. */
  addStream(flags: string, more: Partial<Omit<StreamData, 'flags'>>): void {
    if (this.#onChange !== undefined) this.#tell(this.#onChange)
    const streams = (this.#streams ??= [])
    let count = streams.find((known) => known.flags === flags)
    if (count === undefined) streams.push((count = { flags, opened: 0, closed: 0, sent: 0, received: 0 }))
    count.opened += more.opened ?? 0
    count.closed += more.closed ?? 0
    count.sent += more.sent ?? 0
    count.received += more.received ?? 0
  }

  /** The counts so far, copied. */
  data(): CellData {
    const counts = [...this.#plain.filter((count) => count !== undefined), ...this.#flagged]
    const cookies = this.#cookies === 0 ? {} : { cookies: this.#cookies }
    const data = { labels: this.labels, counts: counts.map((count) => count.data()), ...cookies }
    return this.#streams === undefined ? data : { ...data, streams: this.#streams.map((stream) => ({ ...stream })) }
  }

  #tell(onChange: (cell: Cell) => void): void {
    onChange(this)
    this.#onChange = undefined
  }

  #countOf(code: number, flags: string, grpc: string | undefined): Count {
    if (flags === '-' && grpc === undefined && code >= 0 && code < CODES) {
      const known = this.#plain[code]
      if (known !== undefined) return known
      const fresh = new Count(code, flags, grpc)
      this.#plain[code] = fresh
      return fresh
    }
    for (const known of this.#flagged) if (known.code === code && known.flags === flags && known.grpc === grpc) return known
    const fresh = new Count(code, flags, grpc)
    this.#flagged.push(fresh)
    return fresh
  }
}

/** All cells of one worker, and how often it came to a bound. Ask for a cell once per pair of peers and keep it; asking again gives the same one. */
export class Recorder {
  /** What belongs to no pair of peers and to no cluster. */
  readonly counters = new Counters()
  /** Called when something has changed for the first time since the changes were taken. */
  onChange: () => void = () => undefined
  readonly #cells = new Map<string, Cell>()
  readonly #reached = new Map<string, number>()
  #changed: Cell[] = []

  cell(labels: CellLabels): Cell {
    const key = cellKey(labels)
    const known = this.#cells.get(key)
    if (known !== undefined) return known
    const fresh = new Cell(labels, (cell) => {
      if (this.#changed.length === 0) this.onChange()
      this.#changed.push(cell)
    })
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

  /** Whether there is a cell to take. */
  get hasChanged(): boolean {
    return this.#changed.length > 0
  }

  /** The cells that have counted something since they were taken last: cumulative, too. */
  takeChanged(): CellData[] {
    const changed = this.#changed
    this.#changed = []
    for (const cell of changed) cell.rearm()
    return changed.map((cell) => cell.data())
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
    labels.sourceCanonicalService,
    labels.sourceCanonicalRevision,
    labels.destinationWorkload,
    labels.destinationNamespace,
    labels.destinationApp,
    labels.destinationVersion,
    labels.destinationCanonicalService,
    labels.destinationCanonicalRevision,
    labels.destinationService,
    labels.destinationServiceName,
    labels.destinationServiceNamespace
  ].join('\u0000')
}
