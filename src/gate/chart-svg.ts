// The evidence chart as a picture: bands of weight, hatching where the gate held and why, the two lines and their limits, failures of the
// canary along the bottom. One SVG document that needs nothing else.

import type { Millis } from '../std/clock.ts'
import { xmlText } from '../std/xml.ts'
import { limitLabels, oddsText, spanOf } from './chart.ts'
import type { Said, Trace, TracePoint } from './trace.ts'
import { durationText, wrapped } from './words.ts'

/** What is written above and below the chart. */
export interface ChartTexts {
  readonly title: string
  /** The gate's sentence; '' for none. */
  readonly sentence: string
}

const WIDTH = 800
const LEFT_LEAST = 70
// Of a label at the axis, with the widest digits of common fonts.
const CHARACTER = 7
const LABEL_GAP = 6
const RIGHT = 16
const TOP = 56
const PLOT = 240
const LINE = 16
const SENTENCE_COLUMNS = 120
const HELD: Partial<Record<Said, string>> = {
  'warm-up': 'warm-up',
  suspicion: 'suspicion',
  'stable-unhealthy': 'stable itself fails',
  unproven: 'cannot be proven at this traffic',
  'no-counts': 'no counts',
  retreat: 'traffic taken off without blame'
}

/** The picture; a document without a plot before the first look. */
export function chartSvg(trace: Trace, { title, sentence }: ChartTexts): string {
  const last = trace.points.at(-1)
  const words = sentence.split(' ').filter((each) => each !== '')
  const lines = wrapped(words, SENTENCE_COLUMNS, ' ')
  const height = TOP + PLOT + 70 + LINE * lines.length
  const left = leftOf(trace)
  const plot = last === undefined ? [text(left, TOP + 40, 'no look yet')] : plotOf(trace, last, left)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="12" role="img">`,
    `<title>${xmlText(title)}</title>`,
    '<defs><pattern id="held" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2" height="6" fill="#8888" /></pattern></defs>',
    `<rect width="${WIDTH}" height="${height}" fill="#fff" />`,
    `<text x="${left}" y="24" font-size="15" font-weight="600" fill="#111">${xmlText(title)}</text>`,
    ...plot,
    ...lines.map((each, index) => text(left, TOP + PLOT + 62 + LINE * index, each)),
    '</svg>',
    ''
  ].join('\n')
}

interface Scales {
  readonly x: (at: Millis) => number
  readonly y: (logarithm: number) => number
}

// Where the plot begins: its labels have room before it.
function leftOf(trace: Trace): number {
  return Math.max(LEFT_LEAST, ...limitLabels(trace).map(({ length }) => CHARACTER * length + 2 * LABEL_GAP))
}

function plotOf(trace: Trace, last: TracePoint, left: number): readonly string[] {
  const { from, points, alpha, beta } = trace
  const { top, bottom } = spanOf(trace)
  const scales: Scales = {
    x: (at) => fixed(left + ((at - from) / Math.max(1, last.at - from)) * (WIDTH - left - RIGHT)),
    y: (value) => fixed(TOP + ((top - Math.min(top, Math.max(bottom, value))) / (top - bottom)) * PLOT)
  }
  const [rollback, safe] = limitLabels(trace)
  const limit = (chance: number, odds: string, label: string, colour: string): readonly string[] => {
    const y = scales.y(-Math.log10(chance))
    return [
      `<line x1="${left}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" stroke="${colour}" stroke-dasharray="6 4" />`,
      text(left - LABEL_GAP, y + 4, odds, 'end'),
      text(WIDTH - RIGHT - 4, y - 4, label, 'end')
    ]
  }
  return [
    ...bands(trace, scales),
    ...holds(trace, scales),
    text(left - LABEL_GAP, scales.y(0) + 4, oddsText(0), 'end'),
    ...limit(alpha, rollback, 'rolled back', '#c00'),
    ...limit(beta, safe, 'safe for the next weight', '#080'),
    ...proofLines(points, scales),
    polyline([{ at: from, value: 0 }, ...points.map(({ at, evidence }) => ({ at, value: evidence }))], '#c00', scales),
    ...failures(trace, scales),
    `<rect x="${left}" y="${TOP}" width="${WIDTH - left - RIGHT}" height="${PLOT}" fill="none" stroke="#888" />`,
    text(left, TOP + PLOT + 34, '0 s'),
    text(WIDTH - RIGHT, TOP + PLOT + 34, durationText(last.at - from), 'end'),
    text(
      (left + WIDTH - RIGHT) / 2,
      TOP + PLOT + 34,
      'red: evidence against the canary; green: that the next weight is safe; ticks: its failures',
      'middle'
    )
  ]
}

interface Stretch<T> {
  readonly from: Millis
  readonly to: Millis
  readonly what: T
}

// Neighbours of which the same is said as one; each lasts from the point before to its own.
function stretches<T>({ from, points }: Trace, of: (point: TracePoint) => T): readonly Stretch<T>[] {
  const found: Stretch<T>[] = []
  for (const [index, point] of points.entries()) {
    const what = of(point)
    const last = found.at(-1)
    if (last?.what === what) found[found.length - 1] = { ...last, to: point.at }
    else found.push({ from: points[index - 1]?.at ?? from, to: point.at, what })
  }
  return found
}

function bands(trace: Trace, { x }: Scales): readonly string[] {
  return stretches(trace, ({ weight }) => weight).flatMap(({ from, to, what }, index) => {
    const fill = index % 2 === 0 ? '#f4f6fa' : '#e6ebf3'
    return [
      `<rect x="${x(from)}" y="${TOP}" width="${fixed(x(to) - x(from))}" height="${PLOT}" fill="${fill}" />`,
      text(x(from) + 3, TOP - 6, `${what} %`)
    ]
  })
}

function holds(trace: Trace, { x }: Scales): readonly string[] {
  return stretches(trace, ({ said }) => HELD[said]).flatMap(({ from, to, what }) =>
    what === undefined
      ? []
      : [
          `<rect x="${x(from)}" y="${TOP + PLOT - 26}" width="${fixed(x(to) - x(from))}" height="26" fill="url(#held)"><title>${xmlText(what)}</title></rect>`,
          ...(x(to) - x(from) > 8 * what.length ? [text(x(from) + 3, TOP + PLOT - 9, what)] : [])
        ]
  )
}

// It begins anew at each weight: a margin that is safe for less is not for more.
function proofLines(points: readonly TracePoint[], scales: Scales): readonly string[] {
  const known = points.filter(({ proof }) => Number.isFinite(proof))
  const weights = [...new Set(known.map(({ weight }) => weight))]
  return weights.map((weight) =>
    polyline(
      known.filter((point) => point.weight === weight).map(({ at, proof }) => ({ at, value: proof })),
      '#080',
      scales
    )
  )
}

function polyline(values: readonly { readonly at: Millis; readonly value: number }[], colour: string, { x, y }: Scales): string {
  const points = values.map(({ at, value }) => `${x(at)},${y(value)}`).join(' ')
  return `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round" />`
}

function failures({ points }: Trace, { x }: Scales): readonly string[] {
  const base = TOP + PLOT
  return points
    .filter(({ failed }, index) => failed > (points[index - 1]?.failed ?? 0))
    .map(({ at }) => `<line x1="${x(at)}" x2="${x(at)}" y1="${base + 3}" y2="${base + 14}" stroke="#c00" stroke-width="2" />`)
}

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end' = 'start'): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="#333">${xmlText(words)}</text>`
}

function fixed(value: number): number {
  return Math.round(value * 10) / 10
}
