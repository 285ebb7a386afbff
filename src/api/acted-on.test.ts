import { expect, test } from 'vitest'
import { each, inside, only, unactedFields } from './acted-on.ts'

const TABLE = inside({
  ...each('name'),
  items: inside({ ...each('a'), mode: only((mode) => mode === 'on', 'this mode') }),
  old: { idle: 'gone' }
})

test('a field is named once, at its outermost name, with its path', () => {
  expect(unactedFields(TABLE, { name: 'x', items: [{ a: 1 }, { b: { c: 1, d: 2 } }], more: {} }, 'spec')).toEqual([
    { path: 'spec.items[1].b', field: 'b' },
    { path: 'spec.more', field: 'more' }
  ])
})

test('a field that is empty, false or null is not set; 0 is', () => {
  expect(unactedFields(TABLE, { a: '', b: false, c: null, d: [], e: undefined, items: [] }, 'spec')).toEqual([])
  expect(unactedFields(TABLE, { count: 0 }, 'spec')).toEqual([{ path: 'spec.count', field: 'count' }])
})

test('a field may be acted on for some values, or have nothing to be done with', () => {
  expect(unactedFields(TABLE, { old: 1, items: [{ mode: 'on' }, { mode: 'off' }] }, 'spec')).toEqual([
    { path: 'spec.items[1].mode', field: 'this mode' }
  ])
})
