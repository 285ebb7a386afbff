// The OpenAPI v2 document in protobuf, the only form of it that kubectl reads. Field numbers are those of the public OpenAPIv2.proto
// (openapi.v2.Document); values of any type travel as YAML, for which JSON is written.

import { boolField, joinFields, messageField, textField } from '../api/protobuf-write.ts'
import { isObject } from '../std/json.ts'

type Fields = readonly (Uint8Array | undefined)[]

const METHODS: Readonly<Record<string, number>> = { get: 2, put: 3, post: 4, delete: 5, patch: 8 }

/** The document's bytes. What this form has no place for is left out. */
export function encodeOpenApiV2(document: Readonly<Record<string, unknown>>): Uint8Array {
  const { swagger, info, paths, definitions } = document
  return joinFields([
    text(1, swagger),
    messageField(2, [text(1, member(info, 'title')), text(2, member(info, 'version'))]),
    messageField(8, named(paths, 2, pathItem)),
    messageField(9, named(definitions, 1, schema))
  ])
}

function pathItem(item: unknown): Fields {
  return Object.entries(METHODS).map(([method, number]) => {
    const found = member(item, method)
    return found === undefined ? undefined : messageField(number, operation(found))
  })
}

function operation(value: unknown): Fields {
  const parameters = member(value, 'parameters')
  return [
    text(5, member(value, 'operationId')),
    ...(Array.isArray(parameters) ? parameters.map((one: unknown) => parameter(one)) : []),
    messageField(9, responses(member(value, 'responses'))),
    ...extensions(value, 13)
  ]
}

// ParametersItem > Parameter > NonBodyParameter > QueryParameterSubSchema
function parameter(value: unknown): Uint8Array {
  const query = [text(2, member(value, 'in')), text(4, member(value, 'name')), text(6, member(value, 'type'))]
  return messageField(8, [messageField(1, [messageField(2, [messageField(3, query)])])])
}

// NamedResponseValue > ResponseValue > Response
function responses(value: unknown): Fields {
  return named(value, 1, (one) => [messageField(1, [text(1, member(one, 'description'))])])
}

function schema(value: unknown): Fields {
  const [required, words, more, items] = ['required', 'enum', 'additionalProperties', 'items'].map((key) => member(value, key))
  const type = member(value, 'type')
  const properties = member(value, 'properties')
  return [
    text(1, member(value, '$ref')),
    text(2, member(value, 'format')),
    text(4, member(value, 'description')),
    ...(Array.isArray(required) ? required.map((name: unknown) => text(19, name)) : []),
    ...(Array.isArray(words) ? words.map((word: unknown) => messageField(20, [yaml(word)])) : []),
    additional(more),
    type === undefined ? undefined : messageField(22, [text(1, type)]),
    items === undefined ? undefined : messageField(23, [messageField(1, schema(items))]),
    properties === undefined ? undefined : messageField(25, named(properties, 1, schema)),
    ...extensions(value, 31)
  ]
}

function additional(value: unknown): Uint8Array | undefined {
  if (typeof value === 'boolean') return messageField(21, [boolField(2, value)])
  return value === undefined ? undefined : messageField(21, [messageField(1, schema(value))])
}

// A map: messages of a name and a value, repeated under `number`.
function named(map: unknown, number: number, fields: (value: unknown) => Fields): Fields {
  if (!isObject(map)) return []
  return Object.entries(map).map(([name, value]) => messageField(number, [textField(1, name), messageField(2, fields(value))]))
}

function extensions(value: unknown, number: number): Fields {
  if (!isObject(value)) return []
  return Object.entries(value)
    .filter(([key]) => key.startsWith('x-'))
    .map(([key, inner]) => messageField(number, [textField(1, key), messageField(2, [yaml(inner)])]))
}

function yaml(value: unknown): Uint8Array {
  return textField(2, JSON.stringify(value))
}

function text(number: number, value: unknown): Uint8Array | undefined {
  return typeof value === 'string' ? textField(number, value) : undefined
}

function member(value: unknown, key: string): unknown {
  return isObject(value) ? value[key] : undefined
}
