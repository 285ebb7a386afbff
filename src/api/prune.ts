// Fields that a schema does not know: found for warnings and strict requests, dropped before an object is stored (kubernetes.md 3.11).

import { isObject } from '../std/json.ts'
import type { Schema } from './schema.ts'
import { fieldPath, schemaOfField } from './schema-fields.ts'

const UNKNOWN_MAX = 200
const OF_EVERY_OBJECT = ['apiVersion', 'kind', 'metadata']

/** Paths such as `spec.http[0].foo` of fields that `schema` does not know, in the order of the value, at most 200. */
export function unknownFields(schema: Schema, value: unknown): readonly string[] {
  const unknown: string[] = []
  visit(schema, value, '', unknown)
  return unknown
}

/** `value` without the fields that `schema` does not know. Parts without such fields are shared, nothing is changed in place. */
export function prune(schema: Schema, value: unknown): unknown {
  return visit(schema, value, '', [])
}

function visit(schema: Schema, value: unknown, path: string, unknown: string[]): unknown {
  if (Array.isArray(value)) return visitItems(schema, value, path, unknown)
  if (!isObject(value) || !describesObjects(schema)) return value
  let changed = false
  const kept: (readonly [string, unknown])[] = []
  for (const [name, field] of Object.entries(value)) {
    const inner = schemaOfField(schema, name)
    if (inner === undefined && !keepsUnknown(schema, name)) {
      if (unknown.length < UNKNOWN_MAX) unknown.push(fieldPath(path, name))
      changed = true
      continue
    }
    const next = inner === undefined ? field : visit(inner, field, fieldPath(path, name), unknown)
    if (next !== field) changed = true
    kept.push([name, next])
  }
  // fromEntries defines properties, so that a key such as __proto__ stays an ordinary one
  return changed ? Object.fromEntries(kept) : value
}

function visitItems(schema: Schema, value: readonly unknown[], path: string, unknown: string[]): unknown {
  const { items } = schema
  if (items === undefined) return value
  const next = value.map((item, index) => visit(items, item, `${path}[${index}]`, unknown))
  return next.some((item, index) => item !== value[index]) ? next : value
}

function keepsUnknown(schema: Schema, name: string): boolean {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true) return true
  return schema['x-kubernetes-embedded-resource'] === true && OF_EVERY_OBJECT.includes(name)
}

function describesObjects(schema: Schema): boolean {
  return schema.type === 'object' || schema.properties !== undefined
}
