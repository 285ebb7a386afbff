import { expect, test } from 'vitest'
import type { Schema } from './schema.ts'
import { validate } from './validate.ts'

const either: readonly Schema[] = [{ required: ['x'] }, { required: ['y', 'z'] }]

test.each<[Schema, unknown, readonly string[]]>([
  [{ oneOf: either }, { x: 1 }, []],
  [{ oneOf: either }, { x: 1, y: 1, z: 1 }, ['"a" must validate one and only one schema (oneOf). Found 2 valid alternatives']],
  [{ oneOf: either }, {}, ['"a" must validate one and only one schema (oneOf). Found none valid', 'a.x']],
  [{ anyOf: either }, { x: 1, y: 1, z: 1 }, []],
  [{ anyOf: either }, { y: 1 }, ['"a" must validate at least one schema (anyOf)', 'a.x']],
  [{ allOf: either }, { x: 1 }, ['"a" must validate all the schemas (allOf)', 'a.y', 'a.z']],
  [{ not: { required: ['x'] } }, { x: 1 }, ['"a" must not validate the schema (not)']],
  [{ not: { required: ['x'] } }, {}, []]
])('%j on %j', (schema, value, expected) => {
  const causes = validate({ type: 'object', properties: { a: { type: 'object', ...schema } } }, { a: value }, 'built-in')
  expect(causes.map((cause) => (cause.field === '<nil>' ? cause.message.replace('Invalid value: "": ', '') : cause.field))).toEqual(
    expected
  )
})
