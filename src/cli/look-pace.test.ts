import { expect, it } from 'vitest'
import { LOOK_AFTER, restAfter } from './look-pace.ts'

it('half of the time is for others while something is left to be judged', () => {
  expect(restAfter(20, true)).toBe(20)
  // The first look makes its indexes, and may take longer; nobody waits ten times as long for the rest.
  expect(restAfter(1200, true)).toBe(1200)
  expect(restAfter(0, true)).toBeGreaterThan(0)
})

it('when all is judged, changes that come without end take a tenth of the time at most', () => {
  expect(restAfter(2, false)).toBe(LOOK_AFTER)
  expect(restAfter(50, false)).toBe(500)
})
