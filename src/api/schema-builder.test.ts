import { expect, expectTypeOf, test } from 'vitest'
import { array, atMostOne, choice, exactlyOne, int32, intOrString, map, nullable, object, required, string } from './schema-builder.ts'
import type { Infer } from './schema-builder.ts'

const shape = object(
  'A thing.',
  {
    name: required(string('Its name.', { maxLength: 63 })),
    mode: choice('How.', 'FAST', 'SAFE'),
    count: nullable(int32('How many.')),
    labels: map('Labels.', string('A value.')),
    parts: array('Parts.', object('A part.', { port: required(intOrString('Where.')) }))
  },
  atMostOne('mode', 'count')
)

test('a description is an ordinary structural schema', () => {
  expect(shape).toEqual({
    type: 'object',
    description: 'A thing.',
    required: ['name'],
    properties: {
      name: { type: 'string', description: 'Its name.', maxLength: 63 },
      mode: { type: 'string', description: 'How.', enum: ['FAST', 'SAFE'] },
      count: { type: 'integer', format: 'int32', description: 'How many.', nullable: true },
      labels: { type: 'object', description: 'Labels.', additionalProperties: { type: 'string', description: 'A value.' } },
      parts: {
        type: 'array',
        description: 'Parts.',
        items: {
          type: 'object',
          description: 'A part.',
          required: ['port'],
          properties: { port: { description: 'Where.', 'x-kubernetes-int-or-string': true } }
        }
      }
    },
    oneOf: [{ not: { anyOf: [{ required: ['mode'] }, { required: ['count'] }] } }, { required: ['mode'] }, { required: ['count'] }]
  })
  expect(exactlyOne(['a', 'b'], ['a', 'c'])).toEqual({ oneOf: [{ required: ['a', 'b'] }, { required: ['a', 'c'] }] })
})

test('the type of a description has its required, optional, enumerated and nullable fields', () => {
  type Thing = Infer<typeof shape>
  const thing: Thing = { name: 'x', mode: 'FAST', count: null, labels: { a: 'b' }, parts: [{ port: 'http' }, { port: 80 }] }
  expect(thing.name).toBe('x')
  expectTypeOf<Thing['name']>().toEqualTypeOf<string>()
  expectTypeOf<NonNullable<Thing['mode']>>().toEqualTypeOf<'FAST' | 'SAFE'>()
  expectTypeOf<{ mode: 'FAST' }>().not.toExtend<Thing>()
  expectTypeOf<{ name: string; mode: 'SLOW' }>().not.toExtend<Thing>()
})
