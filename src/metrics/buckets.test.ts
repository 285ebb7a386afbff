import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BUCKET_COUNT, bucketOf, DURATION_EDGES, quantile } from './buckets.ts'

test('a duration on an edge belongs to the bucket of that edge, one above it to the next', () => {
  DURATION_EDGES.forEach((edge, index) => {
    expect(bucketOf(edge)).toBe(index)
    expect(bucketOf(edge + 1e-9 * edge)).toBe(index + 1)
  })
  expect(bucketOf(0)).toBe(0)
  expect(bucketOf(Infinity)).toBe(BUCKET_COUNT - 1)
  expect(bucketOf(NaN)).toBe(BUCKET_COUNT - 1)
})

test('bucketOf is the first edge that is not below the duration', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (ms) => {
      const first = DURATION_EDGES.findIndex((edge) => ms <= edge)
      expect(bucketOf(ms)).toBe(first === -1 ? DURATION_EDGES.length : first)
    })
  )
})

// Values as Prometheus' histogram_quantile gives them for the same cumulative buckets, by its formula.
test.each([
  { q: 0.99, at: {}, want: undefined },
  { q: 0.5, at: { 3: 10 }, want: 7.5 },
  { q: 0.99, at: { 3: 100 }, want: 9.95 },
  { q: 0.99, at: { 3: 98, 8: 2 }, want: 375 },
  { q: 1, at: { 0: 4 }, want: 0.5 },
  { q: 0.99, at: { 19: 1 }, want: 3_600_000 }
])('the $q quantile of $at is $want', ({ q, at, want }) => {
  const counts = new Float64Array(BUCKET_COUNT)
  for (const [index, count] of Object.entries(at)) counts[Number(index)] = count
  const found = quantile(q, counts)
  expect(found === undefined ? undefined : Number(found.toFixed(6))).toBe(want)
})
