// A short history of what each workload, or each Service, was asked and answered, for questions about an interval. Owns its samples: every
// one of the last ten minutes, one in 30 s of the last two hours, nothing older.

import type { Millis } from '../std/clock.ts'
import { BUCKET_COUNT } from './buckets.ts'
import type { CellData, CellLabels, CountData } from './recorder.ts'

/** Requests of a workload or a Service; cumulative or over an interval. */
export interface WorkloadCounts {
  readonly total: number
  readonly failures: number
  readonly buckets: readonly number[]
}

/** Whose requests a history counts, and which of them. */
export interface HistoryView {
  /** `namespace/name`; undefined for what is left out. */
  readonly keyOf: (labels: CellLabels) => string | undefined
  readonly outcomeOf: (count: CountData) => 'ok' | 'failed' | 'left out'
}

/** What reached the pods of each workload; failures are responses with code 500 to 599. */
export const OF_WORKLOADS: HistoryView = {
  keyOf: ({ reporter, destinationNamespace, destinationWorkload }) =>
    reporter === 'destination' ? `${destinationNamespace}/${destinationWorkload}` : undefined,
  outcomeOf: ({ code }) => (code >= 500 && code < 600 ? 'failed' : 'ok')
}

interface Sample {
  readonly at: Millis
  readonly workloads: ReadonlyMap<string, WorkloadCounts>
}

const FINE_SPAN: Millis = 600_000
const COARSE_SPAN: Millis = 7_200_000
const COARSE_STEP: Millis = 30_000
const NOTHING: WorkloadCounts = { total: 0, failures: 0, buckets: Array.from({ length: BUCKET_COUNT }, () => 0) }

/** Samples of cumulative counts per workload. */
export class WorkloadHistory {
  readonly #view: HistoryView
  #samples: Sample[] = []

  constructor(view: HistoryView = OF_WORKLOADS) {
    this.#view = view
  }

  /** Adds the counts as they are at `now`; instants must not go back. */
  add(now: Millis, cells: readonly CellData[]): void {
    this.#samples.push({ at: now, workloads: sharing(counted(cells, this.#view), this.#samples.at(-1)) })
    this.#samples = thin(this.#samples, now)
  }

  /** What the workload `namespace/name` was asked in the last `interval` before the newest sample. */
  over(workload: string, interval: Millis): WorkloadCounts {
    const newest = this.#samples.at(-1)
    if (newest === undefined) return NOTHING
    const from = newest.at - interval
    let oldest = this.#samples[0] ?? newest
    for (const sample of this.#samples) {
      if (sample.at > from) break
      oldest = sample
    }
    // A workload first seen inside the interval started from zero there.
    return subtract(newest.workloads.get(workload) ?? NOTHING, oldest.at <= from ? (oldest.workloads.get(workload) ?? NOTHING) : NOTHING)
  }

  /** What `namespace/name` was asked in each slice of at least `step`, oldest first, from when it was first asked. */
  slices(key: string, step: Millis): readonly WorkloadCounts[] {
    const found: WorkloadCounts[] = []
    let begun: { readonly at: Millis; readonly counts: WorkloadCounts } | undefined
    for (const { at, workloads } of this.#samples) {
      const counts = workloads.get(key)
      if (counts === undefined || (begun !== undefined && at - begun.at < step)) continue
      if (begun !== undefined) found.push(subtract(counts, begun.counts))
      begun = { at, counts }
    }
    return found
  }
}

// Most workloads are asked nothing from one second to the next: then both samples hold the same counts.
function sharing(fresh: Map<string, WorkloadCounts>, last: Sample | undefined): ReadonlyMap<string, WorkloadCounts> {
  let same = last?.workloads.size === fresh.size
  for (const [workload, counts] of fresh) {
    const before = last?.workloads.get(workload)
    if (before !== undefined && before.total === counts.total) fresh.set(workload, before)
    else same = false
  }
  return same && last !== undefined ? last.workloads : fresh
}

function counted(cells: readonly CellData[], { keyOf, outcomeOf }: HistoryView): Map<string, WorkloadCounts> {
  const found = new Map<string, { total: number; failures: number; buckets: number[] }>()
  for (const { labels, counts } of cells) {
    const key = keyOf(labels)
    if (key === undefined) continue
    const into = found.get(key) ?? { ...NOTHING, buckets: [...NOTHING.buckets] }
    found.set(key, into)
    for (const count of counts) {
      const outcome = outcomeOf(count)
      if (outcome === 'left out') continue
      into.total += count.count
      if (outcome === 'failed') into.failures += count.count
      for (let index = 0; index < BUCKET_COUNT; index++) into.buckets[index] = (into.buckets[index] ?? 0) + (count.buckets[index] ?? 0)
    }
  }
  return found
}

function subtract(newer: WorkloadCounts, older: WorkloadCounts): WorkloadCounts {
  return {
    total: newer.total - older.total,
    failures: newer.failures - older.failures,
    buckets: newer.buckets.map((value, index) => value - (older.buckets[index] ?? 0))
  }
}

function thin(samples: readonly Sample[], now: Millis): Sample[] {
  const kept: Sample[] = []
  for (const sample of samples) {
    const age = now - sample.at
    if (age > COARSE_SPAN) continue
    const last = kept.at(-1)
    if (age > FINE_SPAN && last !== undefined && sample.at - last.at < COARSE_STEP) continue
    kept.push(sample)
  }
  return kept
}
