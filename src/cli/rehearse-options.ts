// The command line of `serin rehearse` as data.

import { chanceIn } from '../gate/words.ts'
import { GOOD, type Regression } from '../sim/regression.ts'
import type { Disturbance } from '../sim/service.ts'
import type { Change, PaceWord } from '../sim/what-if.ts'
import type { Millis } from '../std/clock.ts'

/** Of the service: half is within `median`, 99 % within `p99`. */
export interface Latency {
  readonly median: Millis
  readonly p99: Millis
}

/** What `serin rehearse` was asked to do. */
export interface RehearseOptions {
  readonly files: readonly string[]
  /** `NAME` or `NAMESPACE/NAME`; undefined: the only one. */
  readonly canary: string | undefined
  readonly seed: number
  readonly runs: number
  /** Requests a second, and the share of them that fails anyway. */
  readonly rate: number
  readonly baseErrors: number
  readonly latency: Latency
  readonly regressions: readonly Regression[]
  readonly disturbance: Disturbance
  readonly changes: readonly Change[]
  /** Where the picture goes. */
  readonly svg: string | undefined
  readonly output: 'text' | 'json'
}

export const REHEARSE_USAGE = `serin rehearse -f PATH... [--regression 5pt] [--rate RPS] [--base-errors 0.1%] [--latency 60ms/300ms]
               [--disturbance KIND] [--what-if ...] [--runs N] [--seed N] [--canary NAME] [--svg FILE] [-o json]
    What would become of a release under a Canary: one of them told step by step by the whole controller, many by the gate and the rollout's
    steps, beside Flagger's own checks and Argo's on the same simulated traffic. Nothing is changed anywhere.
    -f PATH             where the Canary is: a file, a folder (its YAML and JSON files), or - for standard input; its target is read there
                        too, and the Argo Rollout of the same workload: its steps and AnalysisTemplates are Argo's side (else a sample);
                        a Rollout without a Canary is converted first
    --canary NAME       which one, where there are several; NAMESPACE/NAME too
    --regression LIST   what is wrong with the release: 5pt or 5% fail 5 points more than stable, 2x is twice as slow; default 5pt
    --rate RPS          requests a second (default 100)
    --base-errors SHARE what fails anyway: 0.1% or 0.001 (default 0.1%)
    --latency M/P99     how long requests take: the median and the 99th percentile (default 60ms/300ms)
    --disturbance KIND  what befalls the service meanwhile: calm (default), storms, blips, outage or cold
    --what-if KEY=LIST  a row for each value: alpha=0.001,0.01, rate=10,100, pace=evidence,auto (serin.dev/pace); steps=5,25,50 is one
                        row. May be repeated
    --runs N            rollouts of each bad release (default 500); of good ones two fifths of it
    --seed N            the same seed gives the same bytes (default 1)
    --svg FILE          the distributions as a picture
    -o json             all numbers as JSON
    Exit status: 0 when it was rehearsed; 1 when the Canary cannot be; 2 when the command line or a file cannot be used.
`

/** Options with values. */
export const REHEARSE_FLAGS: ReadonlySet<string> = new Set([
  '-f',
  '--filename',
  '-o',
  '--output',
  '--canary',
  '--seed',
  '--runs',
  '--rate',
  '--base-errors',
  '--latency',
  '--regression',
  '--disturbance',
  '--what-if',
  '--svg'
])

type Words = ReadonlyMap<string, readonly string[]>

const DISTURBED: Readonly<Record<string, Disturbance>> = {
  calm: 'calm',
  storms: 'storms',
  blips: 'blips',
  outage: 'outage',
  cold: 'cold-steps'
}

const MOST_RUNS = 100_000
const MOST_RATE = 1_000_000
const [LEAST_LATENCY, MOST_LATENCY]: readonly [Millis, Millis] = [0.1, 600_000]
const MOST_SEED = 2 ** 32 - 1

