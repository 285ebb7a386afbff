// The registry as the gate's source of counters: requests to a Service as their callers' proxies counted them, those that never reached a pod
// included, and the last hours of it as history. Owns that history.

import {
  type CountersRead,
  isAbandoned,
  isFailure,
  type RequestCounter,
  type Served,
  type ServiceName,
  type StableSide,
  type VersionPair
} from '../gate/served.ts'
import type { Millis } from '../std/clock.ts'
import { DURATION_EDGES } from './buckets.ts'
import { type CellData, cellKey, type CellLabels, type CountData } from './recorder.ts'
import { type HistoryView, WorkloadHistory } from './workload-history.ts'

// The registry adds up all workers, and its counts never fall.
const PROCESS = 'mesh'
const SLICE: Millis = 5_000
/** How often the counts of the workers are to be collected. */
export const COLLECTED_EVERY: Millis = 1_000
const OF_SERVICES: HistoryView = {
  keyOf: ({ reporter, destinationServiceNamespace, destinationServiceName }) =>
    reporter === 'source' ? `${destinationServiceNamespace}/${destinationServiceName}` : undefined,
  outcomeOf: ({ code, flags, grpc = '' }) => (isAbandoned({ flags }) ? 'left out' : isFailure({ code, grpc }) ? 'failed' : 'ok')
}

/** The counts of all workers, as of when they were last collected; always there, as they are in the same process. */
export class RegistryCounters {
  readonly edges = DURATION_EDGES
  readonly interval: Millis = SLICE
  readonly finest: Millis = COLLECTED_EVERY
  readonly #history = new WorkloadHistory(OF_SERVICES)
  #sampledAt: Millis = -Infinity
  #latest: { readonly at: Millis; readonly cells: readonly CellData[] } = { at: -Infinity, cells: [] }

  /** Takes the counts as they are at `at`; instants must not go back. */
  collected(at: Millis, cells: readonly CellData[]): void {
    this.#latest = { at, cells }
    if (at - this.#sampledAt < SLICE) return
    this.#sampledAt = at
    this.#history.add(at, cells)
  }

  /** The counters of both versions. */
  read({ namespace, canaryService, stable: side }: VersionPair): Promise<CountersRead> {
    const { at, cells } = this.#latest
    const [canary, stable]: [RequestCounter[], RequestCounter[]] = [[], []]
    let canaryCookies = 0
    for (const { labels, counts, cookies = 0 } of cells) {
      if (labels.reporter !== 'source') continue
      const isCanary = isOf(labels, namespace, { kind: 'service', name: canaryService })
      const into = isCanary ? canary : isOf(labels, namespace, side) ? stable : undefined
      if (into === undefined) continue
      if (into === canary) canaryCookies += cookies
      // By all labels: versions of a workload have counters of their own.
      const who = cellKey(labels)
      for (const count of counts) into.push(counterOf(who, count))
    }
    return Promise.resolve({ kind: 'read', at, canary, stable, canaryCookies })
  }

  /** The last two hours of a Service. */
  history({ namespace, service }: ServiceName): Promise<readonly Served[]> {
    const slices = this.#history.slices(`${namespace}/${service}`, SLICE)
    return Promise.resolve(slices.map(({ total, failures, buckets }) => ({ requests: total, failures, buckets })))
  }
}

function isOf(labels: CellLabels, namespace: string, { kind, name }: StableSide): boolean {
  const { destinationServiceName: service, destinationWorkload: workload } = labels
  return kind === 'service'
    ? service === name && labels.destinationServiceNamespace === namespace
    : workload === name && labels.destinationNamespace === namespace
}

function counterOf(who: string, { code, flags, grpc = '', count, buckets }: CountData): RequestCounter {
  return { process: PROCESS, id: `${who} ${code} ${flags} ${grpc}`, code, flags, grpc, count, buckets }
}
