// The fields of a schema one by one, and objects that have one of them: for tests that hold a table of fields against the code that reads
// them, so that no field can be forgotten.

import type { Treatment } from '../src/api/acted-on.ts'
import type { Schema } from '../src/api/schema.ts'
import { isObject } from '../src/std/json.ts'

/** A step into a value: a field, or the index of a list. */
export type Step = string | number

/** A field of a schema that holds no further fields, as a path into the first item of every list. */
export interface Leaf {
  readonly steps: readonly Step[]
  readonly schema: Schema
}

/** Every leaf of a schema; keys of maps are `probe`. */
export function leavesOf(schema: Schema, steps: readonly Step[] = []): Leaf[] {
  const { properties, items, additionalProperties } = schema
  if (properties !== undefined) return Object.entries(properties).flatMap(([name, inner]) => leavesOf(inner, [...steps, name]))
  if (items !== undefined) return leavesOf(items, [...steps, 0])
  if (isObject(additionalProperties)) return leavesOf(additionalProperties, [...steps, 'probe'])
  return [{ steps, schema }]
}

/** Name of a leaf in tables: `http.match.headers.probe.exact`. */
export function nameOf({ steps }: Leaf): string {
  return steps.filter((step) => typeof step === 'string').join('.')
}

/** `spec.http[0].match[0].name`, for these steps. */
export function pathOf(steps: readonly Step[]): string {
  return steps.reduce<string>((path, step) => (typeof step === 'number' ? `${path}[${step}]` : `${path}.${step}`), 'spec')
}

/** `base` with the value under `steps`; what is missing on the way is made. */
export function withValue(base: unknown, steps: readonly Step[], value: unknown): unknown {
  const [step, ...rest] = steps
  if (step === undefined) return value
  if (typeof step === 'number') {
    const list: readonly unknown[] = Array.isArray(base) ? base : []
    return [withValue(list[0], rest, value), ...list.slice(1)]
  }
  const fields = isObject(base) ? base : {}
  return { ...fields, [step]: withValue(fields[step], rest, value) }
}

/** The value with every field that its schema requires; what is missing gets some value of its type. */
export function completed(schema: Schema, value: unknown): unknown {
  const { properties = {}, items, required = [] } = schema
  if (Array.isArray(value)) return value.map((item) => completed(items ?? {}, item))
  if (!isObject(value)) return value
  const missing = required.filter((name) => value[name] === undefined).map((name) => [name, someValue(properties[name] ?? {})] as const)
  const fields = { ...value, ...Object.fromEntries(missing) }
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, completed(properties[name] ?? {}, field)]))
}

function someValue({ type, format }: Schema): unknown {
  switch (type) {
    case 'integer':
    case 'number':
      return 7
    case 'array':
      return []
    case 'object':
      return {}
    case 'boolean':
      return true
    default:
      return format === 'duration' ? '7s' : 'probe'
  }
}

/** What a table says of a leaf; undefined: not in it. */
export function treatmentOf(treatment: Treatment, steps: readonly Step[]): Treatment | undefined {
  if (typeof treatment === 'string' || 'idle' in treatment || 'only' in treatment) return treatment
  const [step, ...rest] = steps
  if (typeof step === 'number') return treatmentOf(treatment, rest)
  const inner = step === undefined ? undefined : treatment.fields[step]
  return inner === undefined ? undefined : treatmentOf(inner, rest)
}

/** The paths of a table, for comparison with the names of leaves. */
export function pathsOf(treatment: Treatment, path = ''): string[] {
  if (typeof treatment === 'string' || !('fields' in treatment)) return [path]
  return Object.entries(treatment.fields).flatMap(([name, inner]) => pathsOf(inner, path === '' ? name : `${path}.${name}`))
}
