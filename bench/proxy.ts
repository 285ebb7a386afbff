// What a request costs one worker of Serin, beside the proxies that are installed, in one run of alternating rounds (proxy.md 1 and 10).
// All have the same backend and the core of the proxies to themselves while they are asked. Usage: node bench/proxy.ts [--rounds N] [--seconds N]

import { alone } from './lib/command.ts'
import type { Bench, BenchOptions, Finding } from './lib/finding.ts'
import { rssOf } from './lib/proc.ts'
import { HOW_TO_GET, neededProgram } from './lib/programs.ts'
import { type Proxy, RIVALS, startLoggingEnvoy, startNaive, startRival, startSerin } from './lib/proxies.ts'
import { type Stage, onStage } from './lib/stage.ts'
import { startBackend } from './lib/backend.ts'
import { checkRules } from './lib/rule-check.ts'
import { type Sample, sample, warm } from './lib/sample.ts'
import { type Measured, proxyFigures, proxyTables } from './proxy-report.ts'
import { type Row, ROWS } from './proxy-rows.ts'

/** Those that do the work of a mesh. */
const MESH: readonly string[] = ['serin', 'envoy']

interface Field {
  readonly all: readonly Proxy[]
  /** Serin and Envoy with their access logs. */
  readonly logging: readonly Proxy[]
  readonly missing: readonly string[]
}

export const proxyBench: Bench = {
  name: 'proxy',
  question: 'what does a request cost?',
  duration: ({ rounds, seconds }) => 35 + ROWS.length * 6 * (1 + rounds * seconds) * 1.05,
  run: (options) => onStage((stage) => run(stage, options))
}

async function run(stage: Stage, options: BenchOptions): Promise<Finding> {
  neededProgram('wrk')
  const field = await start(stage)
  const script = stage.write('post.lua', 'wrk.method = "POST"\nwrk.body = string.rep("p", 10240)\n')
  const measured = new Map<Row, Measured>()
  for (const row of ROWS) measured.set(row, await measureRow(row, { field, script, options }))
  const worker = field.all.find(({ name }) => name === 'serin')
  const rss = worker === undefined ? Number.NaN : rssOf(worker.pids) / 1024
  return {
    tables: proxyTables(measured),
    figures: [...proxyFigures(measured), { id: 'RSS after all rows, MB', value: rss, better: 'less', scale: 'machine', limit: 130 }],
    notes: [
      'us: CPU time of the proxy for one request, user and system, medians over rounds; ratios are medians of the ratios of each round.',
      `RSS of the worker after all rows: ${rss.toFixed(0)} MB (wanted: at most 130).`,
      ...(field.missing.length === 0 ? [] : [`Not installed: ${field.missing.join(', ')}; ${HOW_TO_GET}.`])
    ]
  }
}

async function start(stage: Stage): Promise<Field> {
  const before = { stage, backend: await startBackend(stage) }
  const rivals: Proxy[] = []
  for (const name of RIVALS) rivals.push(...[await startRival(name, before)].filter((proxy) => proxy !== undefined))
  const logging = [await startLoggingEnvoy(before), await startSerin(before, { logs: true })].filter((proxy) => proxy !== undefined)
  const all = [...rivals, await startSerin(before), await startNaive(before)]
  for (const proxy of [...all, ...logging]) if (MESH.includes(proxy.name)) await checkRules(proxy)
  for (const proxy of [...all, ...logging]) await warm(proxy)
  const missing = RIVALS.filter((name) => rivals.every((proxy) => proxy.name !== name))
  return { all, logging, missing }
}

interface Measuring {
  readonly field: Field
  readonly script: string
  readonly options: BenchOptions
}

async function measureRow(row: Row, { field, script, options }: Measuring): Promise<Measured> {
  // nginx does not log in this row either: the ratio to it says what the log costs.
  const proxies = row.logged ? [...field.all.filter(({ name }) => name === 'nginx'), ...field.logging] : field.all
  const shape = { path: row.path, connections: row.connections, script: row.post ? script : undefined }
  const samples = new Map<string, Sample[]>(proxies.map(({ name }) => [name, []]))
  // One more round before the others: connections are opened, code is compiled.
  for (let round = -1; round < options.rounds; round += 1) {
    for (const proxy of proxies) {
      const taken = await sample(proxy, shape, round < 0 ? 1 : options.seconds)
      if (round >= 0) samples.get(proxy.name)?.push(taken)
    }
  }
  return samples
}

if (import.meta.main) await alone(proxyBench)
