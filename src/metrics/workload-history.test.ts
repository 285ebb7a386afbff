import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { type CellLabels, Recorder } from './recorder.ts'
import { RegistrySource } from './registry-source.ts'
import { WorkloadHistory } from './workload-history.ts'

const labels = (over: Partial<CellLabels> = {}): CellLabels => ({
  reporter: 'destination',
  sourceWorkload: 'unknown',
  sourceNamespace: 'unknown',
  sourceApp: 'unknown',
  sourceVersion: 'unknown',
  destinationWorkload: 'reviews',
  destinationNamespace: 'test',
  destinationApp: 'reviews',
  destinationVersion: 'v1',
  destinationService: 'reviews.test.svc.cluster.local',
  destinationServiceName: 'reviews',
  destinationServiceNamespace: 'test',
  ...over
})

const REVIEWS = { namespace: 'test', name: 'reviews' }

test('an interval counts what happened in it, at the destination only', async () => {
  const recorder = new Recorder()
  const history = new WorkloadHistory()
  const cell = recorder.cell(labels())
  const caller = recorder.cell(labels({ reporter: 'source' }))
  for (let second = 0; second <= 100; second++) {
    history.add(second * 1000, recorder.snapshot())
    cell.record(second >= 90 ? 500 : 200, '-', 3)
    caller.record(503, 'UH', 1)
  }
  const last10 = history.over('test/reviews', 10_000)
  expect(last10).toMatchObject({ total: 10, failures: 10 })
  const source = new RegistrySource(history)
  expect(await source.successRate(REVIEWS, 10_000)).toEqual({ kind: 'value', value: 0 })
  expect(await source.successRate(REVIEWS, 20_000)).toEqual({ kind: 'value', value: 50 })
  expect(await source.duration(REVIEWS, 20_000, 0.5)).toEqual({ kind: 'value', value: 3 })
})

test('no requests means no data, and the source is there all the same', async () => {
  const history = new WorkloadHistory()
  history.add(0, [])
  const source = new RegistrySource(history)
  expect(await source.available()).toEqual({ kind: 'up' })
  expect(await source.successRate(REVIEWS, 60_000)).toEqual({ kind: 'no-data' })
  expect(await source.duration(REVIEWS, 60_000, 0.99)).toEqual({ kind: 'no-data' })
})

test('a workload first seen inside the interval counts from zero', () => {
  const recorder = new Recorder()
  const history = new WorkloadHistory()
  history.add(0, recorder.snapshot())
  recorder.cell(labels()).record(200, '-', 1)
  history.add(5000, recorder.snapshot())
  expect(history.over('test/reviews', 60_000).total).toBe(1)
})

test('a day of samples stays small and still answers for an hour', () => {
  const recorder = new Recorder()
  const history = new WorkloadHistory()
  const cell = recorder.cell(labels())
  for (let second = 0; second <= 10_000; second += 5) {
    cell.record(200, '-', 1)
    history.add(second * 1000, recorder.snapshot())
  }
  const hour = history.over('test/reviews', 3_600_000).total
  expect(hour).toBeGreaterThanOrEqual(720)
  expect(hour).toBeLessThanOrEqual(726)
})

test('workloads that are asked nothing cost no memory for each second', () => {
  setFlagsFromString('--expose-gc')
  // The flag makes it a global of contexts that come after it.
  const collect = runInNewContext('gc') as () => void
  const recorder = new Recorder()
  const history = new WorkloadHistory()
  for (let n = 0; n < 200; n++) recorder.cell(labels({ destinationWorkload: `w-${n}` })).record(200, '-', 3)
  const busy = recorder.cell(labels())
  collect()
  const before = process.memoryUsage().heapUsed
  for (let second = 0; second <= 300; second++) {
    busy.record(200, '-', 3)
    history.add(second * 1000, recorder.snapshot())
  }
  collect()
  // With counts of its own for each: 200 times 300 times 400 bytes.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10e6)
  expect(history.over('test/reviews', 300_000).total).toBe(300)
  expect(history.over('test/w-1', 300_000).total).toBe(0)
})
