import fc from 'fast-check'
import { expect, test } from 'vitest'
import { selects, statusPatch } from './meta.ts'

test('selectors match as labels say', () => {
  const labels = { app: 'web', tier: 'front' }
  const cases: readonly [Parameters<typeof selects>[0], boolean][] = [
    [{}, true],
    [{ matchLabels: { app: 'web' } }, true],
    [{ matchLabels: { app: 'web', tier: 'back' } }, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'In', values: ['front', 'edge'] }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['front'] }] }, false],
    [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, true],
    [{ matchExpressions: [{ key: 'zone', operator: 'Exists' }] }, false],
    [{ matchExpressions: [{ key: 'zone', operator: 'DoesNotExist' }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'Near' }] }, false]
  ]
  for (const [selector, expected] of cases) expect(selects(selector, labels), JSON.stringify(selector)).toBe(expected)
})

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
