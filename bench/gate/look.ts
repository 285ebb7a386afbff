// What a look of the gate costs, and how long its state is when it is saved: five streams, looks of simulated rollouts. Processor time of the
// thread, so that what else the machine does counts little. Usage: node bench/gate/look.ts [--rounds N]

import { atStep, type Gate, look, newGate, type Sample } from '../../src/gate/gate.ts'
import type { History } from '../../src/gate/history.ts'
import { savedGate } from '../../src/gate/saved.ts'
import { lookAt } from '../../src/gate/served.ts'
import { type Disturbance, SimulatedService, USUAL } from '../../src/sim/service.ts'
import { historiesFor, LOOK_SECONDS } from '../../src/sim/past.ts'
import { seeded } from '../../src/std/draw.ts'
import { alone } from '../lib/command.ts'
import type { Bench, Finding } from '../lib/finding.ts'
import { quantile } from '../lib/statistics.ts'
import { FIVE_STREAMS } from './streams.ts'

const RATES = [1, 10, 100, 1_000, 10_000]
const DISTURBANCES: readonly Disturbance[] = ['calm', 'storms', 'blips', 'outage', 'cold-steps']
const BASE = 0.01
const MOST_LOOK_US = 25
const MOST_STATE_BYTES = 4096
const ROUND_MS = 400
/** As of a clock on the wall: saved instants have all their digits. */
const BEGIN = 1_800_000_000_123
/** Flagger's ladder by one percent is the longest that is usual. */
const LADDER = Array.from({ length: 50 }, (_, index) => index + 1)
const LOOKS_A_STEP = 12

export const lookBench: Bench = {
  name: 'gate-look',
  question: 'what does a look at five streams cost, and how long is a saved gate?',
  duration: ({ rounds }) => 60 + (RATES.length * rounds * ROUND_MS) / 1000,
  run: ({ rounds }) => Promise.resolve(run(rounds))
}

interface Row {
  readonly rate: number
  /** Microseconds a look, one number for each replay. */
  readonly times: readonly number[]
  readonly bytes: number
}

function run(rounds: number): Finding {
  const rows = RATES.map((rate): Row => ({
    rate,
    times: timesAt(rate, rounds),
    bytes: Math.max(...DISTURBANCES.map((each) => longest(rate, each)))
  }))
  const bytes = Math.max(...rows.map((row) => row.bytes))
  const slowest = Math.max(...rows.map(({ times }) => quantile(times, 0.5)))
  return {
    tables: [
      {
        title: 'A look at five streams, us of processor time; the longest saved gate, bytes',
        columns: ['requests/s', 'replays', 'quickest', 'median', 'p95', 'wanted', 'bytes', 'wanted'],
        rows: rows.map((row) => [
          String(row.rate),
          String(row.times.length),
          ...[0, 0.5, 0.95].map((q) => quantile(row.times, q).toFixed(1)),
          `< ${MOST_LOOK_US}`,
          String(row.bytes),
          `< ${MOST_STATE_BYTES}`
        ])
      }
    ],
    figures: [
      { id: 'look, us, median at the slowest rate', value: slowest, better: 'less', scale: 'machine', limit: MOST_LOOK_US, grain: 2 },
      { id: 'saved gate, bytes', value: bytes, better: 'less', scale: 'ratio', limit: MOST_STATE_BYTES, grain: 200 }
    ],
    notes: [
      `A replay shows ${LADDER.length * LOOKS_A_STEP} looks of one simulated rollout (ladder of ${LADDER.length} steps) to a new gate; the figure is its time divided by the looks.`,
      `Saved after every look of a rollout under each of: ${DISTURBANCES.join(', ')}; base errors ${BASE * 100} %, instants of a clock on the wall.`
    ]
  }
}

function timesAt(rate: number, rounds: number): readonly number[] {
  const { samples, histories } = rolloutAt(rate, 'calm')
  const end = performance.now() + rounds * ROUND_MS
  const times: number[] = []
  // The first replays are compiled on the way.
  for (let warm = 0; warm < 5; warm++) replay(samples, histories)
  while (performance.now() < end) {
    const before = process.threadCpuUsage()
    replay(samples, histories)
    const { user, system } = process.threadCpuUsage(before)
    times.push((user + system) / samples.length)
  }
  return times
}

function longest(rate: number, disturbance: Disturbance): number {
  const { samples, histories } = rolloutAt(rate, disturbance)
  let most = 0
  replay(samples, histories, (gate) => (most = Math.max(most, Buffer.byteLength(savedGate(gate)))))
  return most
}

function replay(samples: readonly Sample[], histories: readonly History[], each?: (gate: Gate) => void): Gate {
  let gate = newGate(FIVE_STREAMS, LADDER, BEGIN, histories)
  for (const [index, sample] of samples.entries()) {
    if (index > 0 && index % LOOKS_A_STEP === 0) gate = atStep(gate, gate.step + 1, sample.at - LOOK_SECONDS * 1000)
    gate = look(gate, sample)
    each?.(gate)
  }
  return gate
}

/** The looks of a good canary on its way through the whole ladder. */
function rolloutAt(
  rate: number,
  disturbance: Disturbance
): { readonly samples: readonly Sample[]; readonly histories: readonly History[] } {
  const service = { ...USUAL, rate, errors: BASE }
  const simulated = new SimulatedService(service, seeded(rate), { disturbance })
  const samples = LADDER.flatMap((weight, step) =>
    Array.from({ length: LOOKS_A_STEP }, (_, index): Sample => {
      const begin = (step * LOOKS_A_STEP + index) * LOOK_SECONDS
      const pair = simulated.span(begin, begin + LOOK_SECONDS, weight)
      const at = BEGIN + (begin + LOOK_SECONDS) * 1000
      return { kind: 'counts', at, looks: FIVE_STREAMS.streams.map(({ bad }) => lookAt(pair, bad, service.edges)) }
    })
  )
  return { samples, histories: historiesFor({ service, disturbance, settings: FIVE_STREAMS }, seeded(rate + 1)) }
}

if (import.meta.main) await alone(lookBench)
