import { expect, test } from 'vitest'
import { celRules, SCHEMA_DEPTH_MAX, schemaProblems } from './crd-schema.ts'

test.each([
  [{ type: 'object', properties: { a: { type: 'text' } } }, ['s.properties[a].type']],
  [{ type: 'array', items: { pattern: '(?<=a)' } }, ['s.items.pattern']],
  [{ additionalProperties: false, uniqueItems: true, $ref: '#/a' }, ['s.$ref', 's.uniqueItems', 's.additionalProperties']],
  [{ oneOf: { a: 1 }, anyOf: [3], not: { required: 'a' } }, ['s.oneOf', 's.not.required', 's.anyOf[0]']],
  [{ properties: [] }, ['s.properties']],
  ['text', ['s']],
  [{ 'x-kubernetes-validations': [{ rule: 'self >' }] }, ['s.x-kubernetes-validations']],
  [{ type: 'object', properties: { a: { 'x-kubernetes-int-or-string': true, nullable: true } }, 'x-unknown': 1 }, []]
])('%j has problems at %j', (schema, paths) => {
  expect(schemaProblems(schema, 's').map((problem) => problem.path)).toEqual(paths)
})

test('a schema deeper than the limit is refused once', () => {
  let schema: object = { type: 'string' }
  for (let level = 0; level < 50_000; level++) schema = { type: 'array', items: schema }
  expect(schemaProblems(schema, 's').map((problem) => problem.message)).toEqual([`is nested deeper than ${SCHEMA_DEPTH_MAX} levels`])
})

test('CEL rules are found wherever they stand', () => {
  const rule = { 'x-kubernetes-validations': [{ rule: 'self != ""', message: 'no' }] }
  const schema = { properties: { a: { items: rule }, b: { additionalProperties: rule } }, ...rule }
  expect(celRules(schema).map((one) => one.path)).toEqual(['', 'a[]', 'b.*'])
})
