// JSON of a built-in kind, read as Go reads it into its structs and written back: wrong types are refused in encoding/json's words,
// unknown fields are named and dropped, nulls and zero values of non-pointer fields disappear, and structs that are no pointers are there.

import { isObject } from '../std/json.ts'
import { MESSAGES } from './builtin-messages.ts'
import { fieldsOf } from './builtin-notation.ts'
import { hasFormat } from './string-format.ts'
import type { Field, FieldType, Scalar } from './builtin-notation.ts'

/** An object as Go would write it back, with the paths of unknown fields; or why it cannot be read (the end of a 400 message). */
export type DecodedBuiltin =
  | { readonly kind: 'decoded'; readonly value: Readonly<Record<string, unknown>>; readonly unknownFields: readonly string[] }
  | { readonly kind: 'refused'; readonly message: string }

interface Place {
  /** `spec.containers[0]`: for unknown fields. */
  readonly path: string
  /** `spec.containers`: for wrong types, as Go names them. */
  readonly names: string
  readonly struct: string
}

interface Reading {
  readonly unknown: string[]
  refused: string | undefined
}

/**
 * Reads an object of the message `name` (see builtinMessage). The first wrong type ends the reading. Fields of events.k8s.io structs are named
 * as in Go (`Event`). Times must be RFC 3339, bytes base64, quantities a number with a unit.
 */
export function decodeBuiltin(name: string, object: Readonly<Record<string, unknown>>): DecodedBuiltin {
  const reading: Reading = { unknown: [], refused: undefined }
  const { apiVersion, kind, ...rest } = object
  const value = decodeMessage(name, rest, { path: '', names: '', struct: name }, reading)
  if (reading.refused !== undefined) return { kind: 'refused', message: reading.refused }
  const typeMeta = { ...(apiVersion !== undefined && { apiVersion }), ...(kind !== undefined && { kind }) }
  return { kind: 'decoded', value: { ...typeMeta, ...value }, unknownFields: reading.unknown }
}

function decodeMessage(name: string, object: Record<string, unknown>, at: Place, reading: Reading): Record<string, unknown> {
  const fields = fieldsOf(MESSAGES, name)
  const draft: Record<string, unknown> = {}
  for (const field of fields) {
    const given = Object.hasOwn(object, field.name) ? object[field.name] : undefined
    const value = given === undefined || given === null ? absent(field) : decodeField(field, given, within(at, name, field.name), reading)
    if (value !== undefined) draft[field.name] = value
  }
  const known = new Set(fields.map((field) => field.name))
  for (const key of Object.keys(object)) if (!known.has(key)) reading.unknown.push(join(at.path, key))
  return draft
}

function within(at: Place, struct: string, name: string): Place {
  return { path: join(at.path, name), names: join(at.names, name), struct: struct.replace(STRUCT_PREFIX, '') }
}

// Of messages that are named alike in two groups or versions, as builtin-messages.ts tells them apart.
const STRUCT_PREFIX = /^(Events(?=E)|Slice(?=E)|V1(?=H))/

// What Go writes for a field that was not sent: structs that are no pointers, null for their times, and what is required.
function absent(field: Field): unknown {
  if (field.nullable === true) return null
  if (field.zero === 'pointer') return undefined
  if (field.type.kind === 'message') {
    return field.name === 'template' ? undefined : emptyMessage(field.type.message)
  }
  if (field.type.kind !== 'scalar') return undefined
  if (isTime(field.type.scalar)) return field.name === 'creationTimestamp' ? undefined : null
  return field.zero === 'always' ? zeroOf(field.type.scalar) : undefined
}

function emptyMessage(name: string): Record<string, unknown> {
  const draft: Record<string, unknown> = {}
  for (const field of fieldsOf(MESSAGES, name)) {
    const value = absent(field)
    if (value !== undefined) draft[field.name] = value
  }
  return draft
}

function isTime(scalar: Scalar): boolean {
  return scalar === 'Time' || scalar === 'MicroTime'
}

function zeroOf(scalar: Scalar): unknown {
  if (scalar === 'bool') return false
  if (scalar === 'string') return ''
  return scalar === 'int32' || scalar === 'int64' || scalar === 'double' ? 0 : undefined
}

function decodeField(field: Field, given: unknown, at: Place, reading: Reading): unknown {
  const value = decodeValue(field.type, given, at, reading)
  if (field.zero === 'pointer') return value
  const isEmpty =
    (Array.isArray(value) && value.length === 0) || (field.type.kind === 'map' && isObject(value) && Object.keys(value).length === 0)
  const isZero = value === '' || value === 0 || value === false
  return (isEmpty || isZero) && field.zero === 'value' && !isIntOrString(field.type) ? undefined : value
}

function isIntOrString(type: FieldType): boolean {
  return type.kind === 'scalar' && type.scalar === 'IntOrString'
}

