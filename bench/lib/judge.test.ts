import { expect, test } from 'vitest'
import type { Figure } from './finding.ts'
import { judge } from './judge.ts'
import type { KeptFinding } from './kept.ts'

function finding(...figures: readonly Figure[]): KeptFinding {
  return { question: '', tables: [], notes: [], figures, taken: { date: '2026-01-01', machine: 'one', options: '', versions: {} } }
}

const CPU: Figure = { id: 'cpu', value: 1.3333, better: 'less', scale: 'ratio', limit: 1.25 }
const RATE: Figure = { id: 'rate', value: 0.9, better: 'more', scale: 'ratio', limit: 0.8 }

test('a missed limit is named with its bench, what was measured and what was wanted', () => {
  expect(judge({ proxy: finding(CPU, RATE) }, undefined).missed).toEqual(['proxy: cpu: 1.333, wanted at most 1.25'])
  expect(judge({ proxy: finding({ ...RATE, value: 0.7 }) }, undefined).missed).toEqual(['proxy: rate: 0.7, wanted at least 0.8'])
})

test('nothing is compared unless it is asked for', () => {
  const kept = { proxy: finding({ ...CPU, value: 0.5 }) }
  expect(judge({ proxy: finding(CPU) }, undefined).worse).toEqual([])
  expect(judge({ proxy: finding(CPU) }, kept).worse).toEqual(['proxy: cpu: 1.33, kept 0.5 (167 % worse)'])
})

test('a bench that was not run is not compared, one that was never kept is named', () => {
  const kept = { idle: finding(CPU) }
  expect(judge({ proxy: finding(RATE) }, kept)).toEqual({ missed: [], worse: [], uncompared: ['proxy: nothing is kept of this bench'] })
})
