import { expect, test } from 'vitest'
import type { Deployment } from '../api/builtin-types-apps.ts'
import { boundsOf, nextNewSize, nextOldSizes, proportional } from './rolling-update.ts'

const bounds = (replicas: number, maxSurge?: number | string, maxUnavailable?: number | string): unknown => {
  const rollingUpdate = { ...(maxSurge === undefined ? {} : { maxSurge }), ...(maxUnavailable === undefined ? {} : { maxUnavailable }) }
  const spec = {
    replicas,
    selector: {},
    template: { spec: { containers: [] } },
    strategy: { type: 'RollingUpdate' as const, rollingUpdate }
  }
  const deployment: Deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: {}, spec }
  return Object.values(boundsOf(deployment))
}

test('surge rounds up, unavailable rounds down, both zero leaves one', () => {
  expect(bounds(2)).toEqual([1, 0])
  expect(bounds(10)).toEqual([3, 2])
  expect(bounds(3, 0, 0)).toEqual([0, 1])
  expect(bounds(3, 0, '30%')).toEqual([0, 1])
  expect(bounds(4, '100%', '100%')).toEqual([4, 4])
  expect(bounds(2, 1, 5)).toEqual([1, 2])
  expect(bounds(0, 0, 0)).toEqual([0, 0])
})

test('the new ReplicaSet grows into the room there is', () => {
  const two = { surge: 1, unavailable: 0 }
  expect(nextNewSize(0, [{ wanted: 3, available: 3 }], 3, two)).toBe(1)
  expect(
    nextNewSize(
      1,
      [
        { wanted: 3, available: 3 },
        { wanted: 1, available: 0 }
      ],
      3,
      two
    )
  ).toBe(1)
  expect(nextNewSize(5, [], 3, two)).toBe(3)
})

test('unhealthy old pods go first, then the oldest', () => {
  const fresh = { wanted: 2, available: 2 }
  expect(
    nextOldSizes(
      [
        { wanted: 2, available: 2 },
        { wanted: 1, available: 0 }
      ],
      fresh,
      3,
      { surge: 2, unavailable: 0 }
    )
  ).toEqual([1, 0])
  expect(nextOldSizes([{ wanted: 3, available: 3 }], { wanted: 1, available: 0 }, 3, { surge: 1, unavailable: 0 })).toEqual([3])
})

test('a change of size is shared in proportion, the rest going to the first', () => {
  expect(
    proportional(
      [
        { wanted: 8, annotated: 13 },
        { wanted: 5, annotated: 13 }
      ],
      15,
      3
    )
  ).toEqual([11, 7])
  expect(
    proportional(
      [
        { wanted: 3, annotated: 4 },
        { wanted: 1, annotated: 4 }
      ],
      0,
      0
    )
  ).toEqual([0, 0])
})
