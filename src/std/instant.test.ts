import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatInstant, parseInstant } from './instant.ts'

test('agrees with the runtime on every second of four centuries', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 12_622_780_800 }), (seconds) => {
      const text = new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
      expect(formatInstant(seconds * 1000)).toBe(text)
      expect(parseInstant(text)).toBe(seconds * 1000)
    }),
    { seed: 7 }
  )
})

test('reads fractions and refuses other texts', () => {
  expect(parseInstant('2026-11-21T11:26:52.25Z')).toBe(Date.UTC(2026, 10, 21, 11, 26, 52, 250))
  for (const text of [undefined, '', 'yesterday', '2026-11-21']) expect(parseInstant(text)).toBeUndefined()
})
