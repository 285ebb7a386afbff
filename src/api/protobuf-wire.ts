// The protobuf wire format, read only: a message's bytes become its fields in order. Hostile bytes give undefined; nothing throws, and
// nothing is copied but the list of fields.

/** One field as it stands on the wire. Groups and fixed 32-bit fields do not occur in Kubernetes' messages and are refused. */
export type WireField =
  | { readonly number: number; readonly wire: 'varint'; readonly value: bigint }
  | { readonly number: number; readonly wire: 'fixed64'; readonly bytes: Uint8Array }
  | { readonly number: number; readonly wire: 'bytes'; readonly bytes: Uint8Array }

interface Varint {
  readonly value: bigint
  readonly end: number
}

const VARINT_BYTES_MAX = 10

/** The fields of a message; undefined when the bytes are truncated, a varint is longer than 10 bytes, or a wire type is none of the three. */
export function readWire(bytes: Uint8Array): readonly WireField[] | undefined {
  const fields: WireField[] = []
  let at = 0
  while (at < bytes.length) {
    const key = readVarint(bytes, at)
    if (key === undefined || key.value > 0xffff_ffffn || key.value < 8n) return undefined
    const number = Number(key.value >> 3n)
    const read = readField(bytes, number, Number(key.value & 7n), key.end)
    if (read === undefined) return undefined
    fields.push(read.field)
    at = read.end
  }
  return fields
}

function readField(bytes: Uint8Array, number: number, wire: number, at: number): { field: WireField; end: number } | undefined {
  if (wire === 1) {
    if (at + 8 > bytes.length) return undefined
    return { field: { number, wire: 'fixed64', bytes: bytes.subarray(at, at + 8) }, end: at + 8 }
  }
  if (wire !== 0 && wire !== 2) return undefined
  const first = readVarint(bytes, at)
  if (first === undefined) return undefined
  if (wire === 0) return { field: { number, wire: 'varint', value: first.value }, end: first.end }
  if (first.value > BigInt(bytes.length - first.end)) return undefined
  const end = first.end + Number(first.value)
  return { field: { number, wire: 'bytes', bytes: bytes.subarray(first.end, end) }, end }
}

function readVarint(bytes: Uint8Array, at: number): Varint | undefined {
  let value = 0n
  for (let index = 0; index < VARINT_BYTES_MAX; index++) {
    const byte = bytes[at + index]
    if (byte === undefined) return undefined
    value |= BigInt(byte & 0x7f) << BigInt(7 * index)
    if (byte < 0x80) return value > 0xffff_ffff_ffff_ffffn ? undefined : { value, end: at + index + 1 }
  }
  return undefined
}
