import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cellLabels } from '../../test/cell-labels.ts'
import { type CellData, Recorder } from './recorder.ts'
import { Registry } from './registry.ts'

const LABELS = cellLabels()

const total = (cells: readonly CellData[]): number => cells.flatMap((cell) => cell.counts).reduce((sum, count) => sum + count.count, 0)

test('cells that a report leaves out are those of the report before', () => {
  const recorder = new Recorder()
  const registry = new Registry()
  const [a, b] = [recorder.cell(LABELS), recorder.cell(cellLabels({ destinationVersion: 'v2' }))]
  a.record(200, '-', 1)
  b.record(200, '-', 1)
  registry.update('0.1', recorder.takeChanged())
  expect(recorder.hasChanged).toBe(false)
  b.record(200, '-', 1)
  b.record(503, 'UH', 1)
  const changed = recorder.takeChanged()
  expect(changed.map((cell) => cell.labels)).toEqual([b.labels])
  registry.update('0.1', changed)
  registry.update('0.1', recorder.takeChanged())
  expect(registry.cells()).toEqual(recorder.snapshot())
  registry.retire('0.1')
  expect(registry.cells()).toEqual(recorder.snapshot())
})

test('cookies of all workers are added up, those of dead ones too', () => {
  const registry = new Registry()
  for (const run of ['0.1', '1.1', '0.2']) {
    const recorder = new Recorder()
    recorder.cell(LABELS).giveCookie()
    registry.update(run, recorder.takeChanged())
    if (run === '0.1') registry.retire(run)
  }
  expect(registry.cells().map(({ cookies }) => cookies)).toEqual([3])
})

test('a total is the sum over workers and never falls, whatever order snapshots, deaths and restarts come in', () => {
  const action = fc.record({
    worker: fc.nat(2),
    what: fc.constantFrom('requests', 'requests', 'report', 'die'),
    version: fc.constantFrom('v1', 'v2'),
    code: fc.constantFrom(200, 404, 503)
  })
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const registry = new Registry()
      const runs = [0, 1, 2].map((slot) => ({ name: `${slot}.0`, run: 0, recorder: new Recorder(), reported: 0 }))
      let reported = 0
      let last = 0
      for (const { worker, what, version, code } of actions) {
        const run = runs[worker]!
        if (what === 'requests') {
          run.recorder.cell(cellLabels({ destinationVersion: version })).record(code, '-', 1)
          run.recorder.reach('idleTimeout')
        }
        if (what === 'report') {
          registry.update(run.name, run.recorder.takeChanged(), run.recorder.reached())
          const now = total(run.recorder.snapshot())
          reported += now - run.reported
          run.reported = now
        }
        if (what === 'die') {
          registry.retire(run.name)
          runs[worker] = { name: `${worker}.${run.run + 1}`, run: run.run + 1, recorder: new Recorder(), reported: 0 }
        }
        expect(total(registry.cells())).toBe(reported)
        expect(registry.reached()['idleTimeout'] ?? 0).toBe(reported)
        expect(reported).toBeGreaterThanOrEqual(last)
        last = reported
      }
    })
  )
})

test('buckets of the same series are added bucket by bucket', () => {
  const registry = new Registry()
  for (const [name, ms] of [
    ['a', 3],
    ['b', 40]
  ] as const) {
    const recorder = new Recorder()
    recorder.cell(LABELS).record(200, '-', ms)
    registry.update(name, recorder.snapshot())
  }
  const [cell] = registry.cells()
  expect(cell?.counts).toHaveLength(1)
  expect(cell?.counts[0]).toMatchObject({ count: 2, sum: 43 })
  expect(cell?.counts[0]?.buckets.slice(0, 6)).toEqual([0, 0, 1, 0, 0, 1])
})

test('sizes are added up, and gRPC stays apart', () => {
  const registry = new Registry()
  for (const worker of ['0.0', '1.0']) {
    const recorder = new Recorder()
    const cell = recorder.cell(LABELS)
    cell.record(200, '-', 1, { grpc: undefined, requestBytes: 10, responseBytes: 300 })
    if (worker === '0.0') cell.record(200, '-', 1, { grpc: '0', requestBytes: 1, responseBytes: 1 })
    registry.update(worker, recorder.snapshot())
  }
  const counts = registry.cells()[0]?.counts ?? []
  expect(counts.map(({ grpc, count, sizes }) => [grpc, count, sizes?.request.sum, sizes?.response.sum])).toEqual([
    [undefined, 2, 20, 600],
    ['0', 1, 1, 1]
  ])
  expect(counts[0]?.sizes?.response.buckets.reduce((sum, value) => sum + value, 0)).toBe(2)
})

test('connections of all workers are added up, of those too that are gone', () => {
  const registry = new Registry()
  for (const run of ['0.1', '1.1']) {
    const recorder = new Recorder()
    recorder.cell(LABELS).addStream('-', { opened: 2, closed: 1, sent: 3, received: 4 })
    recorder.cell(LABELS).addStream(run, { opened: 1 })
    registry.update(run, recorder.takeChanged())
  }
  const sum = { flags: '-', opened: 4, closed: 2, sent: 6, received: 8 }
  expect(registry.cells()[0]?.streams).toContainEqual(sum)
  registry.retire('0.1')
  expect(registry.cells()[0]?.streams).toContainEqual(sum)
  expect(registry.cells()[0]?.streams).toHaveLength(3)
  expect(registry.cells()[0]?.counts).toEqual([])
})
