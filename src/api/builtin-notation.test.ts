import { expect, test } from 'vitest'
import { fieldsOf, readTables } from './builtin-notation.ts'

test('every mark of the notation is read', () => {
  const messages = readTables({
    Thing: `name 1 string!; size 2 int32*; state 3 string(On,''); parts 4 []Part patch:id,retainKeys list:map(id,kind);
      tags 5 []string patch:merge list:set; sums 6 {}Quantity atomic default:{"a":1}; + 7 Part; at 8 Time^`,
    Part: `id 1 string`
  })
  expect(fieldsOf(messages, 'Thing')).toMatchObject([
    { name: 'name', number: 1, required: true, zero: 'always', type: { kind: 'scalar', scalar: 'string', words: [] } },
    { name: 'size', zero: 'pointer', required: false },
    { name: 'state', zero: 'value', type: { words: ['On', ''] } },
    {
      name: 'parts',
      type: { kind: 'list', of: { kind: 'message', message: 'Part' } },
      patchStrategy: 'merge,retainKeys',
      patchMergeKey: 'id',
      listType: 'map',
      listMapKeys: ['id', 'kind']
    },
    { name: 'tags', patchStrategy: 'merge', listType: 'set' },
    { name: 'sums', atomic: true, default: { a: 1 }, type: { kind: 'map', of: { scalar: 'Quantity' } } },
    { name: 'at', zero: 'always', required: false },
    { name: 'id', number: 1 }
  ])
})

test.each([
  ['a field without a number', { A: 'name string' }, 'A: name string'],
  ['an unknown fact', { A: 'name 1 string odd:1' }, 'unknown fact odd:1'],
  ['a message that is not there', { A: 'b 1 B' }, 'A mentions B']
])('%s is a bug', (_, tables, message) => {
  expect(() => readTables(tables)).toThrow(message)
})
