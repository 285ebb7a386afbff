// From the counters of a version to what it served between two looks: which requests count, which of them failed, how many were slower than
// each edge.

import type { Millis } from '../std/clock.ts'
import type { Look } from './half-plane.ts'
import type { PodLook } from './history.ts'
import { type Baseline, increaseSince, type Series } from './increments.ts'
import { type Bad, isCounted } from './settings.ts'
import { sum } from '../std/sum.ts'

/** Cumulative counts of requests to one version with one code and flags, as one process counts them. */
export interface RequestCounter {
  /** Whose counts begin at 0 when it starts again: a proxy. */
  readonly process: string
  /** Tells this counter from the others of the process; any text that stays the same. */
  readonly id: string
  /** Of HTTP; 0 when no response was sent. */
  readonly code: number
  /** Envoy's short flags joined by commas, `-` for none. */
  readonly flags: string
  /** Status of gRPC, '' for none. */
  readonly grpc: string
  readonly count: number
  /** By histogram bucket, not cumulative; the last is above every edge. Empty: nobody knows. */
  readonly buckets: readonly number[]
}

/** Whose requests are stable's, by its callers' counters: those to a Service, or those that pods of a workload took, whatever Service they were for. */
export type StableSide = { readonly kind: 'service'; readonly name: string } | { readonly kind: 'workload'; readonly name: string }

/** What tells a canary from stable, in one namespace. */
export interface VersionPair {
  readonly namespace: string
  readonly canaryService: string
  readonly stable: StableSide
}

/** A Service. */
export interface ServiceName {
  readonly namespace: string
  readonly service: string
}

/** What is looked at of both. */
export interface CounterQuery extends VersionPair {
  /** Upper edges of buckets, ms, none of others need be told apart; undefined: all of the source's. */
  readonly edges?: readonly Millis[]
}

/** Counters of both versions at one instant. */
export interface CountersRead {
  readonly kind: 'read'
  /** The instant that the counters are of: a reading that is not later than the one before says nothing new. */
  readonly at: Millis
  readonly canary: readonly RequestCounter[]
  readonly stable: readonly RequestCounter[]
  /** Cookies that routes have given with answers of the canary, never falling; absent where the mesh does not count them. */
  readonly canaryCookies?: number
}

/** What a version served between two looks. */
export interface Served {
  readonly requests: number
  readonly failures: number
  /** Requests with a duration, by bucket. */
  readonly buckets: readonly number[]
}

/** Both versions between two looks. */
export interface ServedPair {
  readonly canary: Served
  readonly stable: Served
}

// What a server answers for by the semantic conventions of OpenTelemetry for gRPC: unknown, deadline exceeded, unimplemented, internal,
// unavailable, data loss.
const FAILED_GRPC: ReadonlySet<string> = new Set(['2', '4', '12', '13', '14', '15'])

/** True for requests that nobody waited for any more: they say nothing about the version. */
export function isAbandoned({ flags }: Pick<RequestCounter, 'flags'>): boolean {
  return flags.split(',').includes('DC')
}

/** True for requests that failed: 5xx, no answer at all, or a status of gRPC that the server answers for. */
export function isFailure({ code, grpc }: Pick<RequestCounter, 'code' | 'grpc'>): boolean {
  return code >= 500 || code === 0 || FAILED_GRPC.has(grpc)
}

/** What both versions served since `before`. */
export function servedSince(
  before: Baseline,
  counters: Pick<CountersRead, 'at' | 'canary' | 'stable'>
): { readonly served: ServedPair; readonly baseline: Baseline } {
  const canary = keyedOf('canary', counters.canary)
  const stable = keyedOf('stable', counters.stable)
  const { counted, baseline } = increaseSince(before, [...canary, ...stable].flatMap(seriesOf), counters.at)
  return { served: { canary: summed(canary, counted), stable: summed(stable, counted) }, baseline }
}

/** One stream's look; an edge must be one of `edges`. */
export function lookAt({ canary, stable }: ServedPair, bad: Bad, edges: readonly Millis[]): Look {
  const [ofCanary, ofStable] = [counts(canary, bad, edges), counts(stable, bad, edges)]
  return { canaryRequests: ofCanary.requests, canaryBad: ofCanary.bad, stableRequests: ofStable.requests, stableBad: ofStable.bad }
}

/** Requests of one version, and the bad ones; none of what somebody else counts. */
export function counts({ requests, failures, buckets }: Served, bad: Bad, edges: readonly Millis[]): PodLook {
  if (bad === 'failed') return { requests, bad: failures }
  if (isCounted(bad)) return { requests: 0, bad: 0 }
  return { requests: sum(buckets), bad: sumFrom(buckets, edges.indexOf(bad.slowerThan) + 1) }
}

// Without a copy: it is asked for every stream of every look.
function sumFrom(buckets: readonly number[], first: number): number {
  let total = 0
  for (let index = first; index < buckets.length; index++) total += buckets[index] ?? 0
  return total
}

interface Keyed {
  readonly counter: RequestCounter
  readonly key: string
  /** By bucket. */
  readonly bucketKeys: readonly string[]
}

function keyedOf(version: string, counters: readonly RequestCounter[]): readonly Keyed[] {
  return counters
    .filter((counter) => !isAbandoned(counter))
    .map((counter) => {
      const key = `${version} ${counter.process} ${counter.id}`
      return { counter, key, bucketKeys: counter.buckets.map((_, index) => `${key}\n${index}`) }
    })
}

function seriesOf({ counter: { process, count, buckets }, key, bucketKeys }: Keyed): readonly Series[] {
  return [{ key, process, value: count }, ...bucketKeys.map((each, index) => ({ key: each, process, value: buckets[index] ?? 0 }))]
}

function summed(counters: readonly Keyed[], counted: ReadonlyMap<string, number>): Served {
  let [requests, failures] = [0, 0]
  const buckets: number[] = []
  for (const { counter, key, bucketKeys } of counters) {
    const more = counted.get(key) ?? 0
    requests += more
    if (isFailure(counter)) failures += more
    for (const [index, each] of bucketKeys.entries()) buckets[index] = (buckets[index] ?? 0) + (counted.get(each) ?? 0)
  }
  return { requests, failures, buckets }
}
