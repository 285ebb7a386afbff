// Request bodies in Kubernetes' protobuf form, decoded to the JSON that the same object would have been sent as (kubernetes.md 3.4).
// Which fields a message has comes from the field tables; answers stay JSON, so nothing is encoded here.

import { formatInstant } from '../std/instant.ts'
import { isObject } from '../std/json.ts'
import { base64Of } from './builtin-base64.ts'
import { builtinMessage, MESSAGES } from './builtin-messages.ts'
import { readWire } from './protobuf-wire.ts'
import type { Json, JsonObject } from '../std/json.ts'
import type { Field, FieldType, Scalar } from './builtin-notation.ts'
import type { WireField } from './protobuf-wire.ts'

/** What a protobuf body holds. */
export type DecodedProtobuf =
  | { readonly kind: 'decoded'; readonly object: JsonObject }
  /** Well formed, but of a kind that has no field table: answered 415. */
  | { readonly kind: 'unsupported'; readonly apiVersion: string; readonly kindName: string }
  /** Not protobuf, or not what the kind says: answered 400. */
  | { readonly kind: 'malformed'; readonly because: string }

type Draft = Record<string, Json>

const MAGIC = [0x6b, 0x38, 0x73, 0x00]
const DEPTH_MAX = 32

class Malformed extends Error {}

/**
 * Decodes `k8s\0` and a runtime.Unknown. Embedded messages are flattened; zero values of fields that cannot tell them from absent ones are
 * dropped, as Go's JSON does. Unknown field numbers are skipped (a newer client); wrong wire types, truncation, bad UTF-8 and nesting over
 * 32 levels are 'malformed'. Never throws; work is linear in the bytes.
 */
export function decodeProtobuf(body: Uint8Array): DecodedProtobuf {
  try {
    return decodeEnvelope(body)
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'malformed', because: error.message }
    throw error
  }
}

function decodeEnvelope(body: Uint8Array): DecodedProtobuf {
  if (!MAGIC.every((byte, index) => body[index] === byte)) throw new Malformed('the body does not begin with the bytes k8s\\0')
  const envelope = wireOf(body.subarray(MAGIC.length), 'runtime.Unknown')
  const type = wireOf(lastBytes(envelope, 1), 'TypeMeta')
  const apiVersion = utf8(lastBytes(type, 1))
  const kind = utf8(lastBytes(type, 2))
  if (lastBytes(envelope, 3).length > 0) throw new Malformed(`content encoding ${utf8(lastBytes(envelope, 3))} is not supported`)
  const message = builtinMessage(apiVersion, kind)
  if (message === undefined) return { kind: 'unsupported', apiVersion, kindName: kind }
  const object: Draft = { apiVersion, kind, ...decodeMessage(message, lastBytes(envelope, 2), 0) }
  return { kind: 'decoded', object }
}

function decodeMessage(name: string, bytes: Uint8Array, depth: number): Draft {
  if (depth > DEPTH_MAX) throw new Malformed(`${name} is nested deeper than ${DEPTH_MAX} levels`)
  const message = MESSAGES.get(name)
  if (message === undefined) throw new Malformed(`no message ${name}`)
  const draft: Draft = {}
  for (const wire of wireOf(bytes, name)) {
    const field = message.fields.find((each) => each.number === wire.number)
    if (field !== undefined) decodeField(draft, field, wire, depth)
    const embedded = message.embeds.find((each) => each.number === wire.number)
    if (embedded !== undefined) Object.assign(draft, decodeMessage(embedded.message, bytesOf(wire, embedded.message), depth + 1))
  }
  return draft
}

function decodeField(draft: Draft, field: Field, wire: WireField, depth: number): void {
  if (field.type.kind === 'list') {
    const before = draft[field.name]
    const value = decodeValue(field.type.of, wire, depth)
    if (Array.isArray(before)) before.push(value)
    else draft[field.name] = [value]
    return
  }
  if (field.type.kind === 'map') {
    const entry = wireOf(bytesOf(wire, field.name), field.name)
    const before = draft[field.name]
    const map: Draft = isObject(before) ? before : Object.create(null)
    map[utf8(lastBytes(entry, 1))] = decodeMapValue(field.type.of, entry, depth)
    draft[field.name] = map
    return
  }
  const value = decodeValue(field.type, wire, depth)
  if (isDropped(field, value)) delete draft[field.name]
  else draft[field.name] = value
}

function decodeMapValue(type: FieldType, entry: readonly WireField[], depth: number): Json {
  const last = entry.findLast((wire) => wire.number === 2)
  return decodeValue(type, last ?? { number: 2, wire: 'bytes', bytes: new Uint8Array() }, depth)
}

