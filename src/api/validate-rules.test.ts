import { expect, test } from 'vitest'
import type { Schema } from './schema.ts'
import { validate } from './validate.ts'

test.each<[Schema, unknown, string]>([
  [{ type: 'string', minLength: 1 }, '', 'Invalid value: "": a in body should be at least 1 chars long'],
  [{ type: 'string', maxLength: 2 }, 'abc', 'Too long: may not be more than 2 bytes'],
  [{ type: 'string', maxLength: 2 }, '🙂🙂', ''],
  [{ type: 'string', format: 'date-time' }, 'now', 'Invalid value: "now": a in body must be of type date-time: "now"'],
  [{ type: 'string', format: 'url' }, 'now', ''],
  [{ type: 'integer', minimum: 0 }, -1, 'Invalid value: -1: a in body should be greater than or equal to 0'],
  [{ type: 'integer', maximum: 4294967295 }, 4294967296, 'Invalid value: 4294967296: a in body should be less than or equal to 4294967295'],
  [{ type: 'number', minimum: 0, exclusiveMinimum: true }, 0, 'Invalid value: 0: a in body should be greater than 0'],
  [{ type: 'number', maximum: 1, exclusiveMaximum: true }, 1, 'Invalid value: 1: a in body should be less than 1'],
  [{ type: 'number', multipleOf: 5 }, 7, 'Invalid value: 7: a in body should be a multiple of 5'],
  [
    { type: 'integer', format: 'int32' },
    2147483648,
    'Invalid value: 2147483648: Checked value must be of type integer with format int32 in a'
  ],
  [{ type: 'integer' }, 1.5, 'Invalid value: "number": a in body must be of type integer: "number"'],
  [{ type: 'integer' }, 2.0, ''],
  [{ type: 'number' }, 1, ''],
  [{ type: 'array', minItems: 1 }, [], 'Invalid value: 0: a in body should have at least 1 items'],
  [{ type: 'array', maxItems: 1 }, [1, 2], 'Too many: 2: must have at most 1 items'],
  [
    { type: 'array', uniqueItems: true },
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 }
    ],
    "Invalid value: 2: a in body shouldn't contain duplicates"
  ],
  [{ type: 'array', 'x-kubernetes-list-type': 'set' }, ['x', 'x'], 'Duplicate value: "x"'],
  [
    { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
    [{ name: 'x' }, { name: 'y' }, { name: 'x', port: 1 }],
    'Duplicate value: {"name":"x"}'
  ],
  [{ type: 'object', minProperties: 1 }, {}, 'Invalid value: 0: a in body should have at least 1 properties'],
  [{ type: 'object', maxProperties: 1 }, { x: 1, y: 2 }, 'Too many: 2: must have at most 1 items'],
  [{ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] }, 'http', ''],
  [{ 'x-kubernetes-int-or-string': true }, 1.5, 'Invalid value: "number": a in body must be of type integer,string: "number"'],
  [{ enum: [1, 2] }, 3, 'Unsupported value: 3: supported values: "1", "2"']
])('%j on %j: %s', (schema, value, message) => {
  expect(validate({ type: 'object', properties: { a: schema } }, { a: value }, 'built-in').map((cause) => cause.message)).toEqual(
    message === '' ? [] : [message]
  )
})
