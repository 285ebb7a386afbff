import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineSplitter } from './line-splitter.ts'

test('lines come out the same however the bytes are cut', () => {
  const text = fc.array(
    fc.string({ unit: 'grapheme', maxLength: 12 }).map((line) => line.replace(/[\r\n]/g, '')),
    { maxLength: 8 }
  )
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 1, max: 5 })), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
      const out: string[] = []
      const splitter = new LineSplitter((line) => out.push(line))
      let at = 0
      for (const cut of cuts) splitter.write(bytes.subarray(at, (at += cut)))
      splitter.write(bytes.subarray(at))
      splitter.end()
      expect(out).toEqual(
        Buffer.from(lines.join('\n')).toString() === '' && lines.length === 0 ? [] : lines.map((l) => Buffer.from(l).toString())
      )
    })
  )
})

test('a line without end is cut into bounded pieces and nothing is lost', () => {
  const out: string[] = []
  const splitter = new LineSplitter((line) => out.push(line))
  for (let n = 0; n < 50; n++) splitter.write(Buffer.from('x'.repeat(1000)))
  splitter.end()
  expect(out.join('')).toBe('x'.repeat(50_000))
  expect(Math.max(...out.map((line) => line.length))).toBeLessThanOrEqual(16_384)
})
