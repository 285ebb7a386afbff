import { expect, test } from 'vitest'
import { enforceOrder, indexOf } from './merge-order.ts'

test.each([
  { merged: [1, 2, 3, 4], order: [3, 1], live: [1, 2, 3, 4], want: [2, 3, 1, 4] },
  { merged: ['a', 'b'], order: [], live: ['b', 'a'], want: ['b', 'a'] },
  { merged: ['n', 'x'], order: ['n'], live: ['x'], want: ['n', 'x'] },
  { merged: ['x', 'y', 'n'], order: ['n'], live: ['x', 'y'], want: ['n', 'x', 'y'] }
])('$merged ordered by $order beside live $live is $want', ({ merged, order, live, want }) => {
  expect(enforceOrder(merged, order, live, '')).toEqual(want)
})

test('items are found by their merge key alone', () => {
  expect(indexOf([{ name: 'a', v: 1 }], { name: 'a' }, 'name')).toBe(0)
  expect(indexOf([{ name: 'a' }], {}, 'name')).toBe(-1)
})
