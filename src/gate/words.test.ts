import { expect, it } from 'vitest'
import { asSentence, chanceIn, countText, durationText, percentText, pointsText, wrapped } from './words.ts'

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

it.each([
  ['0.01', 0.01],
  ['1%', 0.01],
  ['.5', 0.5],
  ['5 %', 0.05],
  ['1e-3', 0.001],
  ['50%', 0.5]
])('the chance %s is read', (text, chance) => {
  expect(chanceIn(text)).toBe(chance)
})

it.each([[''], ['0'], ['0.51'], ['51%'], ['-0.1'], ['1e3'], ['%'], ['a'], ['0.1x'], ['Infinity'], ['0x1']])('%j is no chance', (text) => {
  expect(chanceIn(text)).toBeUndefined()
})

it('parts are put on lines that are no longer than they may be', () => {
  expect(wrapped(['aa', 'bb', 'cc', 'a long one', 'd'], 8, '; ')).toEqual(['aa; bb', 'cc', 'a long one', 'd'])
  expect(wrapped(['aa', 'bb', 'cc'], 8, ' ')).toEqual(['aa bb cc'])
  expect(wrapped([], 8, ' ')).toEqual([])
})
