import { expect, it } from 'vitest'
import { asSentence, countText, durationText, percentText, pointsText } from './words.ts'

it('numbers are as people read them', () => {
  expect([countText(0.4), countText(1_234_567.8)]).toEqual(['0', '1,234,568'])
  expect([percentText(0), percentText(0.001234), percentText(1)]).toEqual(['0 %', '0.12 %', '100 %'])
  expect([pointsText(0.005), pointsText(0.01), pointsText(0.2)]).toEqual(['0.5 points', '1 point', '20 points'])
  expect([5_000, 119_400, 120_000, 7_199_000, 7_200_000].map(durationText)).toEqual(['5 s', '119 s', '2 min', '120 min', '2 h'])
})

it('a sentence begins with a capital, but for a name', () => {
  expect(['the canary fails', 'theme-2 fails', 'v2 fails the check'].map(asSentence)).toEqual([
    'The canary fails',
    'theme-2 fails',
    'v2 fails the check'
  ])
})