function decodeValue(type: FieldType, given: unknown, at: Place, reading: Reading): unknown {
  switch (type.kind) {
    case 'scalar':
      return decodeScalar(type.scalar, given, at, reading)
    case 'message':
      if (!isObject(given)) return refuse(reading, given, at, `v1.${type.message.replace(STRUCT_PREFIX, '')}`)
      return decodeMessage(type.message, given, at, reading)
    case 'list':
      if (!Array.isArray(given)) return refuse(reading, given, at, goType(type))
      return given.map((item, index) => decodeItem(type.of, item, { ...at, path: `${at.path}[${index}]` }, reading))
    case 'map':
      if (!isObject(given)) return refuse(reading, given, at, goType(type))
      return Object.fromEntries(
        Object.entries(given).map(([key, item]) => [key, decodeItem(type.of, item, { ...at, path: join(at.path, key) }, reading)])
      )
  }
}

// null in a list or map is Go's zero value.
function decodeItem(type: FieldType, item: unknown, at: Place, reading: Reading): unknown {
  if (item !== null) return decodeValue(type, item, at, reading)
  if (type.kind === 'message') return emptyMessage(type.message)
  return type.kind === 'scalar' ? (zeroOf(type.scalar) ?? '') : undefined
}

function decodeScalar(scalar: Scalar, given: unknown, at: Place, reading: Reading): unknown {
  switch (scalar) {
    case 'string':
      return typeof given === 'string' ? given : refuse(reading, given, at, 'string')
    case 'bool':
      return typeof given === 'boolean' ? given : refuse(reading, given, at, 'bool')
    case 'int32':
    case 'int64':
      return fitsInteger(scalar, given) ? given : refuse(reading, given, at, scalar)
    case 'double':
      return typeof given === 'number' ? given : refuse(reading, given, at, 'float64')
    case 'IntOrString':
      if (typeof given === 'string' || fitsInteger('int32', given)) return given
      return stop(reading, `json: cannot unmarshal ${jsonWord(given)} into Go value of type int32`)
    case 'Quantity':
      return decodeQuantity(given, reading)
    case 'FieldsV1':
      return given
    case 'bytes':
    case 'Time':
    case 'MicroTime':
      return decodeText(scalar, given, at, reading)
  }
}

const INTEGER_MAX = { int32: 2_147_483_647, int64: Number.MAX_SAFE_INTEGER }

function fitsInteger(scalar: 'int32' | 'int64', given: unknown): given is number {
  return Number.isInteger(given) && Math.abs(Number(given)) <= INTEGER_MAX[scalar]
}

function decodeText(scalar: 'bytes' | 'Time' | 'MicroTime', given: unknown, at: Place, reading: Reading): unknown {
  if (typeof given !== 'string') return scalar === 'bytes' ? refuse(reading, given, at, '[]uint8') : stop(reading, noText(given))
  if (scalar === 'bytes') {
    const text = given.replace(/[\r\n]/g, '')
    return hasFormat('byte', text) ? text : stop(reading, `illegal base64 data at input byte ${badByte(text)}`)
  }
  if (hasFormat('date-time', given)) return given
  const layout = scalar === 'Time' ? '2006-01-02T15:04:05Z07:00' : '2006-01-02T15:04:05.000000Z07:00'
  const shown = JSON.stringify(given)
  return stop(reading, `parsing time ${shown} as "${layout}": cannot parse ${shown} as "2006"`)
}

function noText(given: unknown): string {
  return `json: cannot unmarshal ${jsonWord(given)} into Go value of type string`
}

function badByte(text: string): number {
  const at = text.search(/[^A-Za-z0-9+/]/)
  return at < 0 ? text.length - (text.length % 4) : at
}

const QUANTITY = /^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/

function decodeQuantity(given: unknown, reading: Reading): unknown {
  const text = typeof given === 'number' ? String(given) : given
  if (typeof text === 'string' && QUANTITY.test(text)) return text
  return stop(reading, "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
}

function refuse(reading: Reading, given: unknown, at: Place, type: string): undefined {
  const what = typeof given === 'number' && /^u?int/.test(type) ? `number ${given}` : jsonWord(given)
  return stop(reading, `json: cannot unmarshal ${what} into Go struct field ${at.struct}.${at.names} of type ${type}`)
}

function stop(reading: Reading, message: string): undefined {
  reading.refused ??= message
  return undefined
}

function goType(type: FieldType): string {
  switch (type.kind) {
    case 'list':
      return `[]${goType(type.of)}`
    case 'map':
      return `map[string]${goType(type.of)}`
    case 'message':
      return `v1.${type.message}`
    case 'scalar':
      return { ...GO_NAMES }[type.scalar] ?? type.scalar
  }
}

const GO_NAMES: Readonly<Partial<Record<Scalar, string>>> = { bytes: '[]uint8', double: 'float64', Quantity: 'resource.Quantity' }

function jsonWord(given: unknown): string {
  if (Array.isArray(given)) return 'array'
  return typeof given === 'boolean' ? 'bool' : typeof given
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
