import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CsvProblem, readCsv } from './backtest-csv.ts'

function fileOf(...lines: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'serin-csv-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'history.csv')
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

const never = new AbortController().signal
const HEAD = 'time,pod,requests,failures'
const manyRows = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${1_790_000_000 + 5 * index},a,${2 * index},0`)

test('rows are counters of pods at instants, in any order of columns; comments and blank lines are passed over', async () => {
  const traffic = await readCsv(
    fileOf(
      '# of Monday',
      'pod,"time",le_500,requests,failures,le_100',
      'a,1790000000,0,0,0,0',
      'b,1790000000,5,5,0,5',
      '',
      'a,1790000015,9,10,1,4',
      'b,2026-09-21T14:13:35Z,6,8,0,6'
    ),
    undefined,
    never
  )
  expect(traffic.grid).toEqual({ start: 1_790_000_000_000, look: 15_000, edges: [100, 500] })
  expect(traffic.counts('a', 1)).toEqual({ requests: 10, failures: 1, timed: 10, slower: [6, 1] })
  expect(traffic.counts('b', 1)).toEqual({ requests: 3, failures: 0, timed: 3, slower: [2, 2] })
})

test('looks are as far apart as rows, or as asked', async () => {
  const rows = [0, 30, 60, 90].map((second) => `${1_790_000_000 + second},a,${second},0`)
  expect((await readCsv(fileOf(HEAD, ...rows), undefined, never)).grid.look).toBe(30_000)
  const asked = await readCsv(fileOf(HEAD, ...rows), 60_000, never)
  expect(asked.grid.look).toBe(60_000)
  expect([0, 1, 2].map((look) => asked.counts('a', look).requests)).toEqual([0, 60, 30])
})

test('a long file is read in batches without losing what is between them', async () => {
  const traffic = await readCsv(fileOf(HEAD, ...manyRows(45_001)), undefined, never)
  let sum = 0
  for (let look = 0; look < traffic.looks; look++) sum += traffic.counts('a', look).requests
  expect(sum).toBe(90_000)
})

test.each([
  [['time,pod,requests'], ':1: the header has no column failures; it must have time, pod, requests and failures'],
  [[`${HEAD},latency`], ':1: column "latency" is none of time, pod, requests, failures, le_MS'],
  [[HEAD, 'yesterday,a,1,0'], ':2: time "yesterday" is neither seconds since 1970 nor like 2026-11-22T10:00:00Z'],
  [[HEAD, '5,a,1,'], ':2: failures "" is no count'],
  [[HEAD, '5,a,-1,0'], ':2: requests "-1" is no count'],
  [[HEAD, '5,,1,0'], ':2: the pod has no name'],
  [[HEAD, '5,a,1,0', '5,a,2,0'], ':3: pod a has a row that is not later than the one before'],
  [[HEAD, '5,a,1,0', '4,b,2,0'], ':3: its time is before that of the first row: sort the rows by time'],
  [[HEAD], ' has no row'],
  [[''], ' has no header: time,pod,requests,failures'],
  [[HEAD, `5,${'x'.repeat(10_001)},1,0`], ':2: the line is longer than 10000 characters']
])('%j is no history: %s', async (lines, message) => {
  const file = fileOf(...lines)
  const reading = readCsv(file, undefined, never)
  await expect(reading).rejects.toThrow(CsvProblem)
  await expect(reading).rejects.toThrow(`${file}${message}`)
})

test('a file that is not there is an error of the system', async () => {
  await expect(readCsv('/nowhere/history.csv', undefined, never)).rejects.toThrow('ENOENT')
})

test('a signal ends the reading of a long file', async () => {
  const stop = new AbortController()
  const reading = readCsv(fileOf(HEAD, ...manyRows(45_001)), undefined, stop.signal)
  const reason = new Error('enough')
  setImmediate(() => stop.abort(reason))
  await expect(reading).rejects.toBe(reason)
})
