import fc from 'fast-check'
import { expect, test } from 'vitest'
import { configMap } from '../../test/conformance/small-world.ts'
import { keyOf, ObjectTable } from './object-table.ts'

test('a table is a sorted map: same members, in key order, from any place on', () => {
  const names = fc.constantFrom('a', 'a-b', 'b', 'c', 'd.e')
  const steps = fc.array(fc.record({ put: fc.boolean(), space: fc.constantFrom('', 'x', 'x-y', 'y'), name: names }), { maxLength: 40 })
  fc.assert(
    fc.property(steps, fc.constantFrom('', 'x/', 'y/'), names, (list, prefix, after) => {
      const table = new ObjectTable()
      const oracle = new Set<string>()
      for (const { put, space, name } of list) {
        const key = keyOf(space, name)
        if (put) table.set(key, configMap(name))
        else table.delete(key)
        if (put) oracle.add(key)
        else oracle.delete(key)
      }
      const from = prefix === '' ? '' : prefix + after
      const want = [...oracle].toSorted().filter((key) => key.startsWith(prefix) && (from === '' || key > from))
      expect([...table.scan(prefix, from)].map((entry) => entry.key)).toEqual(want)
      expect(table.size).toBe(oracle.size)
    })
  )
})
