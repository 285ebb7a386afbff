// The protobuf wire format, written: fields become bytes. Only what documents of text need: texts, messages, true and false.

const encoder = new TextEncoder()
const LENGTH_DELIMITED = 2

/** A field of text. */
export function textField(number: number, text: string): Uint8Array {
  return lengthDelimited(number, encoder.encode(text))
}

/** A field that is a message: its own fields in order; `undefined` stands for a field left out. */
export function messageField(number: number, fields: readonly (Uint8Array | undefined)[]): Uint8Array {
  return lengthDelimited(number, joinFields(fields))
}

/** A field that is true or false. */
export function boolField(number: number, value: boolean): Uint8Array {
  return Uint8Array.from([...varint(number << 3), value ? 1 : 0])
}

/** Fields one after the other: the bytes of a whole message. */
export function joinFields(fields: readonly (Uint8Array | undefined)[]): Uint8Array {
  const present = fields.filter((field) => field !== undefined)
  const joined = new Uint8Array(present.reduce((length, field) => length + field.length, 0))
  let at = 0
  for (const field of present) {
    joined.set(field, at)
    at += field.length
  }
  return joined
}

function lengthDelimited(number: number, bytes: Uint8Array): Uint8Array {
  const head = [...varint((number << 3) | LENGTH_DELIMITED), ...varint(bytes.length)]
  const field = new Uint8Array(head.length + bytes.length)
  field.set(head)
  field.set(bytes, head.length)
  return field
}

// Seven bits a byte, the lowest first; lengths and numbers here stay far below 2^31.
function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  return [...bytes, rest]
}
