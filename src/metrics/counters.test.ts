import { expect, test } from 'vitest'
import { Counters } from './counters.ts'

test('a counter is one thing under its name, and is there from when it is first asked for', () => {
  const counters = new Counters()
  counters.of('a.ok').value += 2
  counters.of('a.ok').value += 1
  counters.of('a.refused')
  expect(counters.snapshot()).toEqual({ 'a.ok': 3, 'a.refused': 0 })
})

test('what has changed is told once, new counters and gauges that are back at zero included', () => {
  const counters = new Counters()
  const active = counters.of('a.active')
  active.value = 1
  counters.of('a.ok')
  expect(counters.takeChanged()).toEqual({ 'a.active': 1, 'a.ok': 0 })
  expect(counters.takeChanged()).toEqual({})
  active.value = 0
  counters.of('a.ok').value += 2
  expect(counters.takeChanged()).toEqual({ 'a.active': 0, 'a.ok': 2 })
})