/** Reads the options; a text says what is wrong with them. */
export function rehearseOptions(flags: Words): RehearseOptions | string {
  const last = (name: string): string | undefined => flags.get(name)?.at(-1)
  const problems: string[] = []
  const read = <T>(name: string, standard: T, parse: (text: string) => T | undefined, wanted: string): T => {
    const text = last(name)
    const value = text === undefined ? standard : parse(text)
    if (value === undefined) problems.push(`${name} must be ${wanted}, not "${text}"`)
    return value ?? standard
  }
  const files = [...(flags.get('-f') ?? []), ...(flags.get('--filename') ?? [])]
  if (files.length === 0) return 'rehearse needs at least one -f PATH'
  const options: RehearseOptions = {
    files,
    canary: last('--canary'),
    seed: read('--seed', 1, (text) => wholeOf(text, 0, MOST_SEED), `a whole number up to ${MOST_SEED}`),
    runs: read('--runs', 500, (text) => wholeOf(text, 1, MOST_RUNS), `a whole number from 1 to ${MOST_RUNS}`),
    rate: read('--rate', 100, rateOf, `requests a second, more than 0 and at most ${MOST_RATE}`),
    baseErrors: read('--base-errors', 0.001, shareOf, 'a share such as 0.1% or 0.001'),
    latency: read(
      '--latency',
      { median: 60, p99: 300 },
      latencyOf,
      'a median and a larger 99th percentile such as 20ms/80ms or 0.5s/2s, up to 10 minutes'
    ),
    regressions: read(
      '--regression',
      [{ ...GOOD, errors: 0.05 }],
      (text) => listOf(text, regressionOf),
      'points such as 5pt, a factor such as 2x, or a list of them'
    ),
    disturbance: read<Disturbance>('--disturbance', 'calm', (text) => DISTURBED[text], Object.keys(DISTURBED).join(', ')),
    changes: changesOf(flags.get('--what-if') ?? [], problems),
    svg: last('--svg'),
    output: read<RehearseOptions['output']>(flags.has('-o') ? '-o' : '--output', 'text', outputOf, 'json')
  }
  return problems.length > 0 ? problems.join('; ') : options
}

function outputOf(text: string): 'json' | undefined {
  return text === 'json' ? text : undefined
}

function changesOf(words: readonly string[], problems: string[]): readonly Change[] {
  return words.flatMap((word) => {
    const found = changeOf(word)
    if (found === undefined)
      problems.push(`--what-if must be alpha=LIST, rate=LIST, steps=LIST or pace=interval,evidence,auto, not "${word}"`)
    return found ?? []
  })
}

function changeOf(word: string): readonly Change[] | undefined {
  const [, key, list = ''] = /^(\w+)=(.+)$/.exec(word) ?? []
  switch (key) {
    case 'alpha':
      return listOf(list, chanceIn)?.map((alpha) => ({ kind: 'alpha', alpha }))
    case 'rate':
      return listOf(list, rateOf)?.map((rate) => ({ kind: 'rate', rate }))
    case 'pace':
      return listOf(list, paceOf)?.map((pace) => ({ kind: 'pace', pace }))
    case 'steps': {
      const weights = listOf(list, (text) => wholeOf(text, 1, 100))
      const rises = weights?.every((weight, index) => weight > (weights[index - 1] ?? 0))
      return weights !== undefined && rises === true ? [{ kind: 'steps', weights }] : undefined
    }
    default:
      return undefined
  }
}

// undefined when one of them cannot be read.
function listOf<T>(text: string, parse: (word: string) => T | undefined): readonly T[] | undefined {
  const words = text.split(',')
  const values = words.flatMap((word): readonly T[] => {
    const value = parse(word.trim())
    return value === undefined ? [] : [value]
  })
  return values.length === words.length ? values : undefined
}

function regressionOf(text: string): Regression | undefined {
  const [, number, unit] = /^\+?(\d+(?:\.\d+)?)(pt|%|x)$/.exec(text) ?? []
  const value = Number(number)
  if (unit === 'x') return value >= 1 && value <= 1_000 ? { ...GOOD, slower: value } : undefined
  return value >= 0 && value <= 100 ? { ...GOOD, errors: value / 100 } : undefined
}

function shareOf(text: string): number | undefined {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? []
  const share = Number(number) / (percent === '%' ? 100 : 1)
  return share >= 0 && share < 1 ? share : undefined
}

function latencyOf(text: string): Latency | undefined {
  const [median, p99, ...more] = text.split('/').map(millisOf)
  if (median === undefined || p99 === undefined || more.length > 0) return undefined
  return median >= LEAST_LATENCY && p99 > median && p99 <= MOST_LATENCY ? { median, p99 } : undefined
}

function millisOf(text: string): Millis | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text.trim()) ?? []
  return number === undefined ? undefined : Number(number) * (unit === 's' ? 1000 : 1)
}

function paceOf(text: string): PaceWord | undefined {
  return text === 'interval' || text === 'evidence' || text === 'auto' ? text : undefined
}

function rateOf(text: string): number | undefined {
  const rate = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  return rate > 0 && rate <= MOST_RATE ? rate : undefined
}

function wholeOf(text: string, least: number, most: number): number | undefined {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  return value >= least && value <= most ? value : undefined
}
