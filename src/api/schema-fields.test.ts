import { expect, test } from 'vitest'
import { fieldPath, schemaOfField } from './schema-fields.ts'

test('a property comes before additional properties, and inherited names are unknown', () => {
  const schema = { properties: { a: { type: 'string' } }, additionalProperties: { type: 'integer' } } as const
  expect(schemaOfField(schema, 'a')).toEqual({ type: 'string' })
  expect(schemaOfField(schema, 'b')).toEqual({ type: 'integer' })
  expect(schemaOfField({ properties: {} }, 'constructor')).toBeUndefined()
  expect([fieldPath('', 'spec'), fieldPath('spec.http[0]', 'match')]).toEqual(['spec', 'spec.http[0].match'])
})
