import { expect, test } from 'vitest'
import { Counters } from './counters.ts'

test('a counter is one thing under its name, and is there from when it is first asked for', () => {
  const counters = new Counters()
  counters.of('a.ok').value += 2
  counters.of('a.ok').value += 1
  counters.of('a.refused')
  expect(counters.snapshot()).toEqual({ 'a.ok': 3, 'a.refused': 0 })
})
