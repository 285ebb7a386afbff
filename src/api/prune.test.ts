import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canaryKind } from './flagger-kinds.ts'
import { prune, unknownFields } from './prune.ts'
import type { Schema } from './schema.ts'

const schema: Schema = {
  type: 'object',
  properties: {
    list: { type: 'array', items: { type: 'object', properties: { a: { type: 'integer' } } } },
    map: { type: 'object', additionalProperties: { type: 'object', properties: { a: { type: 'integer' } } } },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { known: { type: 'object' } } },
    embedded: { type: 'object', 'x-kubernetes-embedded-resource': true },
    empty: { type: 'object' }
  }
}
const value = {
  list: [{ a: 1, b: 2 }, { a: 3 }],
  map: { x: { a: 1, c: 2 } },
  free: { any: { thing: 1 }, known: { lost: 1 } },
  embedded: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: {} },
  empty: { gone: 1 },
  more: 1
}

test('unknown fields are named in the form of Kubernetes and dropped', () => {
  expect(unknownFields(schema, value)).toEqual(['list[0].b', 'map.x.c', 'free.known.lost', 'embedded.spec', 'empty.gone', 'more'])
  expect(prune(schema, value)).toEqual({
    list: [{ a: 1 }, { a: 3 }],
    map: { x: { a: 1 } },
    free: { any: { thing: 1 }, known: {} },
    embedded: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } },
    empty: {}
  })
})

test('what is known is shared, and the input is not changed', () => {
  const before = JSON.stringify(value)
  const pruned = prune(schema, value)
  expect(JSON.stringify(value)).toBe(before)
  expect(prune(schema, pruned)).toBe(pruned)
})

test('laws: pruning twice is pruning once, and leaves nothing unknown', () => {
  const canary = canaryKind.versions[0]?.schema ?? {}
  const key = fc.constantFrom('spec', 'service', 'analysis', 'match', 'headers', 'x', '__proto__', 'constructor')
  fc.assert(
    fc.property(fc.object({ key, maxDepth: 5 }), (some) => {
      const pruned = prune(canary, some)
      expect(unknownFields(canary, pruned)).toEqual([])
      expect(prune(canary, pruned)).toBe(pruned)
      expect(pruned === some).toBe(unknownFields(canary, some).length === 0)
    })
  )
})
