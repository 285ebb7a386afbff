import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from './duration.ts'

test.each([
  ['0', 0],
  ['0s', 0],
  ['1m30s', 90_000],
  ['0.25s', 250],
  ['.5s', 500],
  ['1.s', 1000],
  ['1h', 3_600_000],
  ['-1.5h', -5_400_000],
  ['+2ms', 2],
  ['100us', 0.1],
  ['86400s', 86_400_000],
  ['', undefined],
  ['10', undefined],
  ['s', undefined],
  ['1d', undefined],
  ['1 s', undefined],
  ['-', undefined],
  ['.s', undefined],
  ['1e3s', undefined],
  ['9999999h', undefined],
  ['1s'.repeat(60), undefined]
])('%j is %s ms', (text, expected) => {
  expect(parseDuration(text)).toBe(expected)
})

test.each([
  [0, '0s'],
  [90_000, '1m30s'],
  [3_600_000, '1h0m0s'],
  [1500, '1.5s'],
  [250, '250ms'],
  [0.1, '100µs'],
  [-5_400_000, '-1h30m0s'],
  [100_000, '1m40s']
])('%d ms is written %s', (duration, text) => {
  expect(formatDuration(duration)).toBe(text)
})

test('what is written reads back as the same duration', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e12 }), (duration) => {
      expect(parseDuration(formatDuration(duration))).toBeCloseTo(duration, 6)
    })
  )
})

test('reading never throws and gives a finite number or nothing', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[-+.0-9nsumhµ]{0,12}$/), (text) => {
      const value = parseDuration(text)
      expect(value === undefined || Number.isFinite(value)).toBe(true)
    })
  )
})
