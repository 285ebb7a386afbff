// The evidence chart as text: evidence against the canary rising to the line where it is rolled back, evidence that the next weight is safe,
// and beneath them weights, failures of the canary and what the gate said. ASCII, so that logs can have it.

import type { Millis } from '../std/clock.ts'
import type { Said, Trace, TracePoint } from './trace.ts'
import { countText, durationText, wrapped } from './words.ts'

/** How large. */
export interface ChartSize {
  readonly columns: number
  /** Of the plot itself, without what is beneath it. */
  readonly rows: number
  /** What the marks mean; default: with it. */
  readonly legend?: 'with' | 'without'
}

/** What the y axis of a chart spans: decimal logarithms. */
export interface Span {
  readonly top: number
  readonly bottom: number
}

const LABEL_LEAST = 8
const LEAST_COLUMNS = 20
// Beyond the line nothing is decided any more, below this nothing is learned.
const ABOVE = 0.6
const BELOW = -1
const LETTERS: Readonly<Record<Said, string>> = {
  'warm-up': 'w',
  dwell: '.',
  'not-proven': '.',
  unproven: 'u',
  suspicion: 's',
  'stable-unhealthy': 'o',
  'no-counts': '?',
  advance: '>',
  rollback: '<',
  retreat: '<'
}
const MEANINGS: readonly (readonly [Said, string])[] = [
  ['warm-up', 'w warm-up'],
  ['not-proven', '. not yet proven'],
  ['advance', '> safe for more'],
  ['suspicion', 's suspicion'],
  ['stable-unhealthy', 'o stable itself fails'],
  ['no-counts', '? no counts'],
  ['unproven', 'u cannot be proven'],
  ['rollback', '< rolled back'],
  ['retreat', '< taken off']
]

/** The chart; no lines before the first look. */
export function chartLines(trace: Trace, { columns, rows, legend = 'with' }: ChartSize): readonly string[] {
  const { points, from } = trace
  const last = points.at(-1)
  if (last === undefined) return []
  const label = Math.max(LABEL_LEAST, ...limitLabels(trace).map(({ length }) => length))
  const labelled = (text: string, rest: string, edge = ' '): string => `${text.padStart(label)}${edge}${rest}`
  const width = Math.max(LEAST_COLUMNS, columns - label - 1)
  const at = (column: number): Millis => from + ((last.at - from) * column) / (width - 1)
  const sampled = Array.from({ length: width }, (_, column) => ({
    now: pointAt(points, at(column)),
    evidence: evidenceAt(points, at(column))
  }))
  const columnsOf = sampled.map(({ now, evidence }, column): Column => {
    const before = sampled[column - 1]
    return { now, before: before?.now, evidence, evidenceBefore: before?.evidence ?? evidence }
  })
  const span = spanOf(trace)
  const plot = Array.from({ length: rows }, (_, row) => {
    const place = { row, rows, span }
    return labelled(labelAt(trace, place), plotLine(trace, place, columnsOf), '|')
  })
  const said = columnsOf.map(({ now }) => LETTERS[now.said]).join('')
  const failures = columnsOf.map(({ now, before }) => (now.failed > (before?.failed ?? 0) ? '!' : ' ')).join('')
  return [
    ...plot,
    labelled('', '-'.repeat(width), '+'),
    labelled('weight', weightsLine(columnsOf.map(({ now }) => now.weight))),
    ...(failures.trim() === '' ? [] : [labelled('failed', failures)]),
    labelled('gate', said),
    labelled('', timesLine(last.at - from, width)),
    ...(legend === 'with' ? legendOf(trace, columns - label - 1).map((line) => labelled('', line)) : [])
  ].map((line) => line.slice(0, Math.max(columns, label + 1 + LEAST_COLUMNS)).trimEnd())
}

/** From a little below to a little above what is shown, with both lines in it. */
export function spanOf({ points, alpha, beta }: Trace): Span {
  const limit = Math.max(-Math.log10(alpha), -Math.log10(beta))
  const values = points.flatMap(({ evidence, proof }) => (Number.isFinite(proof) ? [evidence, proof] : [evidence]))
  return {
    top: Math.min(limit + ABOVE, Math.max(limit + 0.1, ...values)),
    bottom: Math.max(BELOW, Math.min(-0.2, ...values))
  }
}

