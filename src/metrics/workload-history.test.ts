import { expect, test } from 'vitest'
import { type CellLabels, Recorder } from './recorder.ts'
import { p99, successRate, WorkloadHistory } from './workload-history.ts'

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

test('an interval counts what happened in it, at the destination only', () => {
  const recorder = new Recorder()
  const history = new WorkloadHistory()
  const cell = recorder.cell(labels())
  const source = recorder.cell(labels({ reporter: 'source' }))
  for (let second = 0; second <= 100; second++) {
    history.add(second * 1000, recorder.snapshot())
    cell.record(second >= 90 ? 500 : 200, '-', 3)
    source.record(503, 'UH', 1)
  }
  const last10 = history.over('test/reviews', 10_000)
  expect(last10).toMatchObject({ total: 10, failures: 10 })
  expect(successRate(last10)).toBe(0)
  const last20 = history.over('test/reviews', 20_000)
  expect(successRate(last20)).toBe(50)
  expect(p99(last20)).toBeCloseTo(1 + 4 * 0.99, 9)
})

test('no requests means no rate and no percentile', () => {
  const history = new WorkloadHistory()
  history.add(0, [])
  const nothing = history.over('test/reviews', 60_000)
  expect([nothing.total, successRate(nothing), p99(nothing)]).toEqual([0, undefined, undefined])
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
