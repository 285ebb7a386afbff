import { expect, it } from 'vitest'
import { secondsText } from './words.ts'

it.each([
  [46.6, '47 s'],
  [119, '119 s'],
  [120, '2 min'],
  [362, '6 min 2 s'],
  [3_600, '1 h'],
  [4_320, '1 h 12 min'],
  [7_199, '2 h']
])('%d seconds are %s', (seconds, text) => {
  expect(secondsText(seconds)).toBe(text)
})
