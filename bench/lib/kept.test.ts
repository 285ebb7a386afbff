import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Figure, misses } from './finding.ts'
import { compare, type KeptFinding, readKept, writeKept } from './kept.ts'

const figure = (value: number, more: Partial<Figure> = {}): Figure => ({ id: 'cpu', value, better: 'less', scale: 'ratio', ...more })

function finding(figures: readonly Figure[], machine = 'one'): KeptFinding {
  return { question: '', tables: [], notes: [], figures, taken: { date: '2026-01-01', machine, options: '', versions: {} } }
}

const worse = (now: Figure, kept: Figure): readonly string[] => compare(finding([now]), finding([kept])).worse

test('a figure may be 15 % worse than the kept one, and as much better as it likes', () => {
  expect(worse(figure(1.15), figure(1))).toEqual([])
  expect(worse(figure(0.2), figure(1))).toEqual([])
  expect(worse(figure(1.16), figure(1))).toEqual(['cpu: 1.16, kept 1 (16 % worse)'])
})

test('of a figure that should be high, less is worse', () => {
  const more = { better: 'more' } as const
  expect(worse(figure(85, more), figure(100, more))).toEqual([])
  expect(worse(figure(84, more), figure(100, more))).toEqual(['cpu: 84, kept 100 (16 % worse)'])
})

test('a difference up to the grain is noise, also against a kept zero', () => {
  expect(worse(figure(4, { grain: 5 }), figure(0))).toEqual([])
  expect(worse(figure(6, { grain: 5 }), figure(0))).toEqual(['cpu: 6, kept 0'])
})

test('a figure of the machine is compared on the same machine only', () => {
  const slow = finding([figure(900, { scale: 'machine' }), figure(3, { id: 'ratio' })], 'other')
  const { worse: said, uncompared } = compare(slow, finding([figure(100, { scale: 'machine' }), figure(1, { id: 'ratio' })]))
  expect(said).toEqual(['ratio: 3, kept 1 (200 % worse)'])
  expect(uncompared).toEqual(['1 figures are new, or of another machine than the kept ones (one)'])
})

test('a kept figure that is not measured any more is named', () => {
  expect(compare(finding([]), finding([figure(1)])).uncompared).toEqual(['cpu: kept, but not measured now'])
  expect(compare(finding([figure(1)]), undefined).uncompared).toEqual(['nothing is kept of this bench'])
})

test('what is kept replaces that of the same bench and leaves the others', () => {
  const folder = mkdtempSync(join(tmpdir(), 'serin-kept-'))
  const file = join(folder, 'kept.json')
  try {
    expect(readKept(file)).toEqual({})
    writeKept({ a: finding([figure(1)]), b: finding([figure(2)]) }, file)
    writeKept({ b: finding([figure(3)]) }, file)
    expect(readKept(file)).toEqual({ a: finding([figure(1)]), b: finding([figure(3)]) })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a figure that is no number misses its limit', () => {
  expect(misses(figure(1.25, { limit: 1.25 }))).toBe(false)
  expect(misses(figure(1.26, { limit: 1.25 }))).toBe(true)
  expect(misses(figure(0.7, { limit: 0.8, better: 'more' }))).toBe(true)
  expect(misses(figure(Number.NaN, { limit: 1 }))).toBe(true)
  expect(misses(figure(99))).toBe(false)
})
