// What each pod of a workload served, look by look, from its raw cumulative counters: increases are taken series by series, restarts begin at
// 0, a first failure counts, and what happened in a gap belongs to no look. Owns the counts.

import type { Millis } from '../std/clock.ts'

/** A stretch of one counter of one pod, in the order of time. */
export interface PodSeries {
  readonly pod: string
  /** Tells it from the pod's other counters; any text that stays the same. */
  readonly key: string
  readonly into: readonly Column[]
  readonly points: readonly { readonly at: Millis; readonly value: number }[]
}

/** What a counter counts: all requests, failed ones, those with a duration, or those not slower than an edge (its index). */
export type Column = 'requests' | 'failures' | 'timed' | number

/** The grid of looks. */
export interface Grid {
  readonly start: Millis
  readonly look: Millis
  /** Edges of latency, milliseconds, rising. */
  readonly edges: readonly Millis[]
}

/** What one pod served in one look. */
export interface PodLookCounts {
  readonly requests: number
  readonly failures: number
  readonly timed: number
  /** Slower than each edge. */
  readonly slower: readonly number[]
}

/** More numbers than this are not kept: some 250 MB. */
const NUMBERS_MAX = 30_000_000
/** Counters are looked at once a look: what lies further apart is a gap. */
const GAP_LOOKS = 2.5

/** There are more pods and looks than can be held. */
export class TooMuchTraffic extends Error {
  override readonly name = 'TooMuchTraffic'
}

interface Pod {
  readonly first: number
  readonly columns: readonly number[][]
  /** By look from the first on: whether a counter was seen. */
  readonly seen: boolean[]
}

interface Last {
  readonly at: Millis
  readonly value: number
}

/** Counts of many pods. */
export class PodTraffic {
  readonly grid: Grid
  readonly #pods = new Map<string, Pod>()
  readonly #lasts = new Map<string, Last>()
  #numbers = 0
  #looks = 0
  #gaps = 0

  constructor(grid: Grid) {
    this.grid = grid
  }

  get pods(): readonly string[] {
    return [...this.#pods.keys()]
  }

  /** From the start of the grid to the end of the last look that anything was seen in. */
  get looks(): number {
    return this.#looks
  }

  /** Increases that were left out, as nobody knows in which look they were. */
  get gaps(): number {
    return this.#gaps
  }

  /** Adds a stretch of all series; stretches must come in the order of time. Throws `TooMuchTraffic`. */
  add(series: readonly PodSeries[]): void {
    // A pod begins with the earliest of its counters, whichever is named first.
    const earliest = series.flatMap(({ pod, points }) => points.slice(0, 1).map(({ at }) => ({ pod, at })))
    for (const { pod, at } of earliest.toSorted((one, other) => one.at - other.at)) this.#see(pod, this.#lookOf(at))
    for (const { pod, points } of series) {
      for (const { at } of points) this.#see(pod, this.#lookOf(at))
    }
    for (const each of series) this.#count(each)
  }

  /** Whether any counter of the pod was seen in this look. */
  has(pod: string, look: number): boolean {
    const known = this.#pods.get(pod)
    return known?.seen[look - known.first] === true
  }

  /** What the pod served in this look. */
  counts(pod: string, look: number): PodLookCounts {
    const known = this.#pods.get(pod)
    if (known === undefined) return NOTHING
    const at = look - known.first
    const value = (column: number): number => known.columns[column]?.[at] ?? 0
    const timed = value(TIMED)
    return {
      requests: value(REQUESTS),
      failures: value(FAILURES),
      timed,
      slower: this.grid.edges.map((_, index) => Math.max(0, timed - value(FIXED + index)))
    }
  }

  /** The first look in which the pod was seen. */
  bornAt(pod: string): number {
    return this.#pods.get(pod)?.first ?? 0
  }

  /** The look after the last one in which the pod was seen. */
  endOf(pod: string): number {
    const known = this.#pods.get(pod)
    return known === undefined ? 0 : known.first + known.seen.length
  }

  /** The pods that were seen in some of these looks, `to` not among them. */
  podsIn(from: number, to: number): readonly string[] {
    return this.pods.filter((pod) => this.bornAt(pod) < to && this.endOf(pod) > from)
  }

  #lookOf(at: Millis): number {
    return Math.round((at - this.grid.start) / this.grid.look)
  }

  #see(name: string, look: number): void {
    const pod = this.#pods.get(name) ?? { first: look, columns: [REQUESTS, FAILURES, TIMED, ...this.grid.edges].map(() => []), seen: [] }
    if (!this.#pods.has(name)) this.#pods.set(name, pod)
    const missing = look - pod.first + 1 - pod.seen.length
    this.#numbers += Math.max(0, missing) * (pod.columns.length + 1)
    if (this.#numbers > NUMBERS_MAX) {
      throw new TooMuchTraffic(`${this.#pods.size} pods in looks of ${this.grid.look / 1000} s are more than can be held`)
    }
    for (let index = 0; index < missing; index++) {
      pod.seen.push(false)
      for (const column of pod.columns) column.push(0)
    }
    pod.seen[look - pod.first] = true
    this.#looks = Math.max(this.#looks, look + 1)
  }

  #count({ pod: name, key, into, points }: PodSeries): void {
    const pod = this.#pods.get(name)
    if (pod === undefined) return
    const id = `${name}\n${key}`
    let last = this.#lasts.get(id)
    for (const { at, value } of points) {
      if (!Number.isFinite(value) || value < 0 || (last !== undefined && at <= last.at)) continue
      const look = this.#lookOf(at)
      const more = this.#increase(name, look, last, { at, value })
      last = { at, value }
      if (more > 0) for (const column of into) addTo(pod, indexOf(column), look, more)
    }
    if (last !== undefined) this.#lasts.set(id, last)
  }

  // A counter that was not there counts from 0 where its pod was: that is its first failure. Where the pod was not either, counting begins.
  #increase(pod: string, look: number, last: Last | undefined, { at, value }: Last): number {
    if (last === undefined) return this.has(pod, look - 1) || this.has(pod, look - 2) ? value : 0
    const more = last.value > value ? value : value - last.value
    if (at - last.at <= GAP_LOOKS * this.grid.look) return more
    if (more > 0) this.#gaps += 1
    return 0
  }
}

const [REQUESTS, FAILURES, TIMED, FIXED] = [0, 1, 2, 3] as const
const NOTHING: PodLookCounts = { requests: 0, failures: 0, timed: 0, slower: [] }

function indexOf(column: Column): number {
  if (column === 'requests') return REQUESTS
  if (column === 'failures') return FAILURES
  return column === 'timed' ? TIMED : FIXED + column
}

function addTo(pod: Pod, column: number, look: number, more: number): void {
  const counts = pod.columns[column]
  const at = look - pod.first
  if (counts !== undefined && at >= 0) counts[at] = (counts[at] ?? 0) + more
}
