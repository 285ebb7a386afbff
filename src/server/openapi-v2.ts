// The OpenAPI v2 document: what the v3 documents say, in one, in the older form. kubectl up to 1.29 needs it to validate and to patch, later
// ones for subresources. Limits of values and alternatives are left out: the server checks them.

import { createHash } from 'node:crypto'
import { isObject } from '../std/json.ts'
import { encodeOpenApiV2 } from './openapi-v2-protobuf.ts'

/** The v2 document as clients may ask for it; the hash is of its content. */
export interface OpenApiV2Document {
  readonly json: string
  readonly protobuf: Uint8Array
  readonly hash: string
}

const KEPT = new Set(['description', 'type', 'format', 'enum', 'required', 'x-kubernetes-group-version-kind'])
const SCHEMAS = new Set(['items', 'additionalProperties'])
const EXTENSION = /^x-kubernetes-(?!validations$)/
const METHODS = new Set(['get', 'put', 'post', 'delete', 'patch'])

/** One v2 document out of v3 documents, a later one's definition of a name in place of an earlier one's. */
export function openApiV2(documents: readonly unknown[]): OpenApiV2Document {
  const definitions: Record<string, unknown> = {}
  const paths: Record<string, unknown> = {}
  for (const document of documents) {
    for (const [name, schema] of entries(at(document, 'components', 'schemas'))) definitions[name] = schemaV2(schema)
    for (const [path, item] of entries(at(document, 'paths'))) paths[path] = pathItemV2(item)
  }
  const document = { swagger: '2.0', info: { title: 'Serin', version: 'v1' }, paths, definitions }
  const json = JSON.stringify(document)
  return { json, protobuf: encodeOpenApiV2(document), hash: createHash('sha256').update(json).digest('hex').toUpperCase() }
}

/** A v3 schema in the form of v2: a wrapped reference beside its facts, `anyOf`, `oneOf` and limits left out. */
export function schemaV2(schema: unknown): Record<string, unknown> {
  const out: Record<string, unknown> = Object.assign({}, ...entries(schema).map(([key, value]) => keywordV2(key, value)))
  return out['format'] === 'int-or-string' ? { ...out, type: 'string' } : out
}

function keywordV2(key: string, value: unknown): Record<string, unknown> {
  if (key === '$ref') return { $ref: reference(value) }
  if (key === 'allOf' && Array.isArray(value) && value.length === 1) return schemaV2(value[0])
  if (key === 'properties') return { properties: Object.fromEntries(entries(value).map(([name, inner]) => [name, schemaV2(inner)])) }
  if (SCHEMAS.has(key)) return { [key]: isObject(value) ? schemaV2(value) : value }
  return KEPT.has(key) || EXTENSION.test(key) ? { [key]: value } : {}
}

function reference(value: unknown): string {
  return String(value).replace('#/components/schemas/', '#/definitions/')
}

function pathItemV2(item: unknown): Record<string, unknown> {
  return Object.fromEntries(
    entries(item)
      .filter(([method]) => METHODS.has(method))
      .map(([method, operation]) => [method, operationV2(operation)])
  )
}

function operationV2(operation: unknown): Record<string, unknown> {
  const out: Record<string, unknown> = Object.fromEntries(entries(operation))
  const parameters = out['parameters']
  if (!Array.isArray(parameters)) return out
  return { ...out, parameters: parameters.map((one: unknown) => ({ name: at(one, 'name'), in: at(one, 'in'), type: 'string' })) }
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce((inner, key) => (isObject(inner) ? inner[key] : undefined), value)
}

function entries(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : []
}
