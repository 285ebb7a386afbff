// What connections cost that only wait: memory of each, and how active traffic fares beside them; and how much memory long bodies leave
// behind. Usage: node bench/idle.ts [--rounds N] [--seconds N]

import { execFileSync } from 'node:child_process'
import { startBackend } from './lib/backend.ts'
import { alone } from './lib/command.ts'
import type { Bench, BenchOptions, Finding } from './lib/finding.ts'
import { IdleConnections } from './lib/idle-connections.ts'
import { rssOf } from './lib/proc.ts'
import { neededProgram } from './lib/programs.ts'
import { type Before, type Proxy, startRival, startSerin } from './lib/proxies.ts'
import { type Sample, sample, warm } from './lib/sample.ts'
import { type Stage, onStage } from './lib/stage.ts'
import { median, medianRatio } from './lib/statistics.ts'
import { CALLED } from './proxy-rules.ts'

const WANTED = 10_000
/** Descriptors that a proxy or this process needs for other things. */
const RESERVED = 500
const REQUEST = `GET /100 HTTP/1.1\r\nHost: ${CALLED}\r\n\r\n`
const ACTIVE = { path: '/100', connections: 64 }
/** Node gives memory back late: what a proxy has is looked at after a while. */
const SETTLE_MS = 1000

interface Measured {
  readonly name: string
  /** MB: before the connections, with them, after long bodies. */
  readonly bare: number
  readonly held: number
  readonly long: number
  readonly perConnection: number
  readonly without: readonly Sample[]
  readonly beside: readonly Sample[]
  readonly lost: number
}

export const idleBench: Bench = {
  name: 'idle',
  question: 'what do connections cost that only wait?',
  duration: ({ rounds, seconds }) => 15 + (rounds + 4) * (2 * seconds + 5) + 3 * 3,
  run: (options) => onStage((stage) => run(stage, options))
}

async function run(stage: Stage, { rounds, seconds }: BenchOptions): Promise<Finding> {
  for (const name of ['wrk', 'nginx']) neededProgram(name)
  const count = Math.min(WANTED, descriptors() - RESERVED)
  const before = { stage, backend: await startBackend(stage) }
  const serin = await measure(await startSerin(before), { count, rounds, seconds })
  // Theirs are for comparison only: one round.
  const others: Measured[] = []
  for (const proxy of await rivals(before)) others.push(await measure(proxy, { count, rounds: 1, seconds }))
  const all = [serin, ...others]
  return {
    tables: [table(all, count)],
    figures: [
      { id: 'KB for each idle connection', value: serin.perConnection, better: 'less', scale: 'machine', limit: 6 },
      { id: 'RSS after 1 MB bodies, MB', value: serin.long, better: 'less', scale: 'machine', limit: 130 },
      {
        id: 'p99 beside idle ones against without',
        value: ratio(serin, (one) => one.p99),
        better: 'less',
        scale: 'ratio',
        limit: 3,
        grain: 1
      },
      {
        id: 'requests/s beside idle ones against without',
        value: ratio(serin, (one) => one.rps),
        better: 'more',
        scale: 'ratio',
        limit: 0.95
      },
      { id: 'idle connections lost, and errors', value: serin.lost + errorsOf(serin), better: 'less', scale: 'ratio', limit: 0 }
    ],
    notes: [
      ...(count < WANTED ? [`${count} connections instead of ${WANTED}: a process may have ${descriptors()} descriptors here.`] : []),
      'Each idle connection was answered once. KB are resident memory of the process; the buffers of the kernel are not in them.',
      'RSS after 1 MB bodies: 16 connections for as long as the other measurements, before the idle ones.'
    ]
  }
}

async function rivals(before: Before): Promise<Proxy[]> {
  const started = [await startRival('nginx', before), await startRival('envoy', before)]
  return started.filter((proxy) => proxy !== undefined)
}

interface Measuring extends BenchOptions {
  readonly count: number
}

async function measure(proxy: Proxy, { count, rounds, seconds }: Measuring): Promise<Measured> {
  const [without, beside]: [Sample[], Sample[]] = [[], []]
  const idle = new IdleConnections()
  await warm(proxy)
  await sample(proxy, { path: '/1m', connections: 16 }, Math.max(2, seconds))
  const long = await settled(proxy)
  const [bare, held]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    without.push(await sample(proxy, ACTIVE, seconds))
    bare.push(await settled(proxy))
    await idle.open(proxy.port, REQUEST, count)
    held.push(await settled(proxy))
    beside.push(await sample(proxy, ACTIVE, seconds))
    await idle.close()
    // The proxy hears of it later: what that costs it is not the next round's.
    await settled(proxy)
  }
  // Memory that was needed once is not given back: only the first time shows what connections need.
  const [first = Number.NaN, last = Number.NaN] = [bare[0], held[0]]
  const perConnection = ((last - first) * 1024) / count
  return { name: proxy.name, bare: first, held: last, long, perConnection, without, beside, lost: idle.lost }
}

async function settled(proxy: Proxy): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  return rssOf(proxy.pids) / 1024
}

const ratio = ({ beside, without }: Measured, read: (one: Sample) => number): number => medianRatio(beside.map(read), without.map(read))
const errorsOf = ({ beside, without }: Measured): number => [...beside, ...without].reduce((sum, one) => sum + one.errors, 0)

function table(all: readonly Measured[], count: number): Finding['tables'][number] {
  const of = (samples: readonly Sample[], read: (one: Sample) => number): number => median(samples.map(read))
  const rows = all.map((one) => [
    one.name,
    one.bare.toFixed(0),
    one.held.toFixed(0),
    one.perConnection.toFixed(1),
    one.long.toFixed(0),
    `${of(one.without, ({ p99 }) => p99).toFixed(1)} -> ${of(one.beside, ({ p99 }) => p99).toFixed(1)}`,
    `${of(one.without, ({ rps }) => rps).toFixed(0)} -> ${of(one.beside, ({ rps }) => rps).toFixed(0)}`,
    String(one.lost + errorsOf(one))
  ])
  const columns = [
    'proxy',
    'RSS without, MB',
    'with them',
    'KB each',
    'after 1 MB bodies, MB',
    'p99 of others, ms',
    'requests/s of others',
    'lost, errors'
  ]
  return { title: `${count} idle connections, others ask on 64`, columns, rows }
}

/** How many files this process may have open; Node raises the soft limit to the hard one by itself. */
function descriptors(): number {
  return Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).replace('unlimited', '1000000'))
}

if (import.meta.main) await alone(idleBench)
