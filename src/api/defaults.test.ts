import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyDefaults } from './defaults.ts'
import { canaryKind } from './flagger-kinds.ts'
import type { Schema } from './schema.ts'

const schema: Schema = {
  type: 'object',
  properties: {
    age: { type: 'integer', default: 3 },
    inner: { type: 'object', default: {}, properties: { deep: { type: 'string', default: 'x' } } },
    plain: { type: 'object', properties: { deep: { type: 'string', default: 'y' } } },
    list: { type: 'array', items: { type: 'object', properties: { port: { type: 'integer', default: 80 } } } },
    map: { type: 'object', additionalProperties: { type: 'object', properties: { port: { type: 'integer', default: 81 } } } },
    may: { type: 'integer', nullable: true, default: 1 },
    must: { type: 'integer' }
  }
}

test.each([
  [{}, { age: 3, inner: { deep: 'x' }, may: 1 }],
  [
    { age: null, may: null, must: null },
    { age: 3, inner: { deep: 'x' }, may: null }
  ],
  [
    { age: 1, inner: { deep: 'z' }, may: 2, plain: {} },
    { age: 1, inner: { deep: 'z' }, may: 2, plain: { deep: 'y' } }
  ],
  [
    { age: 1, inner: {}, may: 2, list: [{}, { port: 1 }], map: { a: {} } },
    { age: 1, inner: { deep: 'x' }, may: 2, list: [{ port: 80 }, { port: 1 }], map: { a: { port: 81 } } }
  ]
])('%j becomes %j', (value, expected) => {
  const before = JSON.stringify(value)
  expect(applyDefaults(schema, value)).toEqual(expected)
  expect(JSON.stringify(value)).toBe(before)
})

test('laws: defaults are applied once, and a value that needs none is shared', () => {
  const canary = canaryKind.versions[0]?.schema ?? {}
  const key = fc.constantFrom('spec', 'analysis', 'sessionAffinity', 'service', 'mirror', 'backendRef', '__proto__')
  fc.assert(
    fc.property(fc.object({ key, maxDepth: 5, values: [fc.constant(null), fc.integer()] }), (some) => {
      const once = applyDefaults(canary, some)
      expect(applyDefaults(canary, once)).toBe(once)
    })
  )
  expect(applyDefaults(canary, { spec: { analysis: { sessionAffinity: { cookieName: 'c' } } } })).toEqual({
    spec: { analysis: { sessionAffinity: { cookieName: 'c', maxAge: 86400 } } }
  })
})
