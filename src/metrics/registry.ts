// The control process' view of all workers' counts: added up, and never falling when a worker dies and starts again from zero.
// Owns the last snapshot of each living worker and the final counts of the dead ones.

import { type CellData, type CellLabels, cellKey, type CountData, type Sizes, type Spread, type StreamData } from './recorder.ts'

interface Total {
  code: number
  flags: string
  count: number
  sum: number
  buckets: number[]
  grpc?: string
  sizes?: Sizes
}

interface MergedCell {
  labels: CellLabels
  counts: Map<string, Total>
  streams: Map<string, StreamData>
  cookies: number
}

/** How often each bound of the data plane was reached, by its name. */
export type Reached = Readonly<Record<string, number>>

interface Snapshot {
  readonly cells: readonly CellData[]
  readonly reached: Reached
}

/** Adds up the cumulative snapshots of workers. */
export class Registry {
  readonly #living = new Map<string, { readonly cells: Map<string, CellData>; reached: Reached }>()
  #dead: Snapshot = { cells: [], reached: {} }

  /**
   * Takes cells of a worker's run as they are now; those it took before and that are not among them have not changed. `worker` names the
   * run, not the slot, so that a restarted one has another name.
   */
  update(worker: string, cells: readonly CellData[], reached: Reached = {}): void {
    const known = this.#living.get(worker) ?? { cells: new Map<string, CellData>(), reached }
    for (const cell of cells) known.cells.set(cellKey(cell.labels), cell)
    known.reached = reached
    this.#living.set(worker, known)
  }

  /** Keeps what a dead worker counted last. Later snapshots under its name would count twice: do not send them. */
  retire(worker: string): void {
    const last = this.#living.get(worker)
    if (last === undefined) return
    this.#living.delete(worker)
    this.#dead = {
      cells: mergeCells([this.#dead.cells, [...last.cells.values()]]),
      reached: addReached([this.#dead.reached, last.reached])
    }
  }

  /** All cells, each pair of peers and reporter once. */
  cells(): readonly CellData[] {
    return mergeCells(this.#all().map(({ cells }) => cells))
  }

  /** How often each bound was reached by all workers. */
  reached(): Reached {
    return addReached(this.#all().map(({ reached }) => reached))
  }

  #all(): Snapshot[] {
    return [this.#dead, ...[...this.#living.values()].map(({ cells, reached }) => ({ cells: [...cells.values()], reached }))]
  }
}

/** Adds snapshots cell by cell, count by count. */
export function mergeCells(snapshots: readonly (readonly CellData[])[]): CellData[] {
  const merged = new Map<string, MergedCell>()
  for (const snapshot of snapshots) for (const cell of snapshot) addCell(merged, cell)
  return [...merged.values()].map(({ labels, counts, streams, cookies }) => {
    const cell = { labels, counts: [...counts.values()], ...(cookies === 0 ? {} : { cookies }) }
    return streams.size === 0 ? cell : { ...cell, streams: [...streams.values()] }
  })
}

function addReached(all: readonly Reached[]): Reached {
  const sums = new Map<string, number>()
  for (const one of all) for (const [limit, count] of Object.entries(one)) sums.set(limit, (sums.get(limit) ?? 0) + count)
  return Object.fromEntries(sums)
}

function addCell(merged: Map<string, MergedCell>, cell: CellData): void {
  const key = cellKey(cell.labels)
  const into = merged.get(key) ?? {
    labels: cell.labels,
    counts: new Map<string, Total>(),
    streams: new Map<string, StreamData>(),
    cookies: 0
  }
  merged.set(key, into)
  into.cookies += cell.cookies ?? 0
  for (const count of cell.counts) addCount(into.counts, count)
  for (const stream of cell.streams ?? []) {
    const known = into.streams.get(stream.flags)
    into.streams.set(stream.flags, known === undefined ? stream : addedStream(known, stream))
  }
}

function addedStream(some: StreamData, more: StreamData): StreamData {
  return {
    flags: some.flags,
    opened: some.opened + more.opened,
    closed: some.closed + more.closed,
    sent: some.sent + more.sent,
    received: some.received + more.received
  }
}

function addCount(counts: Map<string, Total>, count: CountData): void {
  const key = `${count.code} ${count.flags} ${count.grpc ?? 'http'}`
  const known = counts.get(key)
  if (known === undefined) {
    counts.set(key, { ...count, buckets: [...count.buckets] })
    return
  }
  known.count += count.count
  known.sum += count.sum
  known.buckets = added(known.buckets, count.buckets)
  if (count.sizes !== undefined) known.sizes = known.sizes === undefined ? count.sizes : addedSizes(known.sizes, count.sizes)
}

function addedSizes(some: Sizes, more: Sizes): Sizes {
  return { request: addedSpread(some.request, more.request), response: addedSpread(some.response, more.response) }
}

function addedSpread(some: Spread, more: Spread): Spread {
  return { sum: some.sum + more.sum, buckets: added(some.buckets, more.buckets) }
}

function added(some: readonly number[], more: readonly number[]): number[] {
  return some.map((value, index) => value + (more[index] ?? 0))
}
