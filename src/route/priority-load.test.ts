import fc from 'fast-check'
import { expect, test } from 'vitest'
import { loadWithout, priorityLoad, priorityOf } from './priority-load.ts'

function load(
  healths: readonly (readonly [healthy: number, total: number])[],
  panicPercent = 0
): { load: readonly number[]; panic: readonly boolean[] } {
  return priorityLoad(
    healths.map(([healthy, total]) => ({ healthy, total })),
    panicPercent
  )
}

test.each([
  [
    'all healthy: everything to the first',
    [
      [2, 2],
      [2, 2]
    ],
    [100, 0]
  ],
  [
    'one of two: 70, and the rest below',
    [
      [1, 2],
      [2, 2]
    ],
    [70, 30]
  ],
  [
    'five of seven still count as whole',
    [
      [5, 7],
      [2, 2]
    ],
    [100, 0]
  ],
  [
    'nobody above: everything below',
    [
      [0, 2],
      [2, 2]
    ],
    [0, 100]
  ],
  [
    'nobody at all and no panic: the first, which has none',
    [
      [0, 2],
      [0, 2]
    ],
    [100, 0]
  ],
  [
    'less than 100 together is scaled up: 14, 28 and 14 become a quarter, a half and a quarter',
    [
      [1, 10],
      [2, 10],
      [1, 10]
    ],
    [25, 50, 25]
  ],
  [
    'what rounding leaves goes to the first with health',
    [
      [0, 3],
      [1, 9],
      [1, 9],
      [1, 9]
    ],
    [0, 34, 33, 33]
  ],
  [
    'an empty priority takes nothing',
    [
      [0, 0],
      [1, 1]
    ],
    [0, 100]
  ],
  [
    'three steps down',
    [
      [1, 4],
      [1, 4],
      [1, 1]
    ],
    [35, 35, 30]
  ]
] as const)('%s', (_, healths, wanted) => {
  expect(load(healths).load).toEqual(wanted)
})

test('health is rounded down: five of nine are 77 of 100', () => {
  expect(
    load([
      [5, 9],
      [1, 1]
    ]).load
  ).toEqual([77, 23])
})

test('a priority below the threshold panics, but for healths that reach 100 together', () => {
  expect(load([[1, 4]], 50)).toMatchObject({ load: [100], panic: [true] })
  expect(load([[2, 4]], 50)).toMatchObject({ load: [100], panic: [false] })
  expect(
    load(
      [
        [1, 4],
        [4, 4]
      ],
      50
    ).panic
  ).toEqual([false, false])
  expect(
    load(
      [
        [1, 4],
        [1, 4]
      ],
      50
    ).panic
  ).toEqual([true, true])
  expect(
    load(
      [
        [1, 4],
        [2, 4]
      ],
      50
    ).panic
  ).toEqual([false, false])
})

test('the lowest threshold above none is enough to panic', () => {
  expect(load([[0, 2]], 1)).toMatchObject({ load: [100], panic: [true] })
})

test('when all panic, endpoints are counted whatever their health', () => {
  expect(
    load(
      [
        [0, 1],
        [0, 2]
      ],
      50
    )
  ).toMatchObject({ load: [34, 66], panic: [true, true] })
  expect(
    load(
      [
        [0, 0],
        [0, 0]
      ],
      50
    ).load
  ).toEqual([100, 0])
})

test('law: loads are whole percents, 100 together, and nobody unhealthy takes any while somebody is healthy', () => {
  const health = fc.integer({ min: 0, max: 12 }).chain((total) => fc.tuple(fc.integer({ min: 0, max: total }), fc.constant(total)))
  fc.assert(
    fc.property(fc.array(health, { minLength: 1, maxLength: 5 }), fc.integer({ min: 0, max: 100 }), (healths, threshold) => {
      const result = load(healths, threshold)
      expect(result.load.reduce((sum, each) => sum + each, 0)).toBe(100)
      const kept = healths.every(([healthy]) => healthy === 0) || result.panic.every(Boolean)
      const wrong = healths.filter(([healthy], at) => healthy === 0 && result.load[at] !== 0)
      expect(kept ? [] : wrong).toEqual([])
    }),
    { numRuns: 300 }
  )
})

test('a draw falls into the intervals of the loads', () => {
  expect([0, 69, 69.9, 70, 99.9].map((draw) => priorityOf([70, 30], draw))).toEqual([0, 0, 0, 1, 1])
  expect(priorityOf([0, 100], 0)).toBe(1)
})

test('priorities that are left out give what they took to the others', () => {
  expect(loadWithout([100, 100, 40], new Set([0]))).toEqual([0, 100, 0])
  expect(loadWithout([100, 60, 40], new Set([0]))).toEqual([0, 60, 40])
  expect(loadWithout([100, 0, 0], new Set([0]))).toBeUndefined()
})
