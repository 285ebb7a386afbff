import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Backtest } from '../sim/backtest.ts'
import { backtestJson, backtestLines, type Subject } from './backtest-view.ts'

const FROM = Date.UTC(2026, 10, 8, 10)
const SPAN = { from: Date.UTC(2026, 10, 20, 10), to: Date.UTC(2026, 10, 20, 10, 20) }
const SUBJECT: Subject = {
  name: 'shop/api',
  look: 15_000,
  terms: { alpha: 0.01, rollout: 1_800_000, objective: undefined, incidents: [SPAN] }
}
const GOOD: Backtest = {
  from: FROM,
  to: FROM + 14 * 86_400_000,
  pods: 6,
  requests: 120_960_000,
  failures: 241_920,
  streams: [
    { name: 'errors', dispersion: 3.98 },
    { name: 'slower than 100 ms', dispersion: 1 }
  ],
  windows: 660,
  placebos: 3_960,
  rolledBack: [],
  rate: { count: 0, of: 3_960, low: 0, high: 0.0058 },
  caution: 1,
  gaps: 0,
  incidents: []
}
const falseOnes = Array.from({ length: 7 }, (_, index) => ({
  at: FROM + index * 3_600_000,
  pod: `p${index}`,
  sentence: `p${index} rolled back.`
}))
const shown: Readonly<Record<string, Backtest>> = {
  'as asked': GOOD,
  'too little time to be sure': {
    ...GOOD,
    windows: 84,
    placebos: 457,
    rate: { count: 1, of: 457, low: 0.0001, high: 0.048 },
    rolledBack: falseOnes.slice(0, 1)
  },
  'more than asked': {
    ...GOOD,
    rate: { count: 7, of: 100, low: 0.03, high: 0.13 },
    placebos: 100,
    rolledBack: falseOnes,
    caution: 3,
    gaps: 12
  },
  'whatever the caution': {
    ...GOOD,
    rate: { count: 30, of: 100, low: 0.2, high: 0.4 },
    placebos: 100,
    rolledBack: falseOnes.slice(0, 2),
    caution: undefined
  },
  incidents: {
    ...GOOD,
    incidents: [
      { ...SPAN, caught: { after: 45_000, who: 'p2', sentence: 'p2 rolled back after 45 s at 17 %.' }, most: 2.3, against: 'p2' },
      { ...SPAN, caught: undefined, most: 0.4, against: 'p1' },
      { ...SPAN, caught: undefined, most: -Infinity, against: '' }
    ]
  }
}

test('lines and JSON look as recorded', () => {
  const texts = Object.entries(shown).map(([name, found]) => `== ${name}\n${backtestLines(found, SUBJECT).join('\n')}\n`)
  const incidents = shown['incidents'] ?? GOOD
  const text = [...texts, `== as JSON\n${backtestJson(incidents, SUBJECT)}\n`].join('\n')
  const golden = join(import.meta.dirname, '../../test/golden/cli/backtest.txt')
  if (process.env['UPDATE'] === '1') writeFileSync(golden, text)
  expect(text).toBe(readFileSync(golden, 'utf8'))
})

test('names of strangers steer no terminal', () => {
  const hostile = { ...GOOD, rolledBack: [{ at: FROM, pod: 'x', sentence: 'x\u001b[2J rolled back' }] }
  expect(backtestLines(hostile, SUBJECT).join('\n')).not.toContain('\u001b')
  expect(backtestJson(hostile, SUBJECT)).not.toContain('\u001b')
})
