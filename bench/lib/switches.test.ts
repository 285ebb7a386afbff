import { expect, test } from 'vitest'
import { Switches } from './switches.ts'

const made = (): Switches => new Switches({ v1: ['a', 'b'], v2: ['c'] })

test('a change is in force after the last request that the old version answered', () => {
  const seen = made()
  seen.asked('v2', 100)
  seen.answered(104, 'a')
  seen.answered(112, 'b')
  seen.answered(109, 'a')
  seen.answered(113, 'c')
  seen.obeyed(110)
  seen.end()
  expect([seen.answers, seen.effects, seen.whole]).toEqual([[10], [2], [12]])
})

test('a change that nobody saw late is in force with the answer', () => {
  const seen = made()
  seen.asked('v2', 100)
  seen.answered(99, 'a')
  seen.obeyed(120)
  seen.answered(121, 'c')
  seen.end()
  expect([seen.answers, seen.effects, seen.whole]).toEqual([[20], [0], [0]])
})

test('the next change ends the one before, and changes per second are counted from asking to asking', () => {
  const seen = made()
  for (const [version, at] of [
    ['v2', 0],
    ['v1', 100],
    ['v2', 200]
  ] as const) {
    seen.asked(version, at)
    seen.obeyed(at + 5)
  }
  seen.end()
  expect(seen.answers).toEqual([5, 5, 5])
  expect(seen.rate).toBe(10)
})

test('an answer that no version gives counts as the old one', () => {
  const seen = made()
  seen.asked('v1', 0)
  seen.obeyed(10)
  seen.answered(30, 'who?')
  seen.end()
  expect(seen.effects).toEqual([20])
})
