import { expect, test } from 'vitest'
import { problem } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import { keyed, LASTS, LASTS_WITH_PODS, settle } from './settle.ts'
import type { Ledger } from './settle.ts'

const place = { object: { kind: 'VirtualService', namespace: 'default', name: 'reviews' }, path: 'spec.http[0].route' }
const uneven = (total: number): ObjectProblem => problem('weights-not-100', place, [total, 'v1 50 %'])
const EMPTY: ObjectProblem = problem('subset-not-ready', place, ['v2', 'reviews', '1 not ready', ''])

/** Looks in order; each gives what was told: `+ message` or `- message`. */
function told(looks: readonly (readonly [at: number, problems: readonly ObjectProblem[]])[], alive = (): boolean => true): string[][] {
  let ledger: Ledger = new Map()
  return looks.map(([at, problems]) => {
    const settled = settle(ledger, problems, at, alive)
    ledger = settled.ledger
    const words = ({ message }: ObjectProblem): string => message.slice(0, 21)
    return [...settled.appeared.map((each) => `+ ${words(each)}`), ...settled.resolved.map((each) => `- ${words(each)}`)]
  })
}

test('a finding is told once when it has lasted, however often it is seen, and once when it has been gone as long', () => {
  const looks = [0, LASTS - 1, LASTS, LASTS + 1].map((at) => [at, [uneven(20)]] as const)
  const gone = [5000, 5000 + LASTS, 9000].map((at) => [at, []] as const)
  expect(told([...looks, ...gone])).toEqual([[], [], ['+ the weights sum to 20'], [], [], ['- the weights sum to 20'], []])
})

test('what comes and goes within the time is not told', () => {
  expect(
    told([
      [0, [uneven(20)]],
      [LASTS - 1, []],
      [5000, []]
    ])
  ).toEqual([[], [], []])
  const flicker = [
    [0, [uneven(20)]],
    [LASTS, [uneven(20)]],
    [2000, []],
    [2500, [uneven(20)]],
    [9000, [uneven(20)]]
  ] as const
  expect(told(flicker)).toEqual([[], ['+ the weights sum to 20'], [], [], []])
})

test('another sentence for the same place is told again, without saying that the first is gone', () => {
  const looks = [
    [0, [uneven(20)]],
    [LASTS, [uneven(20)]],
    [2000, [uneven(30)]],
    [2000 + LASTS, [uneven(30)]]
  ] as const
  expect(told(looks)).toEqual([[], ['+ the weights sum to 20'], [], ['+ the weights sum to 30']])
})

test('what depends on pods must last longer', () => {
  expect(
    told([
      [0, [EMPTY]],
      [LASTS, [EMPTY]],
      [LASTS_WITH_PODS, [EMPTY]]
    ]).map((each) => each.length)
  ).toEqual([0, 0, 1])
})

test('the next look is asked for when the youngest piece of news is ripe, and not at all without news', () => {
  const first = settle(new Map(), [uneven(20), EMPTY], 0, () => true)
  expect(first.wake).toBe(LASTS)
  const second = settle(first.ledger, [uneven(20), EMPTY], LASTS, () => true)
  expect(second.wake).toBe(LASTS_WITH_PODS - LASTS)
  expect(settle(second.ledger, [uneven(20), EMPTY], LASTS_WITH_PODS, () => true).wake).toBeUndefined()
})

test('findings of an object that was deleted are forgotten without a word', () => {
  const { ledger } = settle(settle(new Map(), [uneven(20)], 0, () => true).ledger, [uneven(20)], LASTS, () => true)
  const after = settle(ledger, [], 9000, () => false)
  expect([after.ledger.size, after.resolved, after.wake]).toEqual([0, [], undefined])
})

test('two findings of one code at one place are two', () => {
  expect([...keyed([uneven(20), uneven(30)]).values()].map(({ message }) => message.slice(0, 21))).toEqual([
    'the weights sum to 20',
    'the weights sum to 30'
  ])
})
