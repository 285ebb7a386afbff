// The single rules of a schema node, each with the words that the Kubernetes API server uses.

import { isObject, sameJson } from '../std/json.ts'
import type { Cause } from './cause.ts'
import { duplicate, invalid, notSupported } from './cause.ts'
import type { Schema } from './schema.ts'
import { hasFormat, patternFound } from './string-format.ts'

/** The fault of a value of another type than the schema's; undefined when there is none. */
export function checkType(schema: Schema, value: unknown, path: string): Cause | undefined {
  const either = schema['x-kubernetes-int-or-string'] === true
  const wanted = either ? 'integer,string' : schema.type
  if (wanted === undefined) return undefined
  const found = typeName(value)
  if (either ? found === 'integer' || found === 'string' : fits(wanted, found)) return undefined
  return typeInvalid(path, found, `${path} in body must be of type ${wanted}: ${JSON.stringify(found)}`)
}

/** A value that is none of the enumerated ones. */
export function checkEnum(words: readonly unknown[], value: unknown, path: string, out: Cause[]): void {
  if (!words.some((word) => sameJson(word, value))) out.push(notSupported(path, value, words))
}

/** Length, pattern and format of a text; lengths count characters, not UTF-16 units. */
export function checkString(schema: Schema, value: string, path: string, out: Cause[]): void {
  const { minLength, maxLength, pattern, format } = schema
  if (minLength !== undefined && lengthOf(value, minLength) < minLength) {
    out.push(invalid(path, value, `${path} in body should be at least ${minLength} chars long`))
  }
  if (maxLength !== undefined && lengthOf(value, maxLength + 1) > maxLength) {
    out.push({ reason: 'FieldValueTooLong', message: `Too long: may not be more than ${maxLength} bytes`, field: path })
  }
  if (pattern !== undefined && patternFound(pattern, value) !== true) {
    out.push(invalid(path, value, `${path} in body should match '${pattern}'`))
  }
  if (format !== undefined && !hasFormat(format, value)) {
    out.push(typeInvalid(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`))
  }
}

/** Bounds, step and width of a number. */
export function checkNumber(schema: Schema, value: number, path: string, out: Cause[]): void {
  const { multipleOf, type, format } = schema
  for (const detail of [belowMinimum(schema, value), aboveMaximum(schema, value)]) {
    if (detail !== undefined) out.push(invalid(path, value, `${path} in body should be ${detail}`))
  }
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) {
    out.push(invalid(path, value, `${path} in body should be a multiple of ${bound(multipleOf, value)}`))
  }
  if (format === 'int32' && (value < -2147483648 || value > 2147483647)) {
    out.push(invalid(path, value, `Checked value must be of type ${type ?? 'integer'} with format int32 in ${path}`))
  }
}

function belowMinimum(schema: Schema, value: number): string | undefined {
  const { minimum } = schema
  if (minimum === undefined) return undefined
  if (schema.exclusiveMinimum === true) return value <= minimum ? `greater than ${bound(minimum, value)}` : undefined
  return value < minimum ? `greater than or equal to ${bound(minimum, value)}` : undefined
}

function aboveMaximum(schema: Schema, value: number): string | undefined {
  const { maximum } = schema
  if (maximum === undefined) return undefined
  if (schema.exclusiveMaximum === true) return value >= maximum ? `less than ${bound(maximum, value)}` : undefined
  return value > maximum ? `less than or equal to ${bound(maximum, value)}` : undefined
}

/** Number and uniqueness of list items, and the keys of lists of type set and map. */
export function checkList(schema: Schema, value: readonly unknown[], path: string, out: Cause[]): void {
  const { minItems, maxItems } = schema
  if (minItems !== undefined && value.length < minItems) {
    out.push(invalid(path, value.length, `${path} in body should have at least ${minItems} items`))
  }
  if (maxItems !== undefined && value.length > maxItems) {
    out.push({ reason: 'FieldValueTooMany', message: `Too many: ${value.length}: must have at most ${maxItems} items`, field: path })
    return
  }
  if (schema.uniqueItems === true && new Set(value.map(canonical)).size < value.length) {
    out.push(invalid(path, value.length, `${path} in body shouldn't contain duplicates`))
  }
  const keys = schema['x-kubernetes-list-map-keys']
  if (schema['x-kubernetes-list-type'] === 'set') checkUnique(value, path, out)
  if (schema['x-kubernetes-list-type'] === 'map' && keys !== undefined) {
    checkUnique(
      value.map((item) => Object.fromEntries(keys.map((key) => [key, isObject(item) ? item[key] : undefined]))),
      path,
      out
    )
  }
}

/** Number of fields of an object. */
export function checkSize(schema: Schema, value: Readonly<Record<string, unknown>>, path: string, out: Cause[]): void {
  const { minProperties, maxProperties } = schema
  if (minProperties === undefined && maxProperties === undefined) return
  const size = Object.keys(value).length
  if (minProperties !== undefined && size < minProperties) {
    out.push(invalid(path, size, `${path} in body should have at least ${minProperties} properties`))
  }
  if (maxProperties !== undefined && size > maxProperties) {
    out.push({ reason: 'FieldValueTooMany', message: `Too many: ${size}: must have at most ${maxProperties} items`, field: path })
  }
}

function checkUnique(keys: readonly unknown[], path: string, out: Cause[]): void {
  const seen = new Set<string>()
  for (const [index, key] of keys.entries()) {
    const text = canonical(key)
    if (seen.has(text)) out.push(duplicate(`${path}[${index}]`, key))
    seen.add(text)
  }
}

// Equal JSON values have equal texts. Items nested deeper than this are told apart by nothing below it.
const DEPTH_MAX = 100

function canonical(value: unknown, depth = 0): string {
  if (depth > DEPTH_MAX) return '...'
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join()}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  const fields = Object.keys(value).toSorted()
  return `{${fields.map((name) => `${JSON.stringify(name)}:${canonical(value[name], depth + 1)}`).join()}}`
}

function typeInvalid(path: string, value: unknown, detail: string): Cause {
  return { ...invalid(path, value, detail), reason: 'FieldValueTypeInvalid' }
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function fits(wanted: string, found: string): boolean {
  return wanted === found || (wanted === 'number' && found === 'integer')
}

// Characters of a text, counted no further than `enough`.
function lengthOf(text: string, enough: number): number {
  let length = 0
  for (const _ of text) {
    length += 1
    if (length >= enough) break
  }
  return length
}

// Bounds of fractions are printed by Go as floating point: 4294967295 is 4.294967295e+09 there.
function bound(limit: number, value: number): string {
  if (Number.isInteger(value)) return String(Math.trunc(limit))
  const [digits = '', exponent = '0'] = limit.toExponential().split('e')
  const power = Number(exponent)
  if (power >= -4 && power < 21) return String(limit)
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}
