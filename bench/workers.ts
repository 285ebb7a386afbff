// What a second worker brings: both take requests, nothing is counted twice or not at all, and the rate nearly doubles where there are cores
// for it. Usage: node bench/workers.ts [--rounds N] [--seconds N]

import type { CellData } from '../src/metrics/recorder.ts'
import { startBackend } from './lib/backend.ts'
import { alone } from './lib/command.ts'
import type { Bench, BenchOptions, Figure, Finding } from './lib/finding.ts'
import { cpuOf } from './lib/proc.ts'
import { neededProgram } from './lib/programs.ts'
import { type Sample, sample, warm } from './lib/sample.ts'
import { type Serving, startWorkers } from './lib/serin-workers.ts'
import { CORE_COUNT, type Stage, onStage } from './lib/stage.ts'
import { median, medianRatio } from './lib/statistics.ts'
import { steady } from './lib/steady.ts'
import { CALLED } from './proxy-rules.ts'

const ACTIVE = { path: '/100', connections: 128 }
const REQUEST = `GET /100 HTTP/1.1\r\nHost: ${CALLED}\r\n\r\n`
const RATE = 2000
/** Two workers, a generator and a backend. */
const CORES_NEEDED = 4
/** A worker is busy when it does at least this share of the work. */
const FAIR = 0.25

export const workersBench: Bench = {
  name: 'workers',
  question: 'what does a second worker bring?',
  duration: ({ rounds, seconds }) => 8 + rounds * 2 * seconds + 2 + seconds,
  run: (options) => onStage((stage) => run(stage, options))
}

async function run(stage: Stage, { rounds, seconds }: BenchOptions): Promise<Finding> {
  for (const name of ['wrk', 'nginx']) neededProgram(name)
  const backend = await startBackend(stage)
  const enough = CORE_COUNT >= CORES_NEEDED
  const one = await startWorkers(stage, backend, { count: 1 })
  const two = await startWorkers(stage, backend, { count: 2 })
  // First, while nothing else was counted: requests that wrk cuts off at its end are counted after it.
  const totals = await exactly(two, seconds)
  const samples = await measure([one, two], rounds, seconds)
  const whole = samples.used.reduce((sum, used) => sum + used, 0)
  const shares = samples.used.map((used) => used / whole)
  const rps = medianRatio(
    samples.two.map((each) => each.rps),
    samples.one.map((each) => each.rps)
  )
  const cpu = medianRatio(
    samples.two.map((each) => each.cpu),
    samples.one.map((each) => each.cpu)
  )
  return {
    tables: [
      { title: 'One worker and two', columns: COLUMNS, rows: [rowOf('1', samples.one), rowOf('2', samples.two)] },
      {
        title: 'Counted',
        columns: ['requests sent', 'answered', 'counted by the workers'],
        rows: [[totals.sent, totals.good, totals.counted].map(String)]
      }
    ],
    figures: [
      ...(enough ? ([{ id: 'requests/s of two against one', value: rps, better: 'more', scale: 'ratio', limit: 1.8 }] as const) : []),
      { id: 'CPU per request of two against one', value: cpu, better: 'less', scale: 'ratio', limit: 1.15 },
      { id: 'share of the less busy worker', value: Math.min(...shares), better: 'more', scale: 'ratio', limit: FAIR, grain: 0.1 },
      {
        id: 'requests counted wrongly',
        value: Math.abs(totals.counted - totals.sent) + totals.bad,
        better: 'less',
        scale: 'ratio',
        limit: 0
      },
      errorsFigure([...samples.one, ...samples.two])
    ],
    notes: [
      `Shares of the two workers, by CPU time: ${shares.map((share) => share.toFixed(2)).join(' and ')}.`,
      ...(enough
        ? []
        : [
            `That two do 1.8 times as much as one cannot be seen here: it takes ${CORES_NEEDED} cores, and this machine has ${CORE_COUNT}. Both run on one core.`
          ])
    ]
  }
}

const COLUMNS = ['workers', 'requests/s', 'CPU per request, us', 'p99 ms', 'errors']

function rowOf(count: string, samples: readonly Sample[]): string[] {
  const of = (read: (one: Sample) => number): number => median(samples.map(read))
  return [
    count,
    of(({ rps }) => rps).toFixed(0),
    of(({ cpu }) => cpu).toFixed(1),
    of(({ p99 }) => p99).toFixed(1),
    String(errorsIn(samples))
  ]
}

const errorsIn = (samples: readonly Sample[]): number => samples.reduce((sum, one) => sum + one.errors, 0)
const errorsFigure = (samples: readonly Sample[]): Figure => ({
  id: 'errors',
  value: errorsIn(samples),
  better: 'less',
  scale: 'ratio',
  limit: 0
})

interface Samples {
  readonly one: readonly Sample[]
  readonly two: readonly Sample[]
  /** CPU time of each of the two workers in all rounds. */
  readonly used: readonly number[]
}

async function measure([one, two]: readonly [Serving, Serving], rounds: number, seconds: number): Promise<Samples> {
  const [single, both]: [Sample[], Sample[]] = [[], []]
  const each = { name: 'serin' }
  for (const serving of [one, two]) await warm({ ...each, ...serving })
  const before = two.pids.map((pid) => cpuOf([pid]))
  for (let round = 0; round < rounds; round += 1) {
    single.push(await sample({ ...each, ...one }, ACTIVE, seconds))
    both.push(await sample({ ...each, ...two }, ACTIVE, seconds))
  }
  return { one: single, two: both, used: two.pids.map((pid, at) => cpuOf([pid]) - (before[at] ?? 0)) }
}

interface Totals {
  readonly sent: number
  readonly good: number
  readonly bad: number
  readonly counted: number
}

/** Requests that are sent to their end, and what the workers say they were. */
async function exactly({ workers, registry, port }: Serving, seconds: number): Promise<Totals> {
  const signal = AbortSignal.timeout(seconds * 1000)
  const { sent, good, bad } = await steady({ port, request: REQUEST, rate: RATE, connections: 64, signal })
  await workers.collect()
  return { sent, good, bad, counted: requestsIn(registry.cells()) }
}

function requestsIn(cells: readonly CellData[]): number {
  const counts = cells.filter(({ labels }) => labels.reporter === 'source').flatMap(({ counts }) => counts)
  return counts.reduce((sum, { count }) => sum + count, 0)
}

if (import.meta.main) await alone(workersBench)
