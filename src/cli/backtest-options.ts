// The command line of `serin backtest`.

import { chanceIn } from '../gate/words.ts'
import type { Millis } from '../std/clock.ts'
import { parseInstant } from '../std/instant.ts'

/** What `serin backtest` was asked to do. */
export interface BacktestOptions {
  readonly source:
    | {
        readonly kind: 'prometheus'
        readonly url: string
        readonly headers: Readonly<Record<string, string>>
        readonly namespace: string
        readonly workload: string
        readonly since: Millis
        /** undefined: now. */
        readonly until: Millis | undefined
      }
    | { readonly kind: 'csv'; readonly file: string }
  /** undefined: as often as there are counters. */
  readonly look: Millis | undefined
  readonly rollout: Millis
  readonly alpha: number
  readonly objective: Millis | undefined
  readonly incidents: readonly { readonly from: Millis; readonly to: Millis }[]
  readonly output: 'text' | 'json'
}

export const BACKTEST_USAGE = `serin backtest --prometheus URL --workload NAMESPACE/NAME [--since 14d] [options]
serin backtest --csv FILE [options]
    The gate on history: each pod in turn as if it were a canary, against the others in the same seconds. Says how often it would have
    rolled back what was no canary, how bursty failures are, and whether known incidents would have been caught (docs/backtest.md).
    --prometheus URL      has Istio's metrics of the workload's pods (reporter="destination")
    --workload NS/NAME    its destination_workload_namespace and destination_workload
    --since DURATION      how far back, e.g. 14d or 36h (default 14d)
    --until INSTANT       to when, e.g. 2026-11-22T10:00:00Z (default now)
    --header NAME:VALUE   of each call of Prometheus, e.g. 'Authorization: Bearer ...'; may be repeated
    --csv FILE            time,pod,requests,failures[,le_100,...]: cumulative counters, a row for each pod and instant
    --incident FROM..TO   when something was wrong, e.g. 2026-11-20T10:00:00Z..2026-11-20T10:20:00Z; may be repeated
    --rollout DURATION    length of a placebo rollout (default 30m)
    --look DURATION       how often the gate looks (default: as often as the counters are there)
    --alpha CHANCE        of a false rollback, as the Canary has it (default 1%)
    --objective MS        the latency that an objective names, one of the histogram's edges
    -o json               for programs
    Exit status: 0 when it has an answer, whatever it is; 1 when there is no data, or too little; 2 when the command line or the file
    cannot be used.
`

export const BACKTEST_FLAGS: ReadonlySet<string> = new Set([
  '--prometheus',
  '--workload',
  '--since',
  '--until',
  '--header',
  '--csv',
  '--incident',
  '--rollout',
  '--look',
  '--alpha',
  '--objective',
  '-o',
  '--output'
])

type Words = ReadonlyMap<string, readonly string[]>

/** The options, or what is wrong with them. */
export function backtestOptions(flags: Words): BacktestOptions | string {
  const problems: string[] = []
  const read: Read = (name, parse, wanted) => {
    const text = flags.get(name)?.at(-1)
    const value = text === undefined ? undefined : parse(text)
    if (text !== undefined && value === undefined) problems.push(`${name} must be ${wanted}, not "${text}"`)
    return value
  }
  const source = sourceOf(flags, read)
  const options = {
    look: read('--look', atLeast(1_000), 'a duration of a second or more, such as 15s'),
    rollout: read('--rollout', atLeast(60_000), 'a duration of a minute or more, such as 30m') ?? 1_800_000,
    alpha: read('--alpha', chanceIn, 'a chance such as 0.01 or 1%, more than 0 and at most 0.5') ?? 0.01,
    objective: read('--objective', millisOf, 'milliseconds such as 500'),
    output: read('-o', outputOf, 'json') ?? read('--output', outputOf, 'json') ?? 'text'
  }
  const incidents = (flags.get('--incident') ?? []).map(incidentOf)
  if (typeof source === 'string') return source
  const wrong = problems[0] ?? incidents.find((each) => typeof each === 'string')
  return wrong ?? { source, ...options, incidents: incidents.filter((each) => typeof each !== 'string') }
}

