import { expect, test } from 'vitest'
import { compact, intervalText, mapAt, numberAt, secondsOf, textAt } from './read.ts'

test('fields are read by what they are, and anything else is absent', () => {
  const value = { a: { list: [1], text: 'x', empty: '', number: 3, written: '2.5', map: {} } }
  expect([textAt(value, 'a', 'text'), textAt(value, 'a', 'empty'), textAt(value, 'a', 'number')]).toEqual(['x', undefined, undefined])
  expect([numberAt(value, 'a', 'number'), numberAt(value, 'a', 'written'), numberAt(value, 'a', 'text')]).toEqual([3, 2.5, undefined])
  expect([mapAt(value, 'a', 'map'), mapAt(value, 'a', 'list')]).toEqual([{}, undefined])
  expect(compact({ a: 1, b: undefined })).toEqual({ a: 1 })
})

test.each([
  [30, 30],
  ['30', 30],
  ['1m30s', 90],
  ['1.5h', 5400],
  ['500ms', 0.5],
  ['1d', undefined],
  [undefined, undefined]
])('the duration %j is %j seconds', (text, seconds) => {
  expect(secondsOf(text)).toBe(seconds)
})

test("intervals are Flagger's: whole seconds or minutes, no hours", () => {
  expect([intervalText(90), intervalText(120), intervalText(7200), intervalText(0.2)]).toEqual(['90s', '2m', '120m', '1s'])
})
