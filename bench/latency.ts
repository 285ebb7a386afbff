// How long requests take when they come at a rate that Envoy bears well: p99 at 70 % of what Envoy can do in the same run. The load is an
// open loop (lib/steady.ts): what waits is timed from when it was due. Usage: node bench/latency.ts [--rounds N] [--seconds N]

import { startBackend } from './lib/backend.ts'
import { alone } from './lib/command.ts'
import type { Bench, BenchOptions, Finding } from './lib/finding.ts'
import { neededProgram } from './lib/programs.ts'
import { type Proxy, startRival, startSerin } from './lib/proxies.ts'
import { sample, warm } from './lib/sample.ts'
import { type Stage, onStage } from './lib/stage.ts'
import { median, medianRatio } from './lib/statistics.ts'
import { type SteadyReport, steady } from './lib/steady.ts'
import { HEADERS } from './lib/wrk.ts'
import { CALLED } from './proxy-rules.ts'

const SHARE = 0.7
const CONNECTIONS = 64
/** A measurement is so many times the seconds asked for: p99 needs requests. */
const LONGER = 2
const REQUEST = `GET /100 HTTP/1.1\r\n${[`Host: ${CALLED}`, ...HEADERS].join('\r\n')}\r\n\r\n`

export const latencyBench: Bench = {
  name: 'latency',
  question: `how long do requests take at ${SHARE * 100} % of Envoy's capacity?`,
  duration: ({ rounds, seconds }) => 15 + rounds * (seconds + 3 * LONGER * seconds) + 3,
  run: (options) => onStage((stage) => run(stage, options))
}

async function run(stage: Stage, { rounds, seconds }: BenchOptions): Promise<Finding> {
  for (const name of ['wrk', 'envoy']) neededProgram(name)
  const before = { stage, backend: await startBackend(stage) }
  const started = [await startRival('envoy', before), await startRival('nginx', before), await startSerin(before)]
  const proxies = started.filter((proxy) => proxy !== undefined)
  for (const proxy of proxies) await warm(proxy)
  const envoy = proxies.filter(({ name }) => name === 'envoy')
  const capacities: number[] = []
  for (const proxy of envoy)
    for (let round = 0; round < rounds; round += 1) {
      capacities.push((await sample(proxy, { path: '/100', connections: CONNECTIONS }, seconds)).rps)
    }
  const rate = Math.round(median(capacities) * SHARE)
  for (const proxy of proxies) await underLoad(proxy, rate, 1)
  const reports = new Map<string, SteadyReport[]>(proxies.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round += 1)
    for (const proxy of proxies) reports.get(proxy.name)?.push(await underLoad(proxy, rate, seconds * LONGER))
  return finding(reports, rate)
}

async function underLoad(proxy: Proxy, rate: number, seconds: number): Promise<SteadyReport> {
  const signal = AbortSignal.timeout(seconds * 1000)
  return steady({ port: proxy.port, request: REQUEST, rate, connections: CONNECTIONS, signal })
}

function finding(reports: ReadonlyMap<string, readonly SteadyReport[]>, rate: number): Finding {
  const quantiles = (name: string, q: number): number[] => (reports.get(name) ?? []).map(({ latency }) => latency.quantile(q) ?? Number.NaN)
  const worst = (one: readonly SteadyReport[]): number => median(one.map(({ lateness }) => lateness.quantile(0.99) ?? Number.NaN))
  const sum = (own: readonly SteadyReport[], read: (one: SteadyReport) => number): number => own.reduce((all, one) => all + read(one), 0)
  // What was due when a run ended and could not be sent long after it is Serin's own matter.
  const failed = sum([...reports.values()].flat(), ({ bad }) => bad)
  const bad = failed + sum(reports.get('serin') ?? [], ({ unsent }) => unsent)
  const rows = [...reports].map(([name, own]) => [
    name,
    ...[0.5, 0.9, 0.99].map((q) => median(quantiles(name, q)).toFixed(2)),
    worst(own).toFixed(2),
    ...[sum(own, ({ sent }) => sent), sum(own, (one) => one.bad), sum(own, ({ unsent }) => unsent)].map(String)
  ])
  const title = `${rate} requests per second on ${CONNECTIONS} connections, 100 B: milliseconds from due to answered`
  return {
    tables: [{ title, columns: ['proxy', 'p50', 'p90', 'p99', 'p99 from due to sent', 'requests', 'failed', 'never sent'], rows }],
    figures: [
      {
        id: 'p99 against envoy',
        value: medianRatio(quantiles('serin', 0.99), quantiles('envoy', 0.99)),
        better: 'less',
        scale: 'ratio',
        limit: 1
      },
      { id: 'failed or unsent requests', value: bad, better: 'less', scale: 'ratio', limit: 0 }
    ],
    notes: [
      'Requests are due in a batch at each millisecond; one that waits for a connection, or for this generator, is timed from when it was due.'
    ]
  }
}

if (import.meta.main) await alone(latencyBench)