// Go's JSON leaves out the zero value of a field that is no pointer; required numbers and truths stay, empty text never does.
function isDropped(field: Field, value: Json): boolean {
  if (value === null) return true
  if (field.zero === 'pointer') return false
  if (field.type.kind === 'scalar' && field.type.scalar === 'IntOrString') return value === 0 || value === ''
  return value === '' || (field.zero === 'value' && (value === 0 || value === false))
}

function decodeValue(type: FieldType, wire: WireField, depth: number): Json {
  if (type.kind === 'message') return decodeMessage(type.message, bytesOf(wire, type.message), depth + 1)
  if (type.kind === 'scalar') return decodeScalar(type.scalar, wire)
  throw new Malformed('a list or map inside a list or map')
}

function decodeScalar(scalar: Scalar, wire: WireField): Json {
  switch (scalar) {
    case 'string':
      return utf8(bytesOf(wire, scalar))
    case 'bytes':
      return base64Of(bytesOf(wire, scalar))
    case 'bool':
      return varintOf(wire, scalar) !== 0n
    case 'int32':
      return Number(BigInt.asIntN(32, varintOf(wire, scalar)))
    case 'int64':
      return Number(BigInt.asIntN(64, varintOf(wire, scalar)))
    case 'double':
      if (wire.wire !== 'fixed64') throw new Malformed('a number in the wrong wire type')
      return new DataView(wire.bytes.buffer, wire.bytes.byteOffset, 8).getFloat64(0, true)
    case 'Time':
    case 'MicroTime':
      return decodeTime(scalar, wireOf(bytesOf(wire, scalar), scalar))
    case 'Quantity':
      return utf8(lastBytes(wireOf(bytesOf(wire, scalar), scalar), 1))
    case 'IntOrString':
      return decodeIntOrString(wireOf(bytesOf(wire, scalar), scalar))
    case 'FieldsV1':
      return decodeFieldsV1(lastBytes(wireOf(bytesOf(wire, scalar), scalar), 1))
  }
}

// The years that RFC 3339 can write; Go's encoder refuses others.
const SECONDS_MIN = -62_135_596_800n
const SECONDS_MAX = 253_402_300_799n

function decodeTime(scalar: 'Time' | 'MicroTime', fields: readonly WireField[]): Json {
  if (fields.length === 0) return null
  const seconds = BigInt.asIntN(64, lastVarint(fields, 1))
  const nanos = BigInt.asIntN(32, lastVarint(fields, 2))
  if (seconds < SECONDS_MIN || seconds > SECONDS_MAX || nanos < 0n || nanos > 999_999_999n) throw new Malformed('a time out of range')
  const text = formatInstant(Number(seconds) * 1000)
  return scalar === 'Time' ? text : text.replace('Z', `.${String(nanos / 1000n).padStart(6, '0')}Z`)
}

function decodeIntOrString(fields: readonly WireField[]): Json {
  const isText = lastVarint(fields, 1) === 1n
  return isText ? utf8(lastBytes(fields, 3)) : Number(BigInt.asIntN(32, lastVarint(fields, 2)))
}

function decodeFieldsV1(raw: Uint8Array): Json {
  if (raw.length === 0) return null
  try {
    // JSON.parse returns JSON by definition
    return JSON.parse(utf8(raw)) as Json
  } catch {
    throw new Malformed('fieldsV1 is not JSON')
  }
}

function wireOf(bytes: Uint8Array, name: string): readonly WireField[] {
  const fields = readWire(bytes)
  if (fields === undefined) throw new Malformed(`${name} is truncated or no protobuf message`)
  return fields
}

function bytesOf(wire: WireField, name: string): Uint8Array {
  if (wire.wire !== 'bytes') throw new Malformed(`${name} in the wrong wire type`)
  return wire.bytes
}

function varintOf(wire: WireField, name: string): bigint {
  if (wire.wire !== 'varint') throw new Malformed(`${name} in the wrong wire type`)
  return wire.value
}

function lastBytes(fields: readonly WireField[], number: number): Uint8Array {
  const found = fields.findLast((field) => field.number === number)
  return found === undefined ? new Uint8Array() : bytesOf(found, `field ${number}`)
}

function lastVarint(fields: readonly WireField[], number: number): bigint {
  const found = fields.findLast((field) => field.number === number)
  return found === undefined ? 0n : varintOf(found, `field ${number}`)
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Malformed('text that is not UTF-8')
  }
}
