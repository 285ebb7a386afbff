// Failed requests until a bad canary is gone, and seconds until a good one has all traffic: the gate against Flagger's documented defaults on
// the same simulated traffic. Virtual time and fixed seeds. Usage: node bench/gate/ratio.ts [--rounds N]

import { alone } from '../lib/command.ts'
import type { Bench, Figure, Finding, Table } from '../lib/finding.ts'
import { type Estimate, ratioOfMedians } from '../lib/intervals.ts'
import { median } from '../lib/statistics.ts'
import type { Cell, CellResult, LeaderName } from './cell.ts'
import { runCells } from './crew.ts'

const RATES = [10, 100, 1_000]
/** What the claims are for. */
const CLAIMED_FROM = 100
const BASE = 0.001
const WORSE = [0.01, 0.05, 0.2, 1]
const GATES: readonly LeaderName[] = ['gate', 'gate, 5 %', 'gate, auto']
const LEADERS: readonly LeaderName[] = ['flagger', ...GATES]
/** Times fewer failed requests, at this regression. */
const FEWER: Readonly<Partial<Record<LeaderName, Readonly<Record<number, number>>>>> = {
  gate: { 0.05: 7, 0.2: 25 },
  'gate, auto': { 0.05: 26, 0.2: 80 }
}
/** Of Flagger's time to 100 %. */
const SHARE_OF_TIME: Readonly<Partial<Record<LeaderName, number>>> = { gate: 1, 'gate, 5 %': 0.5, 'gate, auto': 0.5 }
const RUNS_A_ROUND = 400
const SEED = 30_000_000

export const ratioBench: Bench = {
  name: 'gate-ratio',
  question: 'how many fewer requests fail than under Flagger, and how long does a good canary take?',
  duration: ({ rounds }) => 15 * rounds,
  run: async ({ rounds }) => finding(await runCells(cellsOf(rounds * RUNS_A_ROUND), 'gate-ratio'))
}

// All leaders of a scenario have its seed: the same services in the same state of chance.
function cellsOf(runs: number): readonly Cell[] {
  const scenarios = RATES.flatMap((rate) => [0, ...WORSE].map((worseBy) => ({ rate, worseBy })))
  return scenarios.flatMap((scenario, index) =>
    LEADERS.map((leader) => ({
      ...scenario,
      leader,
      base: BASE,
      disturbance: 'calm',
      checks: 'documented',
      runs,
      seed: SEED + index * (runs + 1)
    }))
  )
}

function finding(results: readonly CellResult[]): Finding {
  const claimed = RATES.filter((rate) => rate >= CLAIMED_FROM)
  return {
    tables: [fewerTable(results), timeTable(results)],
    figures: [...claimed.flatMap((rate) => fewerFigures(results, rate)), ...claimed.flatMap((rate) => timeFigures(results, rate))],
    notes: [
      `${results[0]?.cell.runs.toString() ?? '0'} rollouts in each cell, base errors ${BASE * 100} %, looks each 5 s, a change of weight in force after 2 s; medians, ratios of medians with their 95 % interval (bootstrap).`,
      "Flagger: its documented Canary (interval 1m, threshold 5, stepWeight 10, maxWeight 50, 99 % of successes, p99 below 500 ms) on counts that are always fresh. The gate on Flagger's ladder: the same Canary under the controller's own functions.",
      'The paced ladders (serin.dev/pace: evidence): 5, 10, 25, 50 and 100 %, or from 1 % at 100 requests a second and more (8 % at 10). Checks of the Canary count there too.'
    ]
  }
}

function cellOf(results: readonly CellResult[], leader: LeaderName, rate: number, worseBy: number): CellResult {
  const found = results.find(({ cell }) => cell.leader === leader && cell.rate === rate && cell.worseBy === worseBy)
  if (found === undefined) throw new Error(`no cell of ${leader} at ${rate}/s`)
  return found
}

const failedIn = ({ runs }: CellResult): readonly number[] => runs.map(({ failed }) => failed)
const secondsIn = ({ runs }: CellResult): readonly number[] =>
  runs.map(({ outcome, seconds }) => (outcome === 'promoted' ? seconds : Infinity))

function fewer(results: readonly CellResult[], leader: LeaderName, rate: number, worseBy: number): Estimate {
  return ratioOfMedians(failedIn(cellOf(results, 'flagger', rate, worseBy)), failedIn(cellOf(results, leader, rate, worseBy)))
}

function backText(result: CellResult): string {
  const back = result.runs.filter(({ outcome }) => outcome === 'rolled-back')
  const share = back.length / result.runs.length
  const what = `${median(back.map(({ seconds }) => seconds))} s / ${median(back.map(({ failed }) => failed))}`
  return share > 0.995 ? what : `${what} (${Math.round(100 * share)} %)`
}

const interval = ({ value, low, high }: Estimate): string => `${round(value)} (${round(low)} to ${round(high)})`
const round = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1))

function fewerTable(results: readonly CellResult[]): Table {
  const rows = RATES.flatMap((rate) =>
    WORSE.map((worseBy) => [
      String(rate),
      `+${100 * worseBy}`,
      ...LEADERS.map((leader) => backText(cellOf(results, leader, rate, worseBy))),
      ...GATES.map((leader) => interval(fewer(results, leader, rate, worseBy)))
    ])
  )
  const columns = ['requests/s', 'points', 'Flagger', 'gate, same ladder', 'gate, from 5 %', 'gate, auto start']
  return {
    title:
      'Median seconds until a bad canary is gone / failed requests (share rolled back, where not all); times fewer failed than Flagger',
    columns: [...columns, 'times fewer, same ladder', 'from 5 %', 'auto start'],
    rows
  }
}

function timeTable(results: readonly CellResult[]): Table {
  return {
    title: 'Median seconds until a good canary has all traffic (share promoted within 2 h, where not all)',
    columns: ['requests/s', 'Flagger', 'gate, same ladder', 'gate, from 5 %', 'gate, auto start'],
    rows: RATES.map((rate) => [
      String(rate),
      ...LEADERS.map((leader) => {
        const result = cellOf(results, leader, rate, 0)
        const promoted = result.runs.filter(({ outcome }) => outcome === 'promoted').length / result.runs.length
        return `${median(secondsIn(result))}${promoted > 0.995 ? '' : ` (${Math.round(100 * promoted)} %)`}`
      })
    ])
  }
}

function fewerFigures(results: readonly CellResult[], rate: number): readonly Figure[] {
  return GATES.flatMap((leader) =>
    Object.entries(FEWER[leader] ?? {}).map(([worseBy, limit]): Figure => ({
      id: `${leader}, ${rate}/s, +${100 * Number(worseBy)} points: times fewer failed than Flagger`,
      value: fewer(results, leader, rate, Number(worseBy)).value,
      better: 'more',
      scale: 'ratio',
      limit
    }))
  )
}

function timeFigures(results: readonly CellResult[], rate: number): readonly Figure[] {
  const flagger = median(secondsIn(cellOf(results, 'flagger', rate, 0)))
  return GATES.map((leader): Figure => ({
    id: `${leader}, ${rate}/s: share of Flagger's time to 100 %`,
    value: median(secondsIn(cellOf(results, leader, rate, 0))) / flagger,
    better: 'less',
    scale: 'ratio',
    limit: SHARE_OF_TIME[leader] ?? 1
  }))
}

if (import.meta.main) await alone(ratioBench)
