// A rehearsal as a picture: for each release how soon the canary's traffic was gone and how many requests failed, as shares of all rollouts,
// and how often a good release was rolled back. One SVG document that needs nothing else.

import { xmlText } from '../std/xml.ts'
import { disturbanceText, regressionText, shareText } from './words.ts'
import type { Rehearsal, Row } from './rehearsal.ts'
import { type Axis, COUNT_AXIS, placeOf, TIME_AXIS } from './strip.ts'

const WIDTH = 860
const PANEL = 360
const PLOT = 170
const LEFT = 56
const GAP = 60
const BLOCK = PLOT + 90
const LINE = 18
const COLOURS = ['#0a7', '#c60', '#36c']

/** The picture. */
export function rehearsalSvg(found: Rehearsal): string {
  const { rehearsed, releases, good } = found
  const { name, namespace } = rehearsed.plan
  const leaders = good[0]?.rows.map(({ leader }) => leader) ?? []
  const [first, under] = [70, 70 + BLOCK * releases.length]
  const height = under + 40 + good.length * LINE * leaders.length + 20
  const title = `Rehearsal of Canary ${namespace}/${name}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="12" role="img">`,
    `<title>${xmlText(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff" />`,
    `<text x="${LEFT}" y="24" font-size="15" font-weight="600" fill="#111">${xmlText(title)}</text>`,
    ...leaders.map((leader, index) => text(LEFT + 120 * index, 44, leader, { fill: COLOURS[index] ?? '#555' })),
    ...releases.flatMap(({ regression, rows }, index) => {
      const top = first + BLOCK * index
      return [
        text(LEFT, top, `A release that ${regressionText(regression)}`, { weight: '600' }),
        ...panel({ left: LEFT, top: top + 14, axis: TIME_AXIS, title: 'share of rollouts at 0 % after' }, rows, ({ toZero }) => toZero),
        ...panel(
          { left: LEFT + PANEL + GAP, top: top + 14, axis: COUNT_AXIS, title: 'share with at most so many failed requests' },
          rows,
          ({ failed }) => failed
        )
      ]
    }),
    ...goodBars(found, under),
    '</svg>',
    ''
  ].join('\n')
}

interface Panel {
  readonly left: number
  readonly top: number
  readonly axis: Axis
  readonly title: string
}

function panel({ left, top, axis, title }: Panel, rows: readonly Row[], valuesOf: (row: Row) => readonly number[]): readonly string[] {
  const ticks = axis.ticks.flatMap(([value, word]) => {
    const x = fixed(left + placeOf(axis, value) * PANEL)
    return [
      `<line x1="${x}" x2="${x}" y1="${top}" y2="${top + PLOT}" stroke="#ddd" />`,
      text(x, top + PLOT + 15, word, { anchor: 'middle' })
    ]
  })
  return [
    ...ticks,
    `<rect x="${left}" y="${top}" width="${PANEL}" height="${PLOT}" fill="none" stroke="#888" />`,
    text(left - 6, top + 8, '100 %', { anchor: 'end' }),
    text(left - 6, top + PLOT, '0 %', { anchor: 'end' }),
    text(left + PANEL / 2, top + PLOT + 32, title, { anchor: 'middle' }),
    ...rows.map((row, index) => stairs({ left, top, axis, title }, valuesOf(row), row.outcomes.runs, COLOURS[index] ?? '#555'))
  ]
}

// The share of all that is at a value or below it; values rise.
function stairs({ left, top, axis }: Panel, values: readonly number[], of: number, colour: string): string {
  const points = [`${left},${top + PLOT}`]
  let before = top + PLOT
  for (const [index, value] of values.entries()) {
    if (value === values[index + 1]) continue
    const x = fixed(left + placeOf(axis, value) * PANEL)
    const y = fixed(top + PLOT * (1 - (index + 1) / of))
    points.push(`${x},${before}`, `${x},${y}`)
    before = y
  }
  points.push(`${left + PANEL},${before}`)
  return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2" />`
}

function goodBars({ good }: Rehearsal, top: number): readonly string[] {
  const [bars, long] = [LEFT + 190, 380]
  const rows = good.flatMap(({ disturbance, rows: all }) => all.map((row, index) => ({ disturbance, row, index })))
  return [
    text(LEFT, top, 'A good release, rolled back for nothing (share and its 95 % interval)', { weight: '600' }),
    ...rows.flatMap(({ disturbance, row, index }, line) => {
      const { rolledBack } = row.outcomes
      const y = top + 20 + LINE * line
      const x = (share: number): number => fixed(bars + long * share)
      const share = rolledBack.of === 0 ? 0 : rolledBack.count / rolledBack.of
      const colour = COLOURS[index] ?? '#555'
      return [
        ...(index === 0 ? [text(LEFT, y + 4, disturbanceText(disturbance))] : []),
        text(bars - 8, y + 4, row.leader, { anchor: 'end' }),
        `<rect x="${bars}" y="${y - 5}" width="${fixed(long * share)}" height="10" fill="${colour}" />`,
        `<line x1="${x(rolledBack.low)}" x2="${x(rolledBack.high)}" y1="${y}" y2="${y}" stroke="#111" />`,
        text(bars + long + 12, y + 4, shareText(rolledBack))
      ]
    })
  ]
}

interface Style {
  readonly anchor?: 'middle' | 'end'
  readonly fill?: string
  readonly weight?: string
}

function text(x: number, y: number, words: string, { anchor, fill = '#333', weight }: Style = {}): string {
  const more = `${anchor === undefined ? '' : ` text-anchor="${anchor}"`}${weight === undefined ? '' : ` font-weight="${weight}"`}`
  return `<text x="${x}" y="${y}" fill="${fill}"${more}>${xmlText(words)}</text>`
}

function fixed(value: number): number {
  return Number(value.toFixed(1))
}
