import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EdfSchedule } from './edf.ts'

function turns(weights: readonly number[], n: number, picks = 0): number[] {
  const weightOf = (at: number): number => weights[at] ?? 0
  const schedule = new EdfSchedule([...weights.keys()], weightOf, picks)
  return Array.from({ length: n }, () => schedule.next(weightOf) ?? -1)
}

function countsOf(numbers: readonly number[], size: number): number[] {
  const counts = Array.from({ length: size }, () => 0)
  for (const number of numbers) counts[number] = (counts[number] ?? 0) + 1
  return counts
}

test('weights 1 and 2 take turns 1,0,1,1,0,1', () => {
  expect(turns([1, 2], 6)).toEqual([1, 0, 1, 1, 0, 1])
})

test('weights 1, 2 and 3 get 100, 200 and 300 of 600 turns', () => {
  expect(countsOf(turns([1, 2, 3], 600), 3)).toEqual([100, 200, 300])
})

test('without values there is no turn', () => {
  expect(new EdfSchedule([], () => 1).next(() => 1)).toBeUndefined()
})

const WEIGHTS = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 30 })

test('law: over any number of turns nobody is more than one turn away from its share', () => {
  fc.assert(
    fc.property(WEIGHTS, fc.integer({ min: 1, max: 2000 }), (weights, n) => {
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (const [at, count] of countsOf(turns(weights, n), weights.length).entries())
        expect(count).toBeGreaterThan(Math.floor(((weights[at] ?? 0) * n) / total) - weights.length / 2 - 1)
      // A whole cycle is exact.
      expect(countsOf(turns(weights, total), weights.length)).toEqual(weights)
    }),
    { numRuns: 100 }
  )
})

test('oracle: the heap takes the same turns as a scan of all deadlines', () => {
  fc.assert(
    fc.property(WEIGHTS, (weights) => {
      expect(turns(weights, 200)).toEqual(scanned(weights, 200))
    }),
    { numRuns: 100 }
  )
})

function scanned(weights: readonly number[], n: number): number[] {
  const entries = weights.map((weight, at) => ({ at, weight, deadline: 1 / weight, turn: at }))
  return Array.from({ length: n }, (_, round) => {
    const first = entries.toSorted((a, b) => a.deadline - b.deadline || a.turn - b.turn)[0]
    if (first === undefined) return -1
    first.deadline += 1 / first.weight
    first.turn = weights.length + round
    return first.at
  })
}

test('law: a schedule advanced by whole cycles goes on with the turns due then', () => {
  fc.assert(
    fc.property(WEIGHTS, fc.integer({ min: 0, max: 1000 }), (weights, picks) => {
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      const counts = countsOf(turns(weights, total, picks), weights.length)
      for (const [at, count] of counts.entries()) expect(Math.abs(count - (weights[at] ?? 0))).toBeLessThanOrEqual(1)
    }),
    { numRuns: 100 }
  )
})

test('a schedule advanced by k turns goes on where k turns lead', () => {
  const weights = [1, Math.SQRT2, Math.PI, Math.E / 2]
  const plain = turns(weights, 80)
  for (let picks = 0; picks <= 40; picks += 1) expect(turns(weights, 40, picks)).toEqual(plain.slice(picks, picks + 40))
})

test('advancing by hundreds of millions of turns costs no more than by a few', () => {
  expect(countsOf(turns([1, 2, 3], 600, 429_496_728), 3)).toEqual([100, 200, 300])
})

test('a turn uses the weight of its moment: one that grows comes sooner from its next turn on', () => {
  const weights = [1, 1]
  const weightOf = (at: number): number => weights[at] ?? 0
  const schedule = new EdfSchedule([0, 1], weightOf)
  schedule.next(weightOf)
  weights[0] = 4
  const after = Array.from({ length: 10 }, () => schedule.next(weightOf))
  expect(after.filter((at) => at === 0)).toHaveLength(7)
})
