import { expect, test } from 'vitest'
import { seeded } from './draw.ts'

test('the same seed draws the same numbers, another seed others', () => {
  const [a, b, c] = [seeded(7), seeded(7), seeded(8)]
  const take = (draw: () => number): number[] => Array.from({ length: 20 }, draw)
  const first = take(a)
  expect(take(b)).toEqual(first)
  expect(take(c)).not.toEqual(first)
})

test('draws are uniform: every tenth holds a tenth within 4 standard deviations', () => {
  const draw = seeded(1)
  const bins = new Array<number>(10).fill(0)
  const n = 100_000
  for (let i = 0; i < n; i++) {
    const bin = Math.floor(draw() * 10)
    bins[bin] = (bins[bin] ?? 0) + 1
  }
  const sigma = Math.sqrt(n * 0.1 * 0.9)
  for (const count of bins) expect(Math.abs(count - n / 10)).toBeLessThan(4 * sigma)
})
