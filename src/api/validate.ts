// Whether a value is what its structural schema says, in the Kubernetes API server's own words (kubernetes.md 3.13): one interpreter
// for our kinds and for CRDs that users apply (docs/decisions/010). Rules in CEL are asked once the rest allows it: validate-cel.ts.

import { isObject } from '../std/json.ts'
import type { Cause } from './cause.ts'
import { invalid, missing, NO_FIELD } from './cause.ts'
import type { Schema } from './schema.ts'
import { fieldPath, schemaOfField } from './schema-fields.ts'
import { checkAlternatives } from './validate-alternatives.ts'
import { brokenRules } from './validate-cel.ts'
import { checkEnum, checkList, checkNumber, checkSize, checkString, checkType } from './validate-rules.ts'

/** More causes than this are not collected: hostile input must not grow the answer without bound. */
export const CAUSES_MAX = 200

const BLOCKED = 'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation'
const BLOCKING: readonly Cause['reason'][] = [
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid'
]

/**
 * What is wrong with `value`, at most CAUSES_MAX causes; [] when it is valid. `kind` is custom (default) or built-in: for custom kinds
 * Kubernetes adds the cause with field <nil> after faults that keep CEL rules from running. `old` is what the value was, for rules about
 * change. Recursion follows the schema, never the value, so that deep input is harmless.
 */
export function validate(schema: Schema, value: unknown, kind: 'custom' | 'built-in' = 'custom', old?: unknown): readonly Cause[] {
  const causes: Cause[] = []
  check(schema, value, '', causes)
  if (!causes.some((cause) => BLOCKING.includes(cause.reason))) causes.push(...brokenRules(schema, value, old, CAUSES_MAX - causes.length))
  else if (kind === 'custom') causes.push(invalid(NO_FIELD, null, BLOCKED))
  return causes
}

function check(schema: Schema, value: unknown, path: string, out: Cause[]): void {
  if (out.length >= CAUSES_MAX) return
  if (value === null && schema.nullable === true) return
  const typeFault = checkType(schema, value, path)
  if (typeFault !== undefined) out.push(typeFault)
  checkAlternatives({ schema, value, path, out }, check)
  if (schema.enum !== undefined) checkEnum(schema.enum, value, path, out)
  if (typeof value === 'string') checkString(schema, value, path, out)
  if (typeof value === 'number') checkNumber(schema, value, path, out)
  if (Array.isArray(value)) checkItems(schema, value, path, out)
  if (isObject(value)) checkFields(schema, value, path, out)
}

function checkItems(schema: Schema, value: readonly unknown[], path: string, out: Cause[]): void {
  checkList(schema, value, path, out)
  const { items } = schema
  if (items === undefined) return
  for (let index = 0; index < value.length && out.length < CAUSES_MAX; index++) check(items, value[index], `${path}[${index}]`, out)
}

function checkFields(schema: Schema, value: Readonly<Record<string, unknown>>, path: string, out: Cause[]): void {
  checkSize(schema, value, path, out)
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name) || value[name] === undefined) out.push(missing(fieldPath(path, name)))
  }
  if (schema['x-kubernetes-embedded-resource'] === true) checkEmbedded(value, path, out)
  for (const [name, field] of Object.entries(value)) {
    if (out.length >= CAUSES_MAX) return
    const inner = schemaOfField(schema, name)
    if (inner !== undefined && field !== undefined) check(inner, field, fieldPath(path, name), out)
  }
}

function checkEmbedded(value: Readonly<Record<string, unknown>>, path: string, out: Cause[]): void {
  for (const name of ['apiVersion', 'kind']) {
    if (typeof value[name] !== 'string' || value[name] === '') out.push(missing(fieldPath(path, name), 'must not be empty'))
  }
}
