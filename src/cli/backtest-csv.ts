// The history of a workload's pods out of a CSV file, read in batches: a row is what a pod's counters were at an instant.

import { createInterface } from 'node:readline'
import { type Column, PodTraffic, type PodSeries } from '../sim/pod-traffic.ts'
import type { Millis } from '../std/clock.ts'
import { parseInstant } from '../std/instant.ts'
import { inputStream } from './input-stream.ts'

/** What is wrong with the file, with its line. */
export class CsvProblem extends Error {
  override readonly name = 'CsvProblem'
}

const BATCH = 20_000
const LINE_MOST = 10_000
const SHORTEST_LOOK: Millis = 1_000

interface Header {
  /** By position in a row. */
  readonly time: number
  readonly pod: number
  readonly counters: readonly { readonly at: number; readonly name: string; readonly into: readonly Column[] }[]
  readonly edges: readonly Millis[]
}

interface Row {
  readonly at: Millis
  readonly pod: string
  readonly values: readonly number[]
}

/**
 * Reads the file: `time,pod,requests,failures` and as many `le_MS` (requests not slower) as there are edges; counters are cumulative, rows of
 * a pod in the order of time. `look` undefined: as far apart as the first rows of a pod are. Rejects with `CsvProblem`, `TooMuchTraffic`, or what
 * reading a file fails with, or the signal's reason.
 */
export async function readCsv(file: string, look: Millis | undefined, signal: AbortSignal): Promise<PodTraffic> {
  const input = await inputStream(file)
  try {
    const reading = new Reading(file, look)
    for await (const line of createInterface({ input, crlfDelay: Infinity, signal })) {
      signal.throwIfAborted()
      reading.take(line)
    }
    // Its end may be the signal's.
    signal.throwIfAborted()
    return reading.end()
  } finally {
    input.destroy()
  }
}

// Owns what was read so far.
class Reading {
  readonly #file: string
  readonly #look: Millis | undefined
  readonly #latest = new Map<string, Millis>()
  #line = 0
  #start: Millis | undefined
  #header: Header | undefined
  #traffic: PodTraffic | undefined
  #rows: Row[] = []

  constructor(file: string, look: Millis | undefined) {
    this.#file = file
    this.#look = look
  }

  take(line: string): void {
    this.#line += 1
    if (line.trim() === '' || line.startsWith('#')) return
    const wrong: Wrong = (text) => new CsvProblem(`${this.#file}:${this.#line}: ${text}`)
    if (line.length > LINE_MOST) throw wrong(`the line is longer than ${LINE_MOST} characters`)
    if (this.#header === undefined) {
      this.#header = headerOf(line, wrong)
      return
    }
    const row = rowOf(line, this.#header, wrong)
    this.#start ??= row.at
    if (row.at <= (this.#latest.get(row.pod) ?? -Infinity)) throw wrong(`pod ${row.pod} has a row that is not later than the one before`)
    if (row.at < this.#start) throw wrong('its time is before that of the first row: sort the rows by time')
    this.#latest.set(row.pod, row.at)
    this.#rows.push(row)
    if (this.#rows.length >= BATCH) this.#flush(this.#header)
  }

  end(): PodTraffic {
    if (this.#header === undefined) throw new CsvProblem(`${this.#file} has no header: time,pod,requests,failures`)
    const traffic = this.#flush(this.#header)
    if (traffic === undefined) throw new CsvProblem(`${this.#file} has no row`)
    return traffic
  }

  #flush(header: Header): PodTraffic | undefined {
    if (this.#start === undefined) return undefined
    // By the first batch, where nobody says.
    this.#traffic ??= new PodTraffic({ start: this.#start, look: this.#look ?? distanceOf(this.#rows), edges: header.edges })
    this.#traffic.add(seriesOf(this.#rows, header))
    this.#rows = []
    return this.#traffic
  }
}

type Wrong = (text: string) => CsvProblem

// The usual distance of a pod's rows; Prometheus' usual one where no pod has two.
function distanceOf(rows: readonly Row[]): Millis {
  const distances = [...Map.groupBy(rows, ({ pod }) => pod).values()]
    .flatMap((own) => own.slice(1).map(({ at }, index) => at - (own[index]?.at ?? at)))
    .toSorted((one, other) => one - other)
  return Math.max(SHORTEST_LOOK, distances[Math.floor(distances.length / 2)] ?? 15_000)
}

function headerOf(line: string, wrong: Wrong): Header {
  const names = cellsOf(line.replace(/^\uFEFF/, ''))
  const at = (name: string): number => {
    const index = names.indexOf(name)
    if (index < 0) throw wrong(`the header has no column ${name}; it must have time, pod, requests and failures`)
    return index
  }
  const [time, pod, requests, failures] = [at('time'), at('pod'), at('requests'), at('failures')]
  const edges = names
    .flatMap((name, index) => {
      const [, edge] = /^le_(\d+(?:\.\d+)?)$/.exec(name) ?? []
      return edge === undefined ? [] : [{ at: index, edge: Number(edge) }]
    })
    .toSorted((one, other) => one.edge - other.edge)
  const others = names.filter(
    (name, index) => ![time, pod, requests, failures, ...edges.map((each) => each.at)].includes(index) && name !== ''
  )
  if (others.length > 0) throw wrong(`column ${JSON.stringify(others[0])} is none of time, pod, requests, failures, le_MS`)
  return {
    time,
    pod,
    counters: [
      { at: requests, name: 'requests', into: edges.length === 0 ? ['requests'] : ['requests', 'timed'] },
      { at: failures, name: 'failures', into: ['failures'] },
      ...edges.map((each, index) => ({ at: each.at, name: `le_${each.edge}`, into: [index] }))
    ],
    edges: edges.map(({ edge }) => edge)
  }
}

function rowOf(line: string, { time, pod, counters }: Header, wrong: Wrong): Row {
  const cells = cellsOf(line)
  const instant = instantOf(cells[time] ?? '')
  if (instant === undefined)
    throw wrong(`time ${JSON.stringify(cells[time] ?? '')} is neither seconds since 1970 nor like 2026-11-22T10:00:00Z`)
  const name = cells[pod] ?? ''
  if (name === '') throw wrong('the pod has no name')
  const values = counters.map((counter) => {
    const text = cells[counter.at] ?? ''
    const value = Number(text)
    if (text === '' || !Number.isFinite(value) || value < 0) throw wrong(`${counter.name} ${JSON.stringify(text)} is no count`)
    return value
  })
  return { at: instant, pod: name, values }
}

function seriesOf(rows: readonly Row[], { counters }: Header): readonly PodSeries[] {
  const byPod = Map.groupBy(rows, ({ pod }) => pod)
  return [...byPod].flatMap(([pod, own]) =>
    counters.map(({ name, into }, index) => ({
      pod,
      key: name,
      into,
      points: own.map(({ at, values }) => ({ at, value: values[index] ?? 0 }))
    }))
  )
}

function instantOf(text: string): Millis | undefined {
  return /^\d+(\.\d+)?$/.test(text) ? Math.round(Number(text) * 1000) : parseInstant(text)
}

// Quotes are taken off; none of the values has a comma in it.
function cellsOf(line: string): readonly string[] {
  return line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'))
}
