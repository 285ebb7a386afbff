import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readWire } from './protobuf-wire.ts'
import { boolField, joinFields, messageField, textField } from './protobuf-write.ts'

describe('protobuf fields', () => {
  it('are the bytes that the encoding guide prints', () => {
    expect([...textField(2, 'testing')]).toEqual([0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67])
    expect([...boolField(2, true)]).toEqual([0x10, 0x01])
    expect([...messageField(3, [boolField(1, false), undefined])]).toEqual([0x1a, 0x02, 0x08, 0x00])
  })

  it('are read back by the reader, whatever their number and length', () => {
    const field = fc.record({ number: fc.integer({ min: 1, max: 2000 }), text: fc.string({ maxLength: 300 }) })
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        const read = readWire(joinFields(fields.map(({ number, text }) => messageField(number, [textField(1, text)]))))
        expect(read?.map((one) => one.number)).toEqual(fields.map((one) => one.number))
        for (const [index, one] of (read ?? []).entries()) {
          const [inner] = (one.wire === 'bytes' && readWire(one.bytes)) || []
          expect(inner?.wire === 'bytes' && new TextDecoder().decode(inner.bytes)).toBe(fields[index]?.text)
        }
      })
    )
  })
})
