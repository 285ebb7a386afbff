// What every CounterSource must do, the registry's and a Prometheus': run by the tests of each against counts of its own.

import { describe, expect, test } from 'vitest'
import type { CounterReading, CounterSource } from '../../src/control/counter-source.ts'
import { NO_BASELINE } from '../../src/gate/increments.ts'
import { lookAt, servedSince, type VersionPair } from '../../src/gate/served.ts'
import type { CellLabels } from '../../src/metrics/recorder.ts'
import { cellLabels } from '../cell-labels.ts'

/** A source over counts that the suite makes. */
export interface SourceUnderTest {
  readonly source: CounterSource
  /** Counts one request. */
  count(labels: CellLabels, answer: { readonly code: number; readonly flags: string; readonly ms: number }): void
  /** Makes what has been counted so far readable, as of the next instant. */
  collect(): void
}

const QUERY: VersionPair = { namespace: 'test', canaryService: 'shop-canary', stable: { kind: 'service', name: 'shop-primary' } }
const OK = { code: 200, flags: '-', ms: 30 }
const never = new AbortController().signal

/** What a gateway saw of a Service. */
export function callerOf(service: string, over: Partial<CellLabels> = {}): CellLabels {
  return cellLabels({
    reporter: 'source',
    sourceWorkload: 'gateway',
    destinationWorkload: service,
    destinationNamespace: 'test',
    destinationService: `${service}.test.svc.cluster.local`,
    destinationServiceName: service,
    destinationServiceNamespace: 'test',
    ...over
  })
}

/** Declares the suite for one implementation. */
export function describeCounterSource(name: string, make: () => Promise<SourceUnderTest>): void {
  describe(`${name} as a CounterSource`, () => {
    test('both versions are told apart, and what others served is left out', async () => {
      const under = await make()
      under.collect()
      const before = await read(under.source)
      for (let index = 0; index < 3; index++) under.count(callerOf('shop-canary'), OK)
      under.count(callerOf('shop-canary', { destinationWorkload: 'unknown' }), { code: 503, flags: 'UH', ms: 1 })
      under.count(callerOf('shop-canary', { reporter: 'destination' }), OK)
      under.count(callerOf('shop-canary', { destinationServiceNamespace: 'other' }), OK)
      for (let index = 0; index < 7; index++) under.count(callerOf('shop-primary'), OK)
      under.count(callerOf('shop'), { code: 500, flags: '-', ms: 1 })
      under.collect()
      const after = await read(under.source)
      expect(after.at).toBeGreaterThan(before.at)
      expect([total(after.canary), total(after.stable)]).toEqual([4, 7])
      expect(after.canary.map(({ code, flags, count }) => `${code} ${flags} ${count}`).toSorted()).toEqual(['200 - 3', '503 UH 1'])
    })

    test('a workload has the requests that its pods took, through whatever Service, and the canary keeps its own', async () => {
      const under = await make()
      const old = { destinationWorkload: 'shop-old' }
      const pair: VersionPair = { ...QUERY, stable: { kind: 'workload', name: 'shop-old' } }
      under.collect()
      const before = await read(under.source, pair)
      for (let index = 0; index < 3; index++) under.count(callerOf('shop-canary'), OK)
      under.count(callerOf('shop-canary', old), OK)
      for (let index = 0; index < 5; index++) under.count(callerOf('shop-primary', old), OK)
      under.count(callerOf('shop-old', old), { code: 503, flags: '-', ms: 1 })
      for (let index = 0; index < 7; index++) under.count(callerOf('shop-primary'), OK)
      under.count(callerOf('shop-primary', { ...old, reporter: 'destination' }), OK)
      under.count(callerOf('shop-primary', { ...old, destinationNamespace: 'other' }), OK)
      under.collect()
      const after = await read(under.source, pair)
      expect(after.at).toBeGreaterThan(before.at)
      expect([total(after.canary), total(after.stable)]).toEqual([4, 6])
      expect(after.stable.map(({ code }) => code).toSorted((one, other) => one - other)).toEqual([200, 503])
    })

    test('the first failure of a version that served before is counted, and each request once', async () => {
      const under = await make()
      under.count(callerOf('shop-canary'), OK)
      under.count(callerOf('shop-primary'), OK)
      under.collect()
      const first = await read(under.source)
      const { baseline } = servedSince(NO_BASELINE, first)
      under.count(callerOf('shop-canary'), { code: 500, flags: '-', ms: 400 })
      under.count(callerOf('shop-primary'), { code: 200, flags: '-', ms: 700 })
      under.count(callerOf('shop-primary'), { code: 0, flags: 'DC', ms: 700 })
      under.collect()
      const second = await read(under.source)
      const { served } = servedSince(baseline, second)
      expect(lookAt(served, 'failed', under.source.edges)).toEqual({ canaryRequests: 1, canaryBad: 1, stableRequests: 1, stableBad: 0 })
      expect(lookAt(served, { slowerThan: 250 }, under.source.edges)).toEqual({
        canaryRequests: 1,
        canaryBad: 1,
        stableRequests: 1,
        stableBad: 1
      })
      expect(lookAt(served, { slowerThan: 500 }, under.source.edges)).toEqual({
        canaryRequests: 1,
        canaryBad: 0,
        stableRequests: 1,
        stableBad: 1
      })
    })

    test('is looked at no more often than its counters are new', async () => {
      const { source } = await make()
      expect(source.finest).toBeGreaterThanOrEqual(1_000)
      expect(source.interval).toBeGreaterThanOrEqual(source.finest)
    })

    test('a Service that nobody called has no counters', async () => {
      const under = await make()
      under.count(callerOf('shop-primary'), OK)
      under.collect()
      const { canary, stable } = await read(under.source)
      expect([canary.length, stable.length]).toEqual([0, 1])
    })

    test('no counters of the same process share an id', async () => {
      const under = await make()
      for (const sourceWorkload of ['gateway', 'frontend']) {
        for (const code of [200, 503]) under.count(callerOf('shop-primary', { sourceWorkload }), { code, flags: '-', ms: 1 })
        // Another release of the same workload.
        under.count(callerOf('shop-primary', { sourceWorkload, destinationVersion: 'v2' }), OK)
      }
      under.collect()
      const { stable } = await read(under.source)
      expect(new Set(stable.map(({ process, id }) => `${process} ${id}`)).size).toBe(6)
    })
  })
}

async function read(source: CounterSource, pair: VersionPair = QUERY): Promise<Extract<CounterReading, { kind: 'read' }>> {
  const reading = await source.read(pair, never)
  if (reading.kind === 'read') return reading
  throw new Error(reading.because)
}

function total(counters: readonly { readonly count: number }[]): number {
  return counters.reduce((sum, { count }) => sum + count, 0)
}
