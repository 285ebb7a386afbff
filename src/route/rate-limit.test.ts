import fc from 'fast-check'
import { expect, test } from 'vitest'
import { limitOf } from '../../test/local-limit.ts'
import type { LocalLimit, TokenBucket } from './local-limit.ts'
import { limiterOf, remaining, take } from './rate-limit.ts'
import type { Descriptor, Limiter } from './rate-limit.ts'

const NEVER = 1e9

const bucketOf = (bucket: TokenBucket | undefined, rest: Partial<LocalLimit> = {}): LocalLimit => limitOf({ ...rest, bucket })

function passes(limiter: Limiter, n: number, now: number, descriptors: readonly Descriptor[] = []): number {
  return Array.from({ length: n }, () => take(limiter, descriptors, now).allowed).filter(Boolean).length
}

const plan = (value: string): Descriptor => [{ key: 'plan', value }]

test('a bucket starts full, is empty after max tokens, and gains one token each interval / perFill', () => {
  const limiter = limiterOf(bucketOf({ max: 4, perFill: 4, interval: 1000 }), 0)
  expect(passes(limiter, 6, 0)).toBe(4)
  const seen = Array.from({ length: 24 }, (_, at) => (take(limiter, [], 10 + at * 50).allowed ? 10 + at * 50 : 0)).filter(Boolean)
  expect(seen).toEqual([260, 510, 760, 1010])
})

test('a long pause fills no more than max tokens', () => {
  const limiter = limiterOf(bucketOf({ max: 2, perFill: 2, interval: 500 }), 0)
  expect(passes(limiter, 3, 0)).toBe(2)
  expect(passes(limiter, 5, 60_000)).toBe(2)
})

test('a clock that stands still or goes back gives no tokens', () => {
  const limiter = limiterOf(bucketOf({ max: 1, perFill: 1, interval: 1000 }), 5000)
  expect(passes(limiter, 1, 5000)).toBe(1)
  expect(passes(limiter, 3, 1000)).toBe(0)
  expect(passes(limiter, 1, 5999)).toBe(0)
  expect(passes(limiter, 1, 6000)).toBe(1)
})

test('tokens as exact whole-number arithmetic gives them, for any bucket and any times', () => {
  const bucket = fc.record({
    max: fc.integer({ min: 1, max: 50 }),
    perFill: fc.integer({ min: 1, max: 50 }),
    interval: fc.integer({ min: 50, max: 10_000 })
  })
  let refused = 0
  let refilled = 0
  fc.assert(
    fc.property(bucket, fc.array(fc.nat({ max: 500 }), { minLength: 1, maxLength: 200, size: 'max' }), (spec, waits) => {
      const limiter = limiterOf(bucketOf(spec), 0)
      let now = 0
      // the oracle counts in units of 1 / interval tokens
      let units = spec.max * spec.interval
      for (const wait of waits) {
        now += wait
        units = Math.min(spec.max * spec.interval, units + wait * spec.perFill)
        const allowed = units >= spec.interval
        if (allowed) units -= spec.interval
        if (!allowed) refused += 1
        else if (units < spec.interval) refilled += 1
        if (take(limiter, [], now).allowed !== allowed) return false
      }
      return true
    }),
    { seed: 7, numRuns: 300 }
  )
  expect(refused).toBeGreaterThan(1000)
  expect(refilled).toBeGreaterThan(500)
})

test('a descriptor with its own bucket pays there and in the default bucket', () => {
  const descriptors = [
    { entries: plan('gold'), bucket: { max: 3, perFill: 3, interval: NEVER } },
    { entries: plan('silver'), bucket: { max: 1, perFill: 1, interval: NEVER } }
  ]
  const limiter = limiterOf(bucketOf({ max: 6, perFill: 6, interval: NEVER }, { descriptors }), 0)
  expect(passes(limiter, 4, 0, [plan('gold')])).toBe(3)
  expect(passes(limiter, 4, 0, [plan('silver')])).toBe(1)
  expect(passes(limiter, 4, 0)).toBe(2)
})

