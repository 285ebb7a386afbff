// One cell of a simulation: a service, what is wrong with its canary, what befalls it, who leads the rollout; and so many rollouts of it.
// A cell is plain data, so that threads share the work; its chance comes from its own seed, whichever thread runs it.

import { FlaggerLeader } from '../../src/sim/flagger-leader.ts'
import type { Leader, Run } from '../../src/sim/lead.ts'
import { manyRuns } from '../../src/sim/outcomes.ts'
import { slicesFor } from '../../src/sim/past.ts'
import { prepared, SerinLeader } from '../../src/sim/serin-leader.ts'
import { GOOD } from '../../src/sim/regression.ts'
import { type Disturbance, USUAL } from '../../src/sim/service.ts'
import { seeded } from '../../src/std/draw.ts'
import { documented } from '../../test/rehearsal-objects.ts'

/** Flagger's own behaviour; and the gate: beside Flagger's ladder and clock, or leading by its proofs from 5 % or from a share that suits the traffic. */
export type LeaderName = 'flagger' | 'gate' | 'gate, 5 %' | 'gate, auto'

/** What is simulated. */
export interface Cell {
  /** Requests a second. */
  readonly rate: number
  /** Share of requests that fail in both versions. */
  readonly base: number
  readonly disturbance: Disturbance
  readonly leader: LeaderName
  /** The checks of Flagger's documented Canary beside the gate, or none that fails. */
  readonly checks: 'documented' | 'none'
  /** Share of requests that the canary fails more. */
  readonly worseBy: number
  readonly runs: number
  readonly seed: number
}

/** One rollout; its seconds are counted from the canary's first traffic. */
type CellRun = Pick<Run, 'outcome' | 'seconds' | 'failed'>

/** What came of it. */
export interface CellResult {
  readonly cell: Cell
  readonly runs: readonly CellRun[]
  /** Milliseconds of processor time. */
  readonly cpu: number
}

const NO_CHECKS = {
  threshold: 1_000_000,
  metrics: [
    { name: 'request-success-rate', interval: '1m', thresholdRange: { min: 0 } },
    // Its bound is the edge of the objective, which the gate judges.
    { name: 'request-duration', interval: '1m', thresholdRange: { max: 500 } }
  ]
}
const BY_EVIDENCE = { 'serin.dev/pace': 'evidence' }
const FROM_FIVE = { stepWeight: 0, stepWeights: [5, 10, 25, 50] }

export function runCell(cell: Cell): CellResult {
  const { rate, base, disturbance, worseBy, seed } = cell
  const before = process.threadCpuUsage()
  const service = { ...USUAL, rate, errors: base }
  const scenario = { service, disturbance, regression: { ...GOOD, errors: worseBy } }
  const runs = manyRuns(leaderOf(cell), scenario, { runs: cell.runs, seed }).map(sinceExposed)
  const { user, system } = process.threadCpuUsage(before)
  return { cell, runs, cpu: (user + system) / 1000 }
}

// What all rollouts of a cell begin with is made once.
function leaderOf({ leader, checks, rate, base, disturbance, seed }: Cell): () => Leader {
  const { plan } = documented()
  if (leader === 'flagger') return () => new FlaggerLeader(plan, USUAL.edges)
  const slices = slicesFor({ service: { ...USUAL, rate, errors: base }, disturbance }, seeded(seed))
  const analysis = checks === 'none' ? NO_CHECKS : {}
  const rehearsed = {
    gate: () => documented(analysis),
    'gate, 5 %': () => documented({ ...analysis, ...FROM_FIVE }, BY_EVIDENCE),
    'gate, auto': () => documented(analysis, { 'serin.dev/pace': 'evidence, ladder=auto' })
  }[leader]()
  const ready = prepared(rehearsed, slices, USUAL.edges)
  return () => new SerinLeader(ready)
}

// A ladder that suits the traffic begins with a look at it.
function sinceExposed({ outcome, seconds, failed, weights }: Run): CellRun {
  return { outcome, seconds: seconds - (weights[0]?.at ?? 0), failed }
}
