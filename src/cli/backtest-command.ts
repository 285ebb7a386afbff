// `serin backtest`: reads history, replays it, and prints what it says. Loaded when it is asked for.

import { setImmediate } from 'node:timers/promises'
import { systemClock } from '../host/system-clock.ts'
import { guardedFetch } from '../remote/guarded-fetch.ts'
import { PrometheusFailure, PrometheusRanges } from '../remote/prometheus-ranges.ts'
import { backtestOf, TooLittleData } from '../sim/backtest.ts'
import { type PodTraffic, TooMuchTraffic } from '../sim/pod-traffic.ts'
import { untilAsked } from './asked.ts'
import { CsvProblem, readCsv } from './backtest-csv.ts'
import type { BacktestOptions } from './backtest-options.ts'
import { readPrometheus } from './backtest-prometheus.ts'
import { backtestJson, backtestLines } from './backtest-view.ts'
import { plainText } from './plain-text.ts'
import { complain, say } from './terminal.ts'

const INTERRUPTED = 130

/** Runs it; resolves with the exit status. Rejects for a bug only. */
export async function runBacktest(options: BacktestOptions): Promise<number> {
  const asked = new AbortController()
  void untilAsked().then(() => asked.abort(new Error('asked to end')))
  try {
    const traffic = await trafficOf(options, asked.signal)
    const found = await backtestOf(traffic, options, breath(asked.signal))
    const subject = { name: nameOf(options), look: traffic.grid.look, terms: options }
    if (options.output === 'json') say(backtestJson(found, subject))
    else for (const line of backtestLines(found, subject)) say(line)
    return 0
  } catch (error) {
    if (asked.signal.aborted) return INTERRUPTED
    const code = codeOf(error)
    if (code === undefined || !(error instanceof Error)) throw error
    complain(plainText(error instanceof TooMuchTraffic ? `${error.message}: use a longer --look, or a shorter --since` : error.message))
    return code
  }
}

function trafficOf({ source, look, objective }: BacktestOptions, signal: AbortSignal): Promise<PodTraffic> {
  if (source.kind === 'csv') return readCsv(source.file, look, signal)
  const { url, headers, namespace, workload, since, until } = source
  const to = until ?? systemClock().now()
  // Whole seconds, as Prometheus spells instants.
  const end = Math.floor(to / 1000) * 1000
  return readPrometheus(
    new PrometheusRanges({ url, headers }, guardedFetch()),
    { namespace, workload, from: end - since, to: end, look, objective },
    signal
  )
}

// A Ctrl-C is heard between two stretches of time.
function breath(signal: AbortSignal): () => Promise<void> {
  return async () => {
    await setImmediate()
    signal.throwIfAborted()
  }
}

function nameOf({ source }: BacktestOptions): string {
  return source.kind === 'csv' ? source.file : `${source.namespace}/${source.workload}`
}

function codeOf(error: unknown): number | undefined {
  if (error instanceof PrometheusFailure || error instanceof TooLittleData || error instanceof TooMuchTraffic) return 1
  if (error instanceof CsvProblem || (error instanceof Error && 'code' in error && 'syscall' in error)) return 2
  return undefined
}