type Read = <T>(name: string, parse: (text: string) => T | undefined, wanted: string) => T | undefined

const ONLY_PROMETHEUS = ['--workload', '--since', '--until', '--header']
const TWO_WEEKS: Millis = 14 * 86_400_000

function sourceOf(flags: Words, read: Read): BacktestOptions['source'] | string {
  const file = flags.get('--csv')?.at(-1)
  if ((file === undefined) !== flags.has('--prometheus')) return 'backtest needs either --prometheus URL or --csv FILE'
  if (file === undefined) return prometheusOf(flags, read)
  const beside = ONLY_PROMETHEUS.find((name) => flags.has(name))
  return beside === undefined ? { kind: 'csv', file } : `${beside} is for --prometheus: a file has all that is read of it`
}

function prometheusOf(flags: Words, read: Read): BacktestOptions['source'] | string {
  const url = read('--prometheus', urlOf, 'a URL such as http://127.0.0.1:9090') ?? ''
  const since = read('--since', atLeast(600_000), 'a duration of ten minutes or more, such as 14d') ?? TWO_WEEKS
  const until = read('--until', parseInstant, 'an instant such as 2026-11-22T10:00:00Z')
  const whose = read('--workload', whoseOf, 'NAMESPACE/NAME')
  if (!flags.has('--workload')) return 'backtest of a Prometheus needs --workload NAMESPACE/NAME'
  const headers = headersOf(flags.get('--header') ?? [])
  if (typeof headers === 'string') return headers
  return { kind: 'prometheus', url, headers, namespace: '', workload: '', ...whose, since, until }
}

function whoseOf(text: string): { readonly namespace: string; readonly workload: string } | undefined {
  const [, namespace, workload] = /^([a-z0-9.-]+)\/([a-zA-Z0-9.-]+)$/.exec(text) ?? []
  return namespace === undefined || workload === undefined ? undefined : { namespace, workload }
}

function urlOf(text: string): string | undefined {
  const url = URL.parse(text)
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url.href.replace(/\/$/, '') : undefined
}

function headersOf(words: readonly string[]): Readonly<Record<string, string>> | string {
  const headers: [string, string][] = []
  for (const word of words) {
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+)\s*:\s*([\t\x20-\x7e]*)$/.exec(word) ?? []
    // The value may be a secret.
    if (name === undefined || value === undefined) return '--header must be NAME:VALUE'
    headers.push([name.toLowerCase(), value])
  }
  return Object.fromEntries(headers)
}

function incidentOf(word: string): BacktestOptions['incidents'][number] | string {
  const [first, second, ...more] = word.split('..')
  const [from, to] = [parseInstant(first), parseInstant(second)]
  if (from === undefined || to === undefined || more.length > 0 || to <= from) {
    return `--incident must be FROM..TO, such as 2026-11-20T10:00:00Z..2026-11-20T10:20:00Z, not "${word}"`
  }
  return { from, to }
}

const UNITS: Readonly<Record<string, Millis>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

// Durations as they are written, none shorter than `least`.
function atLeast(least: Millis): (text: string) => Millis | undefined {
  return (text) => {
    if (!/^(\d{1,6}[smhdw])+$/.test(text)) return undefined
    const parts = [...text.matchAll(/(\d+)([smhdw])/g)]
    const whole = parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0), 0)
    return whole < least ? undefined : whole
  }
}

function millisOf(text: string): Millis | undefined {
  return /^\d{1,7}(ms)?$/.test(text) ? Number.parseInt(text, 10) : undefined
}

function outputOf(text: string): BacktestOptions['output'] | undefined {
  return text === 'json' || text === 'text' ? text : undefined
}
