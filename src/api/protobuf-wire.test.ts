import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readWire } from './protobuf-wire.ts'

test.each([
  ['an empty message', [], []],
  ['a varint', [0x08, 0x96, 0x01], [{ number: 1, wire: 'varint', value: 150n }]],
  [
    'a negative int32 as ten bytes',
    [0x08, ...Array<number>(9).fill(0xff), 0x01],
    [{ number: 1, wire: 'varint', value: 0xffff_ffff_ffff_ffffn }]
  ],
  ['text', [0x12, 0x02, 0x68, 0x69], [{ number: 2, wire: 'bytes', bytes: Uint8Array.of(0x68, 0x69) }]],
  ['a double', [0x09, 0, 0, 0, 0, 0, 0, 0, 0], [{ number: 1, wire: 'fixed64', bytes: new Uint8Array(8) }]]
])('%s is read', (_, bytes, fields) => {
  expect(readWire(Uint8Array.from(bytes))).toEqual(fields)
})

test.each([
  ['a truncated varint', [0x08, 0x80]],
  ['a varint of eleven bytes', [0x08, ...Array<number>(10).fill(0x80), 0x01]],
  ['a varint above 64 bits', [0x08, ...Array<number>(9).fill(0xff), 0x7f]],
  ['a length past the end', [0x12, 0x05, 0x68]],
  ['a huge length', [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
  ['a group', [0x0b, 0x0c]],
  ['a fixed 32-bit field', [0x0d, 0, 0, 0, 0]],
  ['a truncated double', [0x09, 0, 0]],
  ['field number 0', [0x00, 0x01]]
])('%s is refused', (_, bytes) => {
  expect(readWire(Uint8Array.from(bytes))).toBeUndefined()
})

test('what is written is read back, and any cut inside the last field is refused', () => {
  const varint = (value: bigint): number[] => (value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)])
  const field = fc.record({ number: fc.integer({ min: 1, max: 2000 }), bytes: fc.uint8Array({ maxLength: 200 }) })
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 5 }), (fields) => {
      const written = fields.map(({ number, bytes }) => [...varint(BigInt(number * 8 + 2)), ...varint(BigInt(bytes.length)), ...bytes])
      const all = Uint8Array.from(written.flat())
      expect(readWire(all)).toEqual(fields.map(({ number, bytes }) => ({ number, wire: 'bytes', bytes })))
      const last = written.at(-1)?.length ?? 0
      for (let cut = 1; cut < last; cut++) expect(readWire(all.subarray(0, all.length - cut))).toBeUndefined()
    })
  )
})
