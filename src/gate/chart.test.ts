import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { traceOf, tracePoint } from '../../test/traces.ts'
import { chartLines, spanOf } from './chart.ts'
import { chartSvg } from './chart-svg.ts'
import type { Said } from './trace.ts'

// The example of the specification: two points worse at 100 requests a second.
const BAD = traceOf([
  tracePoint(30, -0.2),
  tracePoint(40, 0.15, { failed: 3, said: 'not-proven', proof: -0.1 }),
  tracePoint(50, 0.7, { failed: 6, said: 'not-proven', proof: -0.3 }),
  tracePoint(65, 0.9, { failed: 8, said: 'suspicion', proof: -0.4 }),
  tracePoint(80, 1.4, { failed: 9, said: 'suspicion', proof: -0.5 }),
  tracePoint(95, 1.8, { failed: 11, said: 'suspicion', proof: -0.6 }),
  tracePoint(105, 2.5, { failed: 13, said: 'rollback', proof: -0.7 })
])
const GOOD = traceOf([
  ...[5, 15, 30].map((second) => tracePoint(second, 0)),
  ...[35, 45, 55, 60].map((second, index) => tracePoint(second, -0.2, { proof: 0.5 * index, said: index < 3 ? 'dwell' : 'advance' })),
  ...[65, 75].map((second) => tracePoint(second, -0.3, { weight: 25, proof: -0.4 })),
  ...[90, 100, 110].map((second, index) => tracePoint(second, -0.4, { weight: 25, failed: 1, proof: 0.7 * index, said: 'not-proven' })),
  tracePoint(115, -0.4, { weight: 25, failed: 1, proof: 1.5, said: 'advance' })
])
const HELD = traceOf([
  tracePoint(40, 0, { said: 'not-proven' }),
  tracePoint(60, 0.1, { said: 'stable-unhealthy' }),
  tracePoint(90, 0, { said: 'no-counts' })
])

describe('the evidence chart', () => {
  it('looks as recorded, in text and as SVG', () => {
    const shown = {
      'a bad release': chartLines(BAD, { columns: 80, rows: 9 }).join('\n'),
      'a good release, without a legend': chartLines(GOOD, { columns: 70, rows: 8, legend: 'without' }).join('\n'),
      'a stricter limit': chartLines({ ...BAD, alpha: 0.001 }, { columns: 60, rows: 8, legend: 'without' }).join('\n'),
      'held, narrow': chartLines(HELD, { columns: 40, rows: 5 }).join('\n'),
      'the bad release as SVG': chartSvg(BAD, { title: 'frontend-5d4, serin/demo:1.2', sentence: '1.2 rolled back after 105 s at 10 %.' })
    }
    const text = Object.entries(shown)
      .map(([name, chart]) => `== ${name}\n${chart}\n`)
      .join('\n')
    const golden = join(import.meta.dirname, '../../test/golden/gate/charts.txt')
    if (process.env['UPDATE'] === '1') writeFileSync(golden, text)
    expect(text).toBe(readFileSync(golden, 'utf8'))
  })

  it('reaches the line exactly where the gate rolls back, and not before', () => {
    const rows = 9
    const lines = chartLines(BAD, { columns: 80, rows })
    const line = lines.findIndex((each) => each.includes('===='))
    const above = lines.slice(0, line).join('\n')
    expect(lines[line]?.startsWith('1 of 100|')).toBe(true)
    expect(above).toContain('*')
    const before = chartLines(traceOf(BAD.points.slice(0, -1)), { columns: 80, rows })
    const lineBefore = before.findIndex((each) => each.includes('===='))
    expect(before.slice(0, lineBefore).join('\n')).not.toContain('*')
  })

  it.each([
    [30, 4],
    [80, 8],
    [200, 20]
  ])('is at most %d columns wide, has %d rows of plot and both lines in view', (columns, rows) => {
    for (const each of [BAD, GOOD, HELD]) {
      const lines = chartLines(each, { columns, rows, legend: 'without' })
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns)
      expect(lines.filter((text) => text.charAt(8) === '|')).toHaveLength(rows)
      expect(lines.join('\n')).toContain('===')
      expect(lines.join('\n')).toContain('---')
    }
  })

  it('shows evidence beyond all bounds at its top, and nothing at all before the first look', () => {
    const sure = traceOf([tracePoint(5, 1), tracePoint(10, 300, { said: 'rollback' })])
    expect(spanOf(sure).top).toBeLessThan(3)
    expect(spanOf(traceOf([tracePoint(5, -9)])).bottom).toBe(-1)
    expect(chartLines(sure, { columns: 60, rows: 6 })[0]).toContain('*')
    expect(chartLines(traceOf([]), { columns: 60, rows: 6 })).toEqual([])
    expect(chartSvg(traceOf([]), { title: 'x', sentence: '' })).toContain('no look yet')
  })

  it.each([
    [0.001, 0.05],
    [0.01, 1e-6]
  ])('has room for its labels at limits of %d and %d: all of them, in front of a plot that no line leaves', (alpha, beta) => {
    const strict = { ...BAD, alpha, beta }
    const lines = chartLines(strict, { columns: 60, rows: 9 })
    const edge = lines.find((line) => line.trim().startsWith('+'))?.indexOf('+') ?? 0
    const odds = [alpha, beta].map((chance) => `1 of ${Math.round(1 / chance).toLocaleString('en-US')}`)
    expect(odds.map((label) => lines.filter((line) => line.slice(0, edge).trim() === label).length)).toEqual([1, 1])
    expect(lines.slice(0, 9).map((line) => line.indexOf('|'))).toEqual(lines.slice(0, 9).map(() => edge))
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(60)
    const left = Number(/<rect x="([\d.]+)"/.exec(chartSvg(strict, { title: 'x', sentence: '' }))?.[1])
    expect(left).toBeGreaterThan(7 * Math.max(...odds.map(({ length }) => length)))
  })

  it('has a letter for all that a gate says', () => {
    const all: readonly Said[] = ['warm-up', 'dwell', 'not-proven', 'unproven', 'suspicion', 'stable-unhealthy', 'no-counts', 'retreat']
    const lines = chartLines(traceOf(all.map((said, index) => tracePoint(index + 1, 0, { said }))), { columns: 60, rows: 6 })
    const row = lines.find((line) => line.startsWith('    gate'))
    for (const letter of ['w', '.', 'u', 's', 'o', '?', '<']) expect(row).toContain(letter)
  })
})
