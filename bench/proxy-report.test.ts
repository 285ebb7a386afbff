import { expect, test } from 'vitest'
import type { Sample } from './lib/sample.ts'
import { proxyFigures, proxyTables } from './proxy-report.ts'
import { ROWS, type Row } from './proxy-rows.ts'

const sampled = (cpu: number, rps: number, more: Partial<Sample> = {}): Sample => ({ cpu, rps, errors: 0, p50: 1, p99: 2, ...more })
const row = (name: string): Row => ROWS.find((each) => each.name === name)!

const SMALL = new Map([
  ['nginx', [sampled(10, 100), sampled(20, 50)]],
  ['envoy', [sampled(50, 30), sampled(100, 15)]],
  ['serin', [sampled(12, 90), sampled(30, 60, { errors: 3 })]]
])

test('Serin is measured round by round against each rival that was there', () => {
  const figures = new Map(proxyFigures(new Map([[row('100 B, c64'), SMALL]])).map(({ id, value, limit }) => [id, [value, limit]]))
  expect(Object.fromEntries(figures)).toEqual({
    '100 B, c64: CPU against nginx': [1.35, 1.25],
    '100 B, c64: requests/s against nginx': [1.05, 0.8],
    '100 B, c64: CPU against envoy': [0.27, undefined],
    '100 B, c64: requests/s against envoy': [3.5, 3],
    '100 B, c64: errors': [3, 0]
  })
})

test('one connection is judged by its time, not by its requests per second', () => {
  const ids = proxyFigures(new Map([[row('100 B, c1'), SMALL]])).map(({ id }) => id)
  expect(ids).toContain('100 B, c1: p50 against nginx')
  expect(ids.filter((id) => id.includes('requests/s'))).toEqual([])
})

test('the table of targets shows what was missed in bold', () => {
  const [table] = proxyTables(new Map([[row('100 B, c64'), SMALL]]))
  expect(table?.columns.slice(0, 4)).toEqual(['case', 'CPU, nginx', 'requests/s, nginx', 'requests/s, haproxy'])
  expect(table?.rows).toEqual([['100 B, c64', '**1.35 (<= 1.25)**', '1.05 (>= 0.8)', '', '3.50 (>= 3)', '0.27', '', '']])
})

test('a proxy that was not asked in a row has an empty cell there', () => {
  const logged = new Map([...SMALL].filter(([name]) => name !== 'envoy'))
  const [, costs] = proxyTables(
    new Map([
      [row('100 B, c64'), SMALL],
      [row('100 B, c64, access log'), logged]
    ])
  )
  expect(costs?.rows[1]).toEqual(['100 B, c64, access log', '15.0', '', '21.0 (3)'])
})
