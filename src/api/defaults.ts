// Defaults of a schema, put where a field is absent, or null though it may not be (Kubernetes' CRD defaulting). Nulls that may not be
// and have no default are dropped, as the API server does.

import { isObject } from '../std/json.ts'
import type { Schema } from './schema.ts'
import { schemaOfField } from './schema-fields.ts'

/** `value` with defaults; parts that need none are shared, nothing is changed in place. Defaults inside a default apply as well. */
export function applyDefaults(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) return inItems(schema, value)
  if (!isObject(value)) return value
  return inFields(schema, value)
}

function inItems(schema: Schema, value: readonly unknown[]): unknown {
  const { items } = schema
  if (items === undefined) return value
  const next = value.map((item) => applyDefaults(items, isBareNull(items, item) ? (items.default ?? null) : item))
  return next.some((item, index) => item !== value[index]) ? next : value
}

function inFields(schema: Schema, value: Readonly<Record<string, unknown>>): unknown {
  const next = new Map<string, unknown>()
  let changed = false
  for (const [name, field] of Object.entries(value)) {
    const inner = schemaOfField(schema, name)
    if (inner !== undefined && isBareNull(inner, field)) {
      changed = true
      if (inner.default !== undefined) next.set(name, applyDefaults(inner, inner.default))
      continue
    }
    const deeper = inner === undefined ? field : applyDefaults(inner, field)
    if (deeper !== field) changed = true
    next.set(name, deeper)
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.default === undefined || next.has(name)) continue
    next.set(name, applyDefaults(property, property.default))
    changed = true
  }
  return changed ? Object.fromEntries(next) : value
}

function isBareNull(schema: Schema, value: unknown): boolean {
  if (value !== null || schema.nullable === true) return false
  return schema.type !== undefined || schema['x-kubernetes-int-or-string'] === true
}