/** `1 of 100`, as sentences say it, for a decimal logarithm. */
export function oddsText(logarithm: number): string {
  return `1 of ${countText(10 ** logarithm)}`
}

/** What stands at the two lines: where it is rolled back, and where the next weight is safe. */
export function limitLabels({ alpha, beta }: Trace): readonly [string, string] {
  return [oddsText(-Math.log10(alpha)), oddsText(-Math.log10(beta))]
}

/** The latest point that is not after `time`; the first one before there is any. */
export function pointAt(points: readonly TracePoint[], time: Millis): TracePoint {
  const [first] = points
  const found = points.findLast(({ at }) => at <= time + 1) ?? first
  return found ?? { at: time, weight: 0, evidence: 0, proof: -Infinity, failed: 0, said: 'warm-up' }
}

interface Column {
  readonly now: TracePoint
  readonly before: TracePoint | undefined
  readonly evidence: number
  readonly evidenceBefore: number
}

function evidenceAt(points: readonly TracePoint[], time: Millis): number {
  const index = points.findLastIndex(({ at }) => at <= time + 1)
  const [one, other] = [points[Math.max(0, index)], points[index + 1]]
  if (one === undefined) return 0
  if (index < 0 || other === undefined) return one.evidence
  return one.evidence + ((other.evidence - one.evidence) * (time - one.at)) / (other.at - one.at)
}

interface Row {
  readonly row: number
  readonly rows: number
  readonly span: Span
}

function plotLine({ alpha, beta }: Trace, place: Row, columns: readonly Column[]): string {
  const rowOf = (value: number): number => rowIn(value, place)
  const [rollback, safe] = [rowOf(-Math.log10(alpha)), rowOf(-Math.log10(beta))]
  const ground = place.row === rollback ? '=' : place.row === safe ? '-' : ' '
  const cells = columns.map(({ now, evidence, evidenceBefore }) => {
    const [here, there] = [rowOf(evidence), rowOf(evidenceBefore)]
    const isBetween = place.row > Math.min(here, there) && place.row < Math.max(here, there)
    if (place.row === here || isBetween) return '*'
    return Number.isFinite(now.proof) && place.row === rowOf(now.proof) ? 'o' : ground
  })
  return cells.join('')
}

function labelAt(trace: Trace, place: Row): string {
  const [rollback, safe] = limitLabels(trace)
  if (place.row === rowIn(-Math.log10(trace.alpha), place)) return rollback
  if (place.row === rowIn(-Math.log10(trace.beta), place)) return safe
  return place.row === rowIn(0, place) ? oddsText(0) : ''
}

function rowIn(value: number, { rows, span: { top, bottom } }: Row): number {
  const inside = Math.min(top, Math.max(bottom, value))
  return Math.round(((top - inside) / (top - bottom)) * (rows - 1))
}

// A weight is written where it begins, if the one before leaves room.
function weightsLine(weights: readonly number[]): string {
  let line = ''
  for (const [column, weight] of weights.entries()) {
    if (weight !== weights[column - 1] && line.length <= column) line = `${line.padEnd(column)}${line === '' ? '' : '|'}${weight} % `
  }
  return line.trimEnd().slice(0, weights.length)
}

function timesLine(whole: Millis, width: number): string {
  const end = durationText(whole)
  return `0 s${end.padStart(Math.max(0, width - 3))}`
}

function legendOf({ points }: Trace, width: number): readonly string[] {
  const seen = new Set<Said>(points.map(({ said }) => (said === 'dwell' ? 'not-proven' : said)))
  const parts = [
    '* evidence against it, rolled back at ===',
    ...(points.some(({ proof }) => Number.isFinite(proof)) ? ['o evidence that more is safe, enough at ---'] : []),
    ...(points.some(({ failed }) => failed > 0) ? ['! it failed requests'] : []),
    ...MEANINGS.filter(([said]) => seen.has(said)).map(([, meaning]) => meaning)
  ]
  return wrapped(parts, width, '; ')
}
