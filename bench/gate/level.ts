// How often a good canary is rolled back: simulated rollouts at all rates, base errors, ladders and disturbances of docs/gate.md. Virtual
// time and fixed seeds: the same figures on every machine. Usage: node bench/gate/level.ts [--rounds N]

import type { Disturbance } from '../../src/sim/service.ts'
import { alone } from '../lib/command.ts'
import type { Bench, Finding, Table } from '../lib/finding.ts'
import { lowerBound, upperBound } from '../lib/intervals.ts'
import type { Cell, CellResult, LeaderName } from './cell.ts'
import { runCells } from './crew.ts'

const RATES = [1, 10, 100, 1_000]
const BASES = [0, 0.001, 0.01, 0.05]
const LEADERS: readonly LeaderName[] = ['gate', 'gate, 5 %', 'gate, auto']
const DISTURBANCES: readonly Disturbance[] = ['calm', 'storms', 'blips', 'outage', 'mild-outage', 'cold-start', 'cold-steps']
const ALPHA = 0.01
const RUNS_A_ROUND = 60
const SEED = 70_000_000

export const levelBench: Bench = {
  name: 'gate-level',
  question: 'how often is a good canary rolled back?',
  duration: ({ rounds }) => 70 * rounds,
  run: async ({ rounds }) => finding(await runCells(cellsOf(rounds * RUNS_A_ROUND), 'gate-level'))
}

function cellsOf(runs: number): readonly Cell[] {
  const every = LEADERS.flatMap((leader) =>
    DISTURBANCES.flatMap((disturbance) => BASES.flatMap((base) => RATES.map((rate) => ({ leader, disturbance, base, rate }))))
  )
  return every.map((each, index) => ({ ...each, worseBy: 0, checks: 'none', runs, seed: SEED + index * (runs + 1) }))
}

function finding(results: readonly CellResult[]): Finding {
  const all = sumOf(results)
  const worst = results.toSorted((one, other) => backIn(other) - backIn(one))[0]
  // So many cells are looked at that a few would seem to be above by chance (Bonferroni 1936).
  const proven = results.filter((each) => lowerBound(backIn(each), each.cell.runs, 0.05 / results.length) > ALPHA).length
  return {
    tables: [byDisturbance(results), byTraffic(results), ...hits(results)],
    figures: [
      { id: 'false rollbacks, 95 % bound', value: all.bound, better: 'less', scale: 'ratio', limit: ALPHA, grain: 0.001 },
      {
        id: 'cells that are above alpha, with 95 % confidence in all of them together',
        value: proven,
        better: 'less',
        scale: 'ratio',
        limit: 0
      },
      {
        id: 'false rollbacks in the worst cell, 95 % bound',
        value: worst === undefined ? Number.NaN : sumOf([worst]).bound,
        better: 'less',
        scale: 'ratio',
        grain: 0.01
      }
    ],
    notes: [
      `${all.runs} rollouts in ${results.length} cells of ${worst?.cell.runs ?? 0}: ${all.rolledBack} were rolled back, ${share(all.rolledBack / all.runs)}; the rate is below ${share(all.bound)} with 95 % confidence (Clopper and Pearson, one-sided).`,
      `alpha is ${ALPHA}; ladders: Flagger's (10 to 50 by 10, a step a minute; the controller's own functions, thresholds out of reach), and paced by evidence from 5 % or from a start that suits the traffic.`,
      `Traffic taken off without blame counts as rolled back. ${(results.reduce((sum, { cpu }) => sum + cpu, 0) / 1000).toFixed(0)} s of processor time.`
    ]
  }
}

interface Sum {
  readonly runs: number
  readonly rolledBack: number
  readonly bound: number
}

function sumOf(results: readonly CellResult[]): Sum {
  const sum = (of: (result: CellResult) => number): number => results.reduce((total, result) => total + of(result), 0)
  const [runs, rolledBack] = [sum(({ cell }) => cell.runs), sum(backIn)]
  return { runs, rolledBack, bound: upperBound(rolledBack, runs) }
}

const backIn = ({ runs }: CellResult): number => runs.filter(({ outcome }) => outcome === 'rolled-back').length

const share = (value: number): string => `${Number((100 * value).toPrecision(2))} %`

function cellText(results: readonly CellResult[]): string {
  const { runs, rolledBack, bound } = sumOf(results)
  return `${rolledBack} of ${runs} (< ${share(bound)})`
}

function byDisturbance(results: readonly CellResult[]): Table {
  return {
    title: 'Good canaries rolled back (95 % bound), all rates and base errors',
    columns: ['disturbance', "Flagger's ladder", 'paced, from 5 %', 'paced, auto start'],
    rows: DISTURBANCES.map((disturbance) => [
      disturbance,
      ...LEADERS.map((leader) => cellText(results.filter(({ cell }) => cell.disturbance === disturbance && cell.leader === leader)))
    ])
  }
}

function byTraffic(results: readonly CellResult[]): Table {
  return {
    title: 'The same by traffic and base errors, all disturbances and ladders',
    columns: ['requests/s', ...BASES.map((base) => `${base * 100} % fail`)],
    rows: RATES.map((rate) => [
      String(rate),
      ...BASES.map((base) => cellText(results.filter(({ cell }) => cell.rate === rate && cell.base === base)))
    ])
  }
}

// Where it happened at all.
function hits(results: readonly CellResult[]): readonly Table[] {
  const hit = results.filter((each) => backIn(each) > 0).toSorted((one, other) => backIn(other) - backIn(one))
  if (hit.length === 0) return []
  const rows = hit
    .slice(0, 10)
    .map((each) => [each.cell.disturbance, each.cell.leader, String(each.cell.rate), `${each.cell.base * 100} %`, cellText([each])])
  return [{ title: 'The worst cells', columns: ['disturbance', 'ladder', 'requests/s', 'base', 'rolled back'], rows }]
}

if (import.meta.main) await alone(levelBench)
