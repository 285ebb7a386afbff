// From any value to an object of a known kind: unknown fields dropped and told, defaults put in, the schema checked. After this no
// code handles malformed input.

import { isObject } from '../std/json.ts'
import type { Checked, Problem } from '../std/problem.ts'
import type { Cause } from './cause.ts'
import { applyDefaults } from './defaults.ts'
import type { KindSpec } from './kind.ts'
import type { KubeObject } from './object.ts'
import { prune, unknownFields } from './prune.ts'
import { validate } from './validate.ts'

/**
 * `value` as an object of `kind`, with all problems: faults are errors (code: the cause's reason) and leave no value, unknown fields
 * are warnings (`unknown-field`). An absent spec or metadata becomes {}, as Istio and Kubernetes read it. T must be the type of the
 * kind, as VirtualService is of virtualServiceKind.
 */
export function decode<T extends KubeObject>(kind: KindSpec, value: unknown): Checked<T> {
  if (!isObject(value)) return failed('', 'must be an object')
  const named = kind.versions.find(
    (version) => value['apiVersion'] === (kind.group === '' ? version.name : `${kind.group}/${version.name}`)
  )
  if (value['kind'] !== kind.kind) return failed('kind', `must be ${kind.kind}, not ${JSON.stringify(value['kind']) ?? 'absent'}`)
  if (named === undefined) return failed('apiVersion', `${kind.kind} is served in ${versionsOf(kind)}`)
  const { schema } = named
  const complete = { ...value, metadata: value['metadata'] ?? {}, ...(schema.properties?.['spec'] && { spec: value['spec'] ?? {} }) }
  const warnings = unknownFields(schema, complete).map(unknownField)
  const ready = applyDefaults(schema, prune(schema, complete))
  const errors = validate(schema, ready, 'built-in').map(errorOf)
  // the schema that T was inferred from has just been checked
  return { value: errors.length > 0 ? undefined : (ready as T), problems: [...errors, ...warnings] }
}

function unknownField(path: string): Problem {
  return { code: 'unknown-field', severity: 'warning', path, message: 'unknown field, dropped' }
}

function errorOf(cause: Cause): Problem {
  return { code: cause.reason, severity: 'error', path: cause.field === '<nil>' ? '' : cause.field, message: cause.message }
}

function versionsOf(kind: KindSpec): string {
  return kind.versions.map((version) => (kind.group === '' ? version.name : `${kind.group}/${version.name}`)).join(', ')
}

function failed<T>(path: string, message: string): Checked<T> {
  return { value: undefined, problems: [{ code: 'FieldValueInvalid', severity: 'error', path, message }] }
}
