import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Readers } from './readers.ts'

test('an object has the readers that say so last', () => {
  const name = fc.constantFrom('a', 'b', 'c')
  const act = fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.option(fc.array(name), { nil: undefined }))
  fc.assert(
    fc.property(fc.array(act), (acts) => {
      const [index, plain] = [new Readers(), new Map<string, ReadonlySet<string>>()]
      for (const [reader, names] of acts) {
        if (names === undefined) {
          index.delete(reader)
          plain.delete(reader)
        } else {
          index.set(reader, new Set(names))
          plain.set(reader, new Set(names))
        }
      }
      for (const each of ['a', 'b', 'c']) {
        expect(index.of(each).toSorted()).toEqual([...plain].flatMap(([reader, names]) => (names.has(each) ? [reader] : [])).toSorted())
      }
    }),
    { seed: 3 }
  )
})

test('it says what nobody reads any more', () => {
  const readers = new Readers()
  expect(readers.set('a', new Set(['x', 'y']))).toEqual([])
  expect(readers.set('b', new Set(['y']))).toEqual([])
  expect(readers.set('a', new Set(['z', 'y']))).toEqual(['x'])
  expect(readers.delete('a')).toEqual(['z'])
  expect(readers.delete('b')).toEqual(['y'])
})
