import { parseDocument } from 'yaml'
import { expect, test } from 'vitest'
import { findNode, startOf } from './yaml-position.ts'

const text = 'a: {b: one, b.c: two}\nlist: [three, four]\n'

test.each([
  ['a.b', 'one'],
  ['a.b.c', 'two'],
  ['list[1]', 'four'],
  ['list[9]', '[three'],
  ['a', '{b'],
  ['missing', 'a: '],
  ['', 'a: ']
])('%j begins at %j', (path, words) => {
  expect(startOf(findNode(parseDocument(text).contents, path))).toBe(text.indexOf(words))
})

test('nothing begins at the beginning', () => {
  expect(startOf(undefined)).toBe(0)
})
