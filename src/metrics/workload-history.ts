// A short history of what each workload was asked and answered, for questions about an interval. Owns its samples: every one of the
// last ten minutes, one in 30 s of the last two hours, nothing older.

import type { Millis } from '../std/clock.ts'
import { BUCKET_COUNT } from './buckets.ts'
import type { CellData } from './recorder.ts'

/** Requests that reached the pods of a workload (reporter=destination), cumulative or over an interval. */
export interface WorkloadCounts {
  readonly total: number
  /** Responses with code 500 to 599. */
  readonly failures: number
  readonly buckets: readonly number[]
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
  #samples: Sample[] = []

  /** Adds the counts as they are at `now`; instants must not go back. */
  add(now: Millis, cells: readonly CellData[]): void {
    this.#samples.push({ at: now, workloads: sharing(byWorkload(cells), this.#samples.at(-1)) })
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

function byWorkload(cells: readonly CellData[]): Map<string, WorkloadCounts> {
  const found = new Map<string, { total: number; failures: number; buckets: number[] }>()
  for (const { labels, counts } of cells) {
    if (labels.reporter !== 'destination') continue
    const key = `${labels.destinationNamespace}/${labels.destinationWorkload}`
    const into = found.get(key) ?? { ...NOTHING, buckets: [...NOTHING.buckets] }
    found.set(key, into)
    for (const count of counts) {
      into.total += count.count
      if (count.code >= 500 && count.code < 600) into.failures += count.count
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
