import { expect, test } from 'vitest'
import type { Cause } from './cause.ts'
import type { Schema } from './schema.ts'
import { validate } from './validate.ts'
import { brokenRules, celValue } from './validate-cel.ts'

const rules = (...texts: readonly (string | object)[]): Schema => ({
  'x-kubernetes-validations': texts.map((text) => (typeof text === 'string' ? { rule: text, message: 'no' } : (text as { rule: string })))
})
const lines = (schema: Schema, value: unknown, old?: unknown): string[] =>
  brokenRules(schema, value, old, 200).map(({ reason, field, message }: Cause) => `${reason} ${field}: ${message}`)

test('rules are asked wherever they stand, with the words of the API server for scalars and for the rest', () => {
  const schema: Schema = {
    type: 'object',
    ...rules('has(self.a)'),
    properties: {
      list: { type: 'array', items: { type: 'integer', ...rules('self > 2') } },
      map: { type: 'object', additionalProperties: { type: 'string', ...rules("self != 'x'") } },
      n: { type: 'number', ...rules('self < 1.5') }
    }
  }
  expect(lines(schema, { list: [3, 1], map: { k: 'x' }, n: 2 })).toEqual([
    'FieldValueInvalid : Invalid value: no',
    'FieldValueInvalid list[1]: Invalid value: 1: no',
    'FieldValueInvalid map.k: Invalid value: "x": no',
    'FieldValueInvalid n: Invalid value: 2: no'
  ])
})

test('a rule that cannot be evaluated is broken, and says why', () => {
  expect(lines({ type: 'string', ...rules("duration(self) > duration('1s')") }, 'abc')).toEqual([
    "FieldValueInvalid : Invalid value: \"string\": type conversion error from 'string' to 'google.protobuf.Duration' evaluating rule: no"
  ])
  expect(lines({ type: 'string', ...rules('self >') }, 'abc')).toHaveLength(1)
})

test('reason, field and sentence may come from the rule', () => {
  const schema = rules(
    { rule: 'false', messageExpression: "'is ' + self.a", fieldPath: '.a' },
    { rule: 'false', reason: 'FieldValueForbidden', message: 'b' },
    { rule: 'false', reason: 'FieldValueRequired', messageExpression: '1 +' },
    { rule: 'false', reason: 'FieldValueDuplicate' }
  )
  expect(lines({ type: 'object', properties: { a: { type: 'string' } }, ...schema }, { a: 'x' })).toEqual([
    'FieldValueInvalid .a: Invalid value: is x',
    'FieldValueForbidden : Forbidden: b',
    'FieldValueRequired : Required value: failed rule: false',
    'FieldValueDuplicate : Duplicate value: {"a":"x"}'
  ])
})

test('rules about change are asked when the old value can be told: fields, maps and lists with keys', () => {
  const grow: Schema = { type: 'integer', ...rules('self >= oldSelf') }
  const item: Schema = { type: 'object', properties: { k: { type: 'string' }, n: grow } }
  const keyed: Schema = { type: 'array', items: item, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] }
  const schema: Schema = { type: 'object', properties: { n: grow, keyed, plain: { type: 'array', items: grow } } }
  const old = {
    n: 5,
    keyed: [
      { k: 'a', n: 1 },
      { k: 'b', n: 9 }
    ],
    plain: [9]
  }
  expect(
    lines(
      schema,
      {
        n: 4,
        keyed: [
          { k: 'b', n: 8 },
          { k: 'c', n: 0 }
        ],
        plain: [1]
      },
      old
    )
  ).toEqual(['FieldValueInvalid n: Invalid value: 4: no', 'FieldValueInvalid keyed[0].n: Invalid value: 8: no'])
  expect(lines(schema, { n: 4 })).toEqual([])
})

test('fields are spelt as CEL can, keys of maps are not; whole numbers are so by their schema', () => {
  const text: Schema = { type: 'string' }
  const schema: Schema = {
    type: 'object',
    properties: { namespace: text, 'a.b-c/d': text, e__f: text, n: { type: 'integer' }, i: { 'x-kubernetes-int-or-string': true } }
  }
  expect(celValue(schema, { namespace: 'x', 'a.b-c/d': 'y', e__f: 'z', n: 1, i: 2, unknown: 3 })).toEqual({
    __namespace__: 'x',
    a__dot__b__dash__c__slash__d: 'y',
    e__underscores__f: 'z',
    n: 1n,
    i: 2n
  })
  expect(celValue({ type: 'object', additionalProperties: { type: 'number' } }, { for: 1 })).toEqual({ for: 1 })
})

test('rules are not asked of a value of the wrong type, and causes have their bound', () => {
  const schema: Schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['b'], ...rules('false') }
  expect(validate(schema, { a: 1 }, 'built-in').map(({ message }) => message)).not.toContain('Invalid value: no')
  expect(validate(schema, { b: 1 }).map(({ message }) => message)).toEqual(['Invalid value: no'])
  const list: Schema = { type: 'array', items: { type: 'integer', ...rules('false') } }
  expect(
    brokenRules(
      list,
      Array.from({ length: 9 }, () => 1),
      undefined,
      5
    )
  ).toHaveLength(5)
})
