import { expect, test } from 'vitest'
import { cellLabels as labels } from '../../test/cell-labels.ts'
import { Recorder } from './recorder.ts'

test('requests are counted by code and flags, with their durations', () => {
  const recorder = new Recorder()
  const cell = recorder.cell(labels())
  cell.record(200, '-', 3)
  cell.record(200, '-', 5)
  cell.record(503, 'UH', 0.2)
  cell.record(503, '-', 1)
  cell.record(0, 'DC', 2)
  const counts = recorder.snapshot()[0]?.counts ?? []
  expect(counts.map(({ code, flags, count, sum }) => ({ code, flags, count, sum }))).toEqual([
    { code: 200, flags: '-', count: 2, sum: 8 },
    { code: 503, flags: '-', count: 1, sum: 1 },
    { code: 503, flags: 'UH', count: 1, sum: 0.2 },
    { code: 0, flags: 'DC', count: 1, sum: 2 }
  ])
  expect(counts[0]?.buckets.slice(0, 4)).toEqual([0, 0, 2, 0])
})

test('cookies that routes gave are counted apart, where there were any', () => {
  const recorder = new Recorder()
  const cell = recorder.cell(labels())
  cell.record(200, '-', 1)
  expect(recorder.takeChanged()[0]).not.toHaveProperty('cookies')
  cell.giveCookie()
  expect(recorder.takeChanged().map(({ cookies }) => cookies)).toEqual([1])
})

test('the same labels give the same cell, other labels another', () => {
  const recorder = new Recorder()
  const cell = recorder.cell(labels())
  expect(recorder.cell(labels())).toBe(cell)
  expect(recorder.cell(labels({ destinationVersion: 'v2' }))).not.toBe(cell)
})

test('a snapshot does not change when counting goes on', () => {
  const recorder = new Recorder()
  const cell = recorder.cell(labels())
  cell.record(200, '-', 1)
  const before = recorder.snapshot()
  cell.record(200, '-', 1)
  expect(before[0]?.counts[0]?.count).toBe(1)
})

test('sizes fall into buckets, for the requests that were measured', () => {
  const recorder = new Recorder()
  const cell = recorder.cell(labels())
  cell.record(200, '-', 3, { grpc: undefined, requestBytes: 90, responseBytes: 2000 })
  cell.record(200, '-', 3, { grpc: undefined, requestBytes: 110, responseBytes: 10 })
  cell.record(404, '-', 3)
  const [ok, missing] = recorder.snapshot()[0]?.counts ?? []
  expect([ok?.sizes?.request.sum, ok?.sizes?.response.sum, missing?.sizes]).toEqual([200, 2010, undefined])
  expect(ok?.sizes?.request.buckets.slice(6, 8)).toEqual([1, 1])
})

test('gRPC requests are counted by their status, apart from others', () => {
  const recorder = new Recorder()
  const cell = recorder.cell(labels())
  for (const grpc of [undefined, '0', '14', '14']) cell.record(200, '-', 1, { grpc, requestBytes: 0, responseBytes: 0 })
  const counts = recorder.snapshot()[0]?.counts ?? []
  expect(counts.map(({ grpc, count }) => [grpc, count])).toEqual([
    [undefined, 1],
    ['0', 1],
    ['14', 2]
  ])
})

test('pods that differ in their canonical names have cells of their own', () => {
  const recorder = new Recorder()
  const plain = recorder.cell(labels())
  expect(recorder.cell(labels({ destinationCanonicalService: 'shop' }))).not.toBe(plain)
  expect(recorder.cell(labels({ destinationCanonicalRevision: 'shop' }))).not.toBe(
    recorder.cell(labels({ destinationCanonicalService: 'shop' }))
  )
})
