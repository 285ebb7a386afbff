import { describe, expect, it } from 'vitest'
import { readWire, type WireField } from '../api/protobuf-wire.ts'
import { openApiV2, schemaV2 } from './openapi-v2.ts'

const gvk = [{ group: 'example.com', version: 'v1', kind: 'Widget' }]
const patch = {
  operationId: 'patch_Widget',
  'x-kubernetes-group-version-kind': gvk[0],
  parameters: [{ name: 'fieldValidation', in: 'query', schema: { type: 'string' } }],
  responses: { '200': { description: 'OK' } }
}
const widget = {
  type: 'object',
  description: 'A widget.',
  'x-kubernetes-group-version-kind': gvk,
  required: ['spec'],
  properties: {
    spec: { description: 'What is wanted.', allOf: [{ $ref: '#/components/schemas/Spec' }] },
    size: { type: 'integer', minimum: 1, nullable: true, default: 3 },
    words: { type: 'array', items: { type: 'string', enum: ['a', 'b'] } },
    free: { type: 'object', additionalProperties: true },
    port: { oneOf: [{ type: 'integer' }, { type: 'string' }], format: 'int-or-string' },
    items: { type: 'object', additionalProperties: { type: 'string' } }
  }
}
const document = openApiV2([
  { paths: { '/apis/example.com/v1/widgets/{name}': { patch } }, components: { schemas: { Widget: widget } } },
  { paths: {}, components: { schemas: { Spec: { type: 'object' } } } }
])

describe('a v3 schema in the form of v2', () => {
  it('keeps what explains and patches, and nothing that only limits values', () => {
    expect(schemaV2(widget)).toEqual({
      type: 'object',
      description: 'A widget.',
      'x-kubernetes-group-version-kind': gvk,
      required: ['spec'],
      properties: {
        spec: { description: 'What is wanted.', $ref: '#/definitions/Spec' },
        size: { type: 'integer' },
        words: { type: 'array', items: { type: 'string', enum: ['a', 'b'] } },
        free: { type: 'object', additionalProperties: true },
        port: { type: 'string', format: 'int-or-string' },
        items: { type: 'object', additionalProperties: { type: 'string' } }
      }
    })
  })

  it('keeps how lists are merged', () => {
    const facts = { 'x-kubernetes-patch-merge-key': 'name', 'x-kubernetes-patch-strategy': 'merge' }
    expect(schemaV2({ type: 'array', items: { $ref: '#/components/schemas/Port' }, ...facts, 'x-kubernetes-validations': [] })).toEqual({
      type: 'array',
      items: { $ref: '#/definitions/Port' },
      ...facts
    })
  })
})

describe('the protobuf form of the v2 document', () => {
  it('says at a path which query parameters its patch takes, and for which kind', () => {
    const [item] = inside(document.protobuf, 8, 2)
    expect(word(item, 1)).toBe('/apis/example.com/v1/widgets/{name}')
    const [operation] = inside(item, 2, 8)
    expect(word(operation, 5)).toBe('patch_Widget')
    expect(inside(operation, 8, 1, 2, 3).map((query) => word(query, 4))).toEqual(['fieldValidation'])
    const [extension] = inside(operation, 13)
    expect(word(extension, 1)).toBe('x-kubernetes-group-version-kind')
    expect(JSON.parse(word(inside(extension, 2)[0], 2))).toEqual(gvk[0])
  })

  it('describes each definition with its fields', () => {
    const definitions = inside(document.protobuf, 9, 1)
    expect(definitions.map((definition) => word(definition, 1))).toEqual(['Widget', 'Spec'])
    const [schema] = inside(definitions[0], 2)
    expect([word(schema, 4), word(schema, 19), word(inside(schema, 22)[0], 1)]).toEqual(['A widget.', 'spec', 'object'])
    const fields = new Map(inside(schema, 25, 1).map((field) => [word(field, 1), inside(field, 2)[0]]))
    expect([...fields.keys()]).toEqual(['spec', 'size', 'words', 'free', 'port', 'items'])
    expect([word(fields.get('spec'), 1), word(fields.get('spec'), 4)]).toEqual(['#/definitions/Spec', 'What is wanted.'])
    expect(inside(fields.get('words'), 23, 1, 20).map((value) => word(value, 2))).toEqual(['"a"', '"b"'])
    expect(word(inside(fields.get('items'), 21, 1, 22)[0], 1)).toBe('string')
    expect(inside(fields.get('free'), 21).map((bytes) => [...bytes])).toEqual([[0x10, 1]])
  })
})

// The messages at a path of field numbers.
function inside(bytes: Uint8Array | undefined, ...numbers: readonly number[]): Uint8Array[] {
  let found = bytes === undefined ? [] : [bytes]
  for (const number of numbers) found = found.flatMap((one) => fieldsOf(one, number))
  return found
}

function word(bytes: Uint8Array | undefined, number: number): string {
  return new TextDecoder().decode(inside(bytes, number)[0])
}

function fieldsOf(bytes: Uint8Array, number: number): Uint8Array[] {
  const fields: readonly WireField[] = readWire(bytes) ?? []
  return fields.flatMap((field) => (field.number === number && field.wire === 'bytes' ? [field.bytes] : []))
}
