import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LogBytes } from './log-bytes.ts'
import { LogFrames } from './log-frames.ts'
import type { LogLine } from './log-frames.ts'

function bytesOf(lines: readonly LogLine[]): Buffer {
  const written = new LogBytes()
  for (const [pod, text] of lines) {
    written.begin(pod)
    written.text(Buffer.from(text).toString('latin1'))
    written.end()
  }
  const parts: Buffer[] = []
  for (let chunk = written.take(); chunk !== undefined; chunk = written.take()) parts.push(chunk.bytes.subarray(0, chunk.length))
  return Buffer.concat(parts)
}

test('lines are those that were written, wherever the stream was cut', () => {
  const text = fc.oneof(
    { weight: 9, arbitrary: fc.string({ unit: 'grapheme', maxLength: 40 }) },
    { weight: 1, arbitrary: fc.nat({ max: 150_000 }).map((length) => 'x'.repeat(length)) }
  )
  const lines = fc.array(fc.tuple(fc.constantFrom('', 'default/reviews-1', 'n/p'), text), { maxLength: 12 })
  // Lengths of the pieces, over and over.
  const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70_000 })), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(lines, cuts, (all, lengths) => {
      // Pieces of a few bytes only, of a long line, would be thousands.
      fc.pre(lengths.some((length) => length > 1000) || all.every(([, each]) => each.length < 1000))
      const bytes = bytesOf(all)
      const frames = new LogFrames()
      const read: LogLine[] = []
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const length = lengths[turn % lengths.length] ?? 1
        read.push(...frames.read(bytes.subarray(at, at + length)))
        at += length
      }
      expect(read).toEqual(all)
    })
  )
})
