import { expect, test } from 'vitest'
import { durationOf } from './durations.ts'

test.each([
  ['30s', 30_000],
  ['1m30s', 90_000],
  ['500ms', 500],
  ['2h', 7_200_000],
  ['', undefined],
  ['5', undefined],
  [5, undefined]
])('%j lasts %j ms', (text, ms) => {
  expect(durationOf(text)).toBe(ms)
})
