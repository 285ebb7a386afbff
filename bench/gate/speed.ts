// How many rollouts are rehearsed in a second: the gate and the rollout's own functions on simulated traffic, and the whole controller with its
// store, on one thread. Processor time, so that what else the machine does counts little. Usage: node bench/gate/speed.ts [--rounds N]

import { slicesFor } from '../../src/sim/past.ts'
import { GOOD } from '../../src/sim/regression.ts'
import { USUAL } from '../../src/sim/service.ts'
import { storyOf } from '../../src/sim/story.ts'
import { seeded } from '../../src/std/draw.ts'
import { documented } from '../../test/rehearsal-objects.ts'
import { alone } from '../lib/command.ts'
import type { Bench, BenchOptions, Finding } from '../lib/finding.ts'
import { median, quantile } from '../lib/statistics.ts'
import { runCell } from './cell.ts'

const ROLLOUTS = 2_000
const MOST_SECONDS = 3
const STORIES = 50
const LEAST_A_SECOND = 20
const RATE = 100
const BASE = 0.001
/** In points; a good canary is looked at longest. */
const WORSE = [0, 0.5, 2, 20]

export const speedBench: Bench = {
  name: 'gate-speed',
  question: 'how long do 2,000 rollouts of the gate and the rollout take on one core?',
  duration: ({ rounds }) => 20 * rounds,
  run
}

async function run({ rounds }: BenchOptions): Promise<Finding> {
  const rows = WORSE.map((points) => ({ points, seconds: Array.from({ length: rounds }, (_, round) => secondsOf(points, round)) }))
  const whole: { points: number; rates: number[] }[] = []
  for (const points of WORSE) {
    const rates: number[] = []
    // The first is compiled on the way.
    for (let round = -1; round < rounds; round++) rates.push(await storiesASecond(points, round + 1))
    whole.push({ points, rates: rates.slice(1) })
  }
  const least = Math.min(...whole.map(({ rates }) => median(rates)))
  const slowest = Math.max(...rows.map(({ seconds }) => median(seconds)))
  return {
    tables: [
      {
        title: `${ROLLOUTS} rollouts on one thread, seconds of processor time`,
        columns: ['worse by, points', 'rounds', 'quickest', 'median', 'most', 'wanted'],
        rows: rows.map(({ points, seconds }) => [
          `+${points}`,
          String(seconds.length),
          ...[quantile(seconds, 0), median(seconds), quantile(seconds, 1)].map((each) => each.toFixed(2)),
          `< ${MOST_SECONDS}`
        ])
      },
      {
        title: 'The whole controller with its loop, its writes and watches over the embedded store: rollouts in a second of processor time',
        columns: ['worse by, points', 'rounds', 'least', 'median', 'most', 'wanted'],
        rows: whole.map(({ points, rates }) => [
          `+${points}`,
          String(rates.length),
          ...[quantile(rates, 0), median(rates), quantile(rates, 1)].map((each) => each.toFixed(0)),
          `>= ${LEAST_A_SECOND}`
        ])
      }
    ],
    figures: [
      {
        id: `${ROLLOUTS} rollouts, s, median of the slowest kind`,
        value: slowest,
        better: 'less',
        scale: 'machine',
        limit: MOST_SECONDS,
        grain: 0.3
      },
      {
        id: 'whole rollouts a second, median of the slowest kind',
        value: least,
        better: 'more',
        scale: 'machine',
        limit: LEAST_A_SECOND,
        grain: 3
      }
    ],
    notes: [
      `Flagger's documented Canary at ${RATE} requests a second, base errors ${100 * BASE} %, five streams; an hour of history once for all. Traffic is drawn by chance within the time. Of the whole controller the collector's threads count too.`
    ]
  }
}

function secondsOf(points: number, round: number): number {
  const cell = { rate: RATE, base: BASE, disturbance: 'calm', leader: 'gate', checks: 'documented', worseBy: points / 100 } as const
  return runCell({ ...cell, runs: ROLLOUTS, seed: 1 + round * (ROLLOUTS + 1) }).cpu / 1000
}

async function storiesASecond(points: number, round: number): Promise<number> {
  const service = { ...USUAL, rate: RATE, errors: BASE }
  const slices = slicesFor({ service, disturbance: 'calm' }, seeded(1))
  const scenario = { service, disturbance: 'calm', regression: { ...GOOD, errors: points / 100 } } as const
  const before = process.cpuUsage()
  for (let story = 0; story < STORIES; story++) await storyOf(documented(), scenario, round * STORIES + story, slices)
  const { user, system } = process.cpuUsage(before)
  return STORIES / ((user + system) / 1e6)
}

if (import.meta.main) await alone(speedBench)