test('without alwaysDefault a descriptor spares the default bucket', () => {
  const descriptors = [{ entries: plan('gold'), bucket: { max: 3, perFill: 3, interval: NEVER } }]
  const limiter = limiterOf(bucketOf({ max: 1, perFill: 1, interval: NEVER }, { descriptors, alwaysDefault: false }), 0)
  expect(passes(limiter, 4, 0, [plan('gold')])).toBe(3)
  expect(passes(limiter, 2, 0)).toBe(1)
})

test('a descriptor without value has a bucket for each value; the least recently used goes first', () => {
  const descriptors = [{ entries: plan(''), bucket: { max: 2, perFill: 2, interval: NEVER } }]
  const limiter = limiterOf(bucketOf(undefined, { descriptors, dynamicMax: 2 }), 0)
  expect(passes(limiter, 4, 0, [plan('ann')])).toBe(2)
  expect(passes(limiter, 4, 0, [plan('bob')])).toBe(2)
  expect(passes(limiter, 4, 0, [plan('ann')])).toBe(0)
  // eve takes bob's place: ann was used after bob
  expect(passes(limiter, 4, 0, [plan('eve')])).toBe(2)
  expect(passes(limiter, 4, 0, [plan('ann')])).toBe(0)
  expect(passes(limiter, 4, 0, [plan('bob')])).toBe(2)
  expect(passes(limiter, 4, 0)).toBe(4)
})

test('a value of its own goes before the descriptor without value', () => {
  const descriptors = [
    { entries: plan(''), bucket: { max: 5, perFill: 5, interval: NEVER } },
    { entries: plan('gold'), bucket: { max: 1, perFill: 1, interval: NEVER } }
  ]
  const limiter = limiterOf(bucketOf(undefined, { descriptors }), 0)
  expect(passes(limiter, 9, 0, [plan('gold')])).toBe(1)
  expect(passes(limiter, 9, 0, [plan('tin')])).toBe(5)
})

test('the slowest bucket is asked first; the others get their tokens back when a later one refuses', () => {
  const descriptors = [
    { entries: plan('gold'), bucket: { max: 1, perFill: 1, interval: 1000 } },
    { entries: [{ key: 'path', value: '/' }], bucket: { max: 10, perFill: 10, interval: NEVER } }
  ]
  const limiter = limiterOf(bucketOf({ max: 100, perFill: 100, interval: 1000 }, { descriptors }), 0)
  const both = [plan('gold'), [{ key: 'path', value: '/' }]]
  expect(passes(limiter, 5, 0, both)).toBe(1)
  // path had 10, and paid for the one request that passed
  expect(passes(limiter, 20, 0, [[{ key: 'path', value: '/' }]])).toBe(9)
})

test('entries must be the same in the same order', () => {
  const entries = [
    { key: 'a', value: '1' },
    { key: 'b', value: '2' }
  ]
  const limiter = limiterOf(bucketOf(undefined, { descriptors: [{ entries, bucket: { max: 1, perFill: 1, interval: NEVER } }] }), 0)
  expect(passes(limiter, 3, 0, [entries.toReversed()])).toBe(3)
  expect(passes(limiter, 3, 0, [entries.slice(0, 1)])).toBe(3)
  expect(passes(limiter, 3, 0, [entries])).toBe(1)
})

test('several workers share the tokens, and each has at least one', () => {
  const shared = limiterOf(bucketOf({ max: 4, perFill: 4, interval: 1000 }), 0, 2)
  expect(passes(shared, 9, 0)).toBe(2)
  expect(passes(shared, 9, 500)).toBe(1)
  const small = limiterOf(bucketOf({ max: 1, perFill: 1, interval: 1000 }), 0, 4)
  expect(passes(small, 9, 0)).toBe(1)
})

test('whole tokens left, and seconds until the next one only when none is left', () => {
  const limiter = limiterOf(bucketOf({ max: 3, perFill: 3, interval: 60_000 }), 0)
  const seen = Array.from({ length: 4 }, () => {
    const { bucket } = take(limiter, [], 0)
    return bucket === undefined ? undefined : remaining(bucket, 0)
  })
  expect(seen).toEqual([
    { tokens: 2, reset: 0 },
    { tokens: 1, reset: 0 },
    { tokens: 0, reset: 20 },
    { tokens: 0, reset: 20 }
  ])
})
