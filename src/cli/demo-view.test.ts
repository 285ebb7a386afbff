import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Trace } from '../gate/trace.ts'
import {
  chartOfRelease,
  type DemoState,
  type DemoSummary,
  frame,
  happeningText,
  type Happening,
  line,
  statusLines,
  summaryLines
} from './demo-view.ts'

const HAPPENINGS: readonly Happening[] = [
  { at: 5000, text: 'release 1.1, a good one: it should be promoted', tone: 'strong' },
  { at: 5100, text: 'New revision detected! Scaling up frontend.shop', tone: 'plain' },
  { at: 6000, text: 'Advance frontend.shop canary weight 10', tone: 'plain' }
]
const TRACE: Trace = {
  from: 0,
  alpha: 0.01,
  beta: 0.05,
  points: [0.1, 0.6, 1.2, 2.2].map((evidence, index) => ({
    at: 5000 * (index + 1),
    weight: 10,
    evidence,
    proof: -Infinity,
    failed: 3 * index,
    said: index === 3 ? 'rollback' : 'warm-up'
  }))
}
const STATE: DemoState = {
  elapsed: 72_340,
  chapter: 'release 1.1, a good one: it should be promoted',
  canary: 'Progressing, 1 of 2 failed checks',
  rows: [
    { name: 'frontend-primary', version: '1.0', weight: 90, requests: 1200, success: 100, p99: 4.23 },
    { name: 'frontend', version: '1.1', weight: 10, requests: 120, success: 88.333, p99: 123.4 },
    { name: 'reviews-v1', version: 'v1', weight: undefined, requests: 0, success: undefined, p99: undefined }
  ],
  requests: 1320,
  lost: 0,
  trace: undefined,
  happenings: HAPPENINGS,
  closing: []
}
const SUMMARY: DemoSummary = {
  promotedAfter: 41_000,
  rolledBackAfter: 21_500,
  sentence: '1.2 rolled back after 22 s at 10 %.',
  requests: 8000,
  failedByBadRelease: 12,
  lost: 0,
  problems: []
}
const CLOSING = [...summaryLines(SUMMARY), line(''), line('  kubectl -n shop get canary')]
const texts = (state: DemoState, columns: number, rows: number): string[] => frame(state, { columns, rows }).map(({ text }) => text)

test('frames, log lines and summaries look as recorded', () => {
  const shown = {
    'a frame': texts(STATE, 80, 24),
    'a frame when the story is over': texts({ ...STATE, closing: CLOSING }, 80, 24),
    'a frame with the evidence': texts({ ...STATE, trace: TRACE }, 80, 30),
    'a narrow one': texts(STATE, 30, 8),
    'lines of a log': [...HAPPENINGS.map(happeningText), ...statusLines({ ...STATE, trace: TRACE })],
    'a chart in a log': chartOfRelease(TRACE, 'the evidence').map(({ text }) => text),
    'a summary of what did not happen': summaryLines({
      ...SUMMARY,
      promotedAfter: undefined,
      lost: 3,
      problems: ['3 requests lost: no answer (ECONNRESET)']
    }).map(({ text }) => text)
  }
  const text = Object.entries(shown)
    .map(([name, lines]) => `== ${name}\n${lines.join('\n')}\n`)
    .join('\n')
  const golden = join(import.meta.dirname, '../../test/golden/cli/demo-view.txt')
  if (process.env['UPDATE'] === '1') writeFileSync(golden, text)
  expect(text).toBe(readFileSync(golden, 'utf8'))
})

test.each([
  [1, 1],
  [20, 5],
  [60, 12],
  [200, 60]
])('a frame fits a terminal of %d columns and %d rows', (columns, rows) => {
  const many = Array.from({ length: 100 }, (_, n): Happening => ({ at: n, text: 'x'.repeat(n * 3), tone: 'plain' }))
  const lines = texts({ ...STATE, happenings: many, closing: CLOSING }, columns, rows)
  expect(lines.length).toBeLessThanOrEqual(rows)
  for (const text of lines) expect(text.length).toBeLessThanOrEqual(columns)
})

test('what is wrong stands out, and so does what went well', () => {
  const tones = Object.fromEntries(
    frame({ ...STATE, lost: 1 }, { columns: 80, rows: 24 }).map(({ text, tone }) => [text.slice(0, 8), tone])
  )
  expect(tones).toMatchObject({ frontend: 'bad', '1320 req': 'bad' })
  expect(summaryLines(SUMMARY).map(({ tone }) => tone)).toEqual(['good', 'good', 'plain', 'plain', 'good'])
})
