// What a gate said at each look of a rollout, kept small: for the evidence chart, never for a verdict. Where there are more looks than points,
// the two that are closest become one.

import type { Millis } from '../std/clock.ts'
import { dig, listAt, parsedJson } from '../std/json.ts'
import type { Gate } from './gate.ts'
import { proofOfNext } from './gate.ts'
import type { HoldReason, Verdict } from './verdict.ts'

/** What a gate says, in one word. */
export type Said = Exclude<Verdict['kind'], 'hold'> | HoldReason

/** The evidence after a look. */
export interface TracePoint {
  readonly at: Millis
  /** The canary's share of the traffic, percent. */
  readonly weight: number
  /** Decimal logarithm of the evidence against the canary. */
  readonly evidence: number
  /** That of the evidence that the next weight is safe; -Infinity before there is any. */
  readonly proof: number
  /** Failures of the canary since the rollout began. */
  readonly failed: number
  readonly said: Said
}

/** A rollout as its gate saw it. */
export interface Trace {
  /** When the canary got its first traffic. */
  readonly from: Millis
  readonly alpha: number
  readonly beta: number
  /** In the order of time. */
  readonly points: readonly TracePoint[]
}

/** The most points of a trace: more than a terminal has columns for, and less than 3 KiB as text. */
export const POINTS_MOST = 96

const VERSION = 1
const SAID: readonly Said[] = [
  'rollback',
  'advance',
  'retreat',
  'warm-up',
  'dwell',
  'stable-unhealthy',
  'suspicion',
  'not-proven',
  'unproven',
  'no-counts'
]

/** The trace with what the gate says at `at`, at this weight; as it is where the gate has said that before, or has said its last. */
export function tracedWith(before: Trace | undefined, gate: Gate, { at, weight }: { readonly at: Millis; readonly weight: number }): Trace {
  const { alpha, beta } = gate.settings
  const trace = before ?? { from: gate.startedAt, alpha, beta, points: [] }
  const last = trace.points.at(-1)
  if (last !== undefined && (at <= last.at || last.said === 'rollback')) return trace
  const errors = gate.settings.streams.findIndex(({ bad }) => bad === 'failed')
  const point: TracePoint = {
    at,
    weight,
    evidence: gate.evidence / Math.LN10,
    proof: proofOfNext(gate) / Math.LN10,
    failed: gate.streams[errors]?.total.canaryBad ?? 0,
    said: gate.verdict.kind === 'hold' ? gate.verdict.reason : gate.verdict.kind
  }
  return { ...trace, points: [...(trace.points.length < POINTS_MOST ? trace.points : thinned(trace.points)), point] }
}

/** As text, with as many digits as a chart shows. */
export function savedTrace({ from, alpha, beta, points }: Trace): string {
  return JSON.stringify({
    version: VERSION,
    from,
    limits: [alpha, beta],
    points: points.map(({ at, weight, evidence, proof, failed, said }) => [
      Math.round((at - from) / 1000),
      weight,
      rounded(evidence),
      Number.isFinite(proof) ? rounded(proof) : null,
      failed,
      SAID.indexOf(said)
    ])
  })
}

/** The trace that was saved; undefined when the text is none. */
export function restoredTrace(text: string): Trace | undefined {
  const saved = parsedJson(text)
  const [from, [alpha, beta]] = [dig(saved, 'from'), listAt(saved, 'limits')]
  if (dig(saved, 'version') !== VERSION || typeof from !== 'number' || !isChance(alpha) || !isChance(beta)) return undefined
  const points = listAt(saved, 'points')
    .slice(-POINTS_MOST)
    .flatMap((each) => pointIn(each, from))
  return { from, alpha, beta, points: points.filter(({ at }, index) => at > (points[index - 1]?.at ?? -Infinity)) }
}

function pointIn(value: unknown, from: Millis): readonly TracePoint[] {
  const [seconds, weight, evidence, proof, failed, code] = listAt({ value }, 'value')
  const said = SAID[Number(code)]
  if (said === undefined || !isNumber(seconds) || !isNumber(weight) || !isNumber(evidence) || !isNumber(failed)) return []
  return [{ at: from + 1000 * seconds, weight, evidence, proof: isNumber(proof) ? proof : -Infinity, failed, said }]
}

// Where points are closest one goes into the one after it, with the higher evidence of both: a peak is not to be lost. So they stay as far
// apart everywhere, from the first to the last.
function thinned(points: readonly TracePoint[]): readonly TracePoint[] {
  let [closest, gone] = [Infinity, 0]
  for (let index = 1; index < points.length - 1; index++) {
    const span = (points[index + 1]?.at ?? Infinity) - (points[index - 1]?.at ?? 0)
    if (span < closest) [closest, gone] = [span, index]
  }
  const evidence = points[gone]?.evidence ?? -Infinity
  const later = points.slice(gone + 1, gone + 2).map((point) => ({ ...point, evidence: Math.max(point.evidence, evidence) }))
  return [...points.slice(0, gone), ...later, ...points.slice(gone + 2)]
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isChance(value: unknown): value is number {
  return isNumber(value) && value > 0 && value < 1
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
