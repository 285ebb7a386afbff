// What the plane itself tells during an entry: response flags from its recorder, Envoy's counters and the ejections of its clusters.

import { CLUSTER_COUNTERS } from '../../src/route/cluster-stats.ts'
import { clusterValues } from '../../src/route/cluster-values.ts'
import type { DataPlane } from '../../src/proxy/data-plane.ts'
import type { SeenEvent } from './case-file.ts'

/** What was told during one entry. */
export interface Told {
  readonly flags: Readonly<Record<string, number>>
  readonly stats: Readonly<Record<string, number>>
  readonly events: readonly SeenEvent[]
}

type Counts = Readonly<Record<string, number>>

const COUNTERS: ReadonlySet<string> = new Set(CLUSTER_COUNTERS)

/** Reads a plane before and after each entry. */
export class Gauges {
  readonly #plane: DataPlane
  readonly #events: SeenEvent[] = []
  #flagsBefore: Counts = {}
  #valuesBefore: Counts = {}

  constructor(plane: DataPlane) {
    this.#plane = plane
  }

  /** An endpoint was left out or came back. */
  note(event: SeenEvent): void {
    this.#events.push(event)
  }

  begin(): void {
    this.#flagsBefore = this.#flags()
    this.#valuesBefore = this.#values()
  }

  end(): Told {
    const flags = Object.entries(growth(this.#flagsBefore, this.#flags()))
    const values = this.#values()
    const grown = growth(this.#valuesBefore, values)
    const stats = Object.entries(values).map(([name, value]) => [name, isCounter(name) ? (grown[name] ?? 0) : value])
    // What happened in the pause before an entry belongs to it.
    const events = this.#events.splice(0)
    return { flags: Object.fromEntries(flags.filter(([, count]) => count > 0)), stats: Object.fromEntries(stats), events }
  }

  #flags(): Record<string, number> {
    const sums: Record<string, number> = {}
    for (const { labels, counts } of this.#plane.recorder.snapshot()) {
      if (labels.reporter !== 'source') continue
      for (const { flags, count } of counts) sums[flags] = (sums[flags] ?? 0) + count
    }
    return sums
  }

  #values(): Record<string, number> {
    const values = this.#plane.recorder.counters.snapshot()
    for (const [id, state] of this.#plane.clusters) {
      for (const [name, value] of clusterValues(state)) values[`cluster.${id}.${name}`] = value
    }
    return values
  }
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
