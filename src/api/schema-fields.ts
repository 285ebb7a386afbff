// How a schema names and describes the fields of an object.

import type { Schema } from './schema.ts'

/** The schema of the field `name`: its property, else that of additional properties; undefined when the schema does not know it. */
export function schemaOfField(schema: Schema, name: string): Schema | undefined {
  const { properties, additionalProperties } = schema
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name]
  return typeof additionalProperties === 'object' ? additionalProperties : undefined
}

/** `name` under `path` in Kubernetes' form: `spec.http[0]` and `match` give `spec.http[0].match`. */
export function fieldPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
