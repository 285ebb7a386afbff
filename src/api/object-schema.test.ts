import { expect, test } from 'vitest'
import { objectMeta, wholeObject } from './object-schema.ts'
import { validate } from './validate.ts'

test('every kind has apiVersion, kind and metadata before its own fields', () => {
  const schema = wholeObject({ type: 'object', properties: { spec: { type: 'object' }, metadata: { type: 'string' } }, required: ['spec'] })
  expect(Object.keys(schema.properties ?? {})).toEqual(['apiVersion', 'kind', 'metadata', 'spec'])
  expect(schema.properties?.['metadata']).toBe(objectMeta)
  expect(schema.required).toEqual(['spec'])
})

test('metadata is checked', () => {
  const meta = { name: 'a', creationTimestamp: null, labels: { a: 1 }, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p' }] }
  expect(validate(objectMeta, meta).map((cause) => cause.field)).toEqual(['labels.a', 'ownerReferences[0].uid', '<nil>'])
})
