import { expect, test } from 'vitest'
import { TriedPriorities } from './retry-priorities.ts'

const LOAD = [100, 0, 0]
const HEALTHY = [100, 100, 100]

/** The loads before the first try and after each of these. */
function loads(tried: readonly number[], health: readonly number[] = HEALTHY): (readonly number[])[] {
  const priorities = new TriedPriorities()
  const seen = [priorities.loadFrom(LOAD, health)]
  for (const priority of tried) {
    priorities.add(priority)
    // Asking twice for one try (an endpoint that was tried is drawn again) changes nothing.
    priorities.loadFrom(LOAD, health)
    seen.push(priorities.loadFrom(LOAD, health))
  }
  return seen
}

test('after every second try those tried are left out; when none is left it begins anew', () => {
  expect(loads([0, 0, 1, 1, 2, 2, 0, 0])).toEqual([
    [100, 0, 0],
    [100, 0, 0],
    [0, 100, 0],
    [0, 100, 0],
    [0, 0, 100],
    [0, 0, 100],
    [100, 0, 0],
    [100, 0, 0],
    [0, 100, 0]
  ])
})

test('what is not healthy takes as little as ever: its share goes on to the next', () => {
  expect(loads([0, 0], [100, 40, 100])[2]).toEqual([0, 40, 60])
  expect(loads([0, 0], [100, 0, 30])[2]).toEqual([0, 0, 100])
})

test('when no priority is healthy the load stays as it is', () => {
  expect(loads([0, 0], [0, 0, 0])[2]).toEqual(LOAD)
})
