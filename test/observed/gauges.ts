// What the plane itself tells during an entry: the lines of its access log, Envoy's counters, and which endpoints its clusters leave out.

import { CLUSTER_COUNTERS } from '../../src/route/cluster-stats.ts'
import { clusterValues } from '../../src/route/cluster-values.ts'
import type { AccessLogSpec } from '../../src/proxy/access-log.ts'
import type { DataPlane } from '../../src/proxy/data-plane.ts'
import type { SeenEvent } from './case-file.ts'

/** What was told during one entry. */
export interface Told {
  /** The log's lines about callers' requests, in order of their ends. */
  readonly lines: readonly Line[]
  readonly stats: Readonly<Record<string, number>>
  readonly events: readonly SeenEvent[]
}

/** A line of the access log. */
export interface Line {
  /** The request's number; NaN for one that could not be read. */
  readonly tag: number
  readonly flags: string
  readonly details: string
  readonly routeName: string
}

/** What the log of a replayed plane is to say. */
export const LOG: AccessLogSpec = {
  encoding: 'text',
  routes: 'all',
  format: '%REQ(X-REPLAY-REQUEST)%\t%RESPONSE_FLAGS%\t%RESPONSE_CODE_DETAILS%\t%ROUTE_NAME%'
}

type Counts = Readonly<Record<string, number>>

const COUNTERS: ReadonlySet<string> = new Set(CLUSTER_COUNTERS)

/** Reads a plane before and after each entry. */
export class Gauges {
  readonly #plane: DataPlane
  readonly #events: SeenEvent[] = []
  #valuesBefore: Counts = {}

  constructor(plane: DataPlane) {
    this.#plane = plane
  }

  /** An endpoint was left out or came back. */
  note(event: SeenEvent): void {
    this.#events.push(event)
  }

  begin(): void {
    this.#plane.takeLog()
    this.#valuesBefore = this.#values()
  }

  end(): Told {
    const values = this.#values()
    const grown = growth(this.#valuesBefore, values)
    const stats = Object.entries(values).map(([name, value]) => [name, isCounter(name) ? (grown[name] ?? 0) : value])
    // What happened in the pause before an entry belongs to it.
    const events = this.#events.splice(0)
    return { lines: linesOf(this.#plane), stats: Object.fromEntries(stats), events }
  }

  #values(): Record<string, number> {
    const values = this.#plane.recorder.counters.snapshot()
    for (const [id, state] of this.#plane.clusters) {
      for (const [name, value] of clusterValues(state)) values[`cluster.${id}.${name}`] = value
    }
    return values
  }
}

// Lines of the called pods' own side are not the caller's.
function linesOf(plane: DataPlane): Line[] {
  const lines: Line[] = []
  for (let batch = plane.takeLog(); batch.length > 0; batch = plane.takeLog()) {
    for (const [pod, text] of batch) {
      const [tag = '', flags = '', details = '', routeName = ''] = text.split('\t')
      if (pod === '') lines.push({ tag: Number.parseInt(tag), flags, details, routeName })
    }
  }
  return lines
}

function growth(before: Counts, after: Counts): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]))
}

// What belongs to no cluster is counted by filters.
function isCounter(name: string): boolean {
  return !name.startsWith('cluster.') || COUNTERS.has(shortName(name))
}

// The name below the cluster's: hosts have dots, names of statistics begin behind the last bar and host.
function shortName(name: string): string {
  const found = [...COUNTERS].find((counter) => name.endsWith(`.${counter}`))
  return found ?? name
}
