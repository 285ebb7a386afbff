import fc from 'fast-check'
import { expect, test } from 'vitest'
import { statusPatch } from './meta.ts'

test('applying a status patch to the old status gives the new one', () => {
  const status = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.oneof(fc.integer(), fc.array(fc.integer())))
  fc.assert(
    fc.property(status, status, (before, after) => {
      const patch = statusPatch(before, after) ?? {}
      const result: Record<string, unknown> = { ...before }
      for (const [key, value] of Object.entries(patch)) {
        if (value === null) delete result[key]
        else result[key] = value
      }
      expect(result).toEqual({ ...after })
    })
  )
  expect(statusPatch({ a: 1 }, { a: 1 })).toBeUndefined()
})
