// Token buckets of local rate limits (istio.md 4.2, envoy.md 11): who may pass now. State is the caller's, time is handed in as
// milliseconds that never go back. What a request's descriptors are is rate-descriptors.ts's to say, what an answer looks like
// limit-outcome.ts's.

import type { Millis } from '../std/clock.ts'
import type { DescriptorEntry, LimitDescriptor, LocalLimit, TokenBucket } from './local-limit.ts'

/** What a request's actions produced: all entries of one descriptor. */
export type Descriptor = readonly DescriptorEntry[]

/** A bucket in use. */
export interface BucketState {
  /** Tokens as configured. */
  readonly limit: number
  /** This worker's share of them. */
  readonly max: number
  /** Tokens per millisecond. */
  readonly rate: number
  tokens: number
  at: Millis
}

/** A descriptor in use: one bucket, or one for each value met where the configured value is empty. */
interface DescriptorState {
  readonly descriptor: LimitDescriptor
  readonly bucket: BucketState | undefined
  /** Least recently used first; empty where `bucket` is. */
  readonly dynamic: Map<string, BucketState>
  readonly rate: number
}

/** A limit in use: its buckets. Owned by one worker; a limit that changes gets a new one. */
export interface Limiter {
  readonly limit: LocalLimit
  readonly bucket: BucketState | undefined
  readonly descriptors: readonly DescriptorState[]
  readonly workers: number
}

/** Whether the request may pass, and the bucket that speaks for it in x-ratelimit headers. */
export interface Passage {
  readonly allowed: boolean
  readonly bucket: BucketState | undefined
}

// A token that is due to the nanosecond may be short of 1 by rounding.
const ALMOST_ONE = 1 - 1e-9

/** Full buckets for a limit. With several workers each has its share of the tokens, and at least one. */
export function limiterOf(limit: LocalLimit, now: Millis, workers = 1): Limiter {
  const descriptors = limit.descriptors.map((descriptor): DescriptorState => {
    const bucket = isWild(descriptor) ? undefined : bucketOf(descriptor.bucket, now, workers)
    return { descriptor, bucket, dynamic: new Map(), rate: descriptor.bucket.perFill / descriptor.bucket.interval }
  })
  const bucket = limit.bucket === undefined ? undefined : bucketOf(limit.bucket, now, workers)
  return { limit, bucket, descriptors, workers }
}

function bucketOf(spec: TokenBucket, now: Millis, workers: number): BucketState {
  const max = Math.max(1, spec.max / workers)
  return { limit: spec.max, max, rate: spec.perFill / spec.interval / workers, tokens: max, at: now }
}

function isWild({ entries }: LimitDescriptor): boolean {
  return entries.some(({ value }) => value === '')
}

/**
 * Takes a token from each bucket that the request meets: those of its descriptors, slowest first, then the default one if none was met or
 * the limit says so. When one is empty the others get their tokens back and the request is over the limit.
 */
export function take(limiter: Limiter, descriptors: readonly Descriptor[], now: Millis): Passage {
  const met = bucketsFor(limiter, descriptors, now)
  const speaker = met[0] ?? limiter.bucket
  if (limiter.bucket !== undefined && (met.length === 0 || limiter.limit.alwaysDefault)) met.push(limiter.bucket)
  for (const [index, bucket] of met.entries()) {
    if (takeOne(bucket, now)) continue
    for (const earlier of met.slice(0, index)) earlier.tokens = Math.min(earlier.max, earlier.tokens + 1)
    return { allowed: false, bucket }
  }
  return { allowed: true, bucket: speaker }
}

/** The buckets of the configured descriptors that are among `descriptors`, slowest first. */
function bucketsFor(limiter: Limiter, descriptors: readonly Descriptor[], now: Millis): BucketState[] {
  const met: { readonly bucket: BucketState; readonly rate: number }[] = []
  for (const asked of descriptors) {
    const exact = limiter.descriptors.find(({ descriptor, bucket }) => bucket !== undefined && isSame(descriptor.entries, asked))
    const found = exact ?? limiter.descriptors.find(({ descriptor, bucket }) => bucket === undefined && covers(descriptor.entries, asked))
    if (found === undefined) continue
    met.push({ bucket: found.bucket ?? dynamicBucket(limiter, found, asked, now), rate: found.rate })
  }
  return [...new Set(met.toSorted((a, b) => a.rate - b.rate).map(({ bucket }) => bucket))]
}

function isSame(configured: Descriptor, asked: Descriptor): boolean {
  return (
    configured.length === asked.length && configured.every(({ key, value }, at) => asked[at]?.key === key && asked[at]?.value === value)
  )
}

function covers(configured: Descriptor, asked: Descriptor): boolean {
  const fits = ({ key, value }: DescriptorEntry, at: number): boolean =>
    asked[at]?.key === key && (value === '' || asked[at]?.value === value)
  return configured.length === asked.length && configured.every(fits)
}

/** The bucket of one value: made when it is new, for which the least recently used may have to go. */
function dynamicBucket({ limit, workers }: Limiter, { descriptor, dynamic }: DescriptorState, asked: Descriptor, now: Millis): BucketState {
  const key = JSON.stringify(asked)
  const bucket = dynamic.get(key) ?? bucketOf(descriptor.bucket, now, workers)
  dynamic.delete(key)
  const [oldest] = dynamic.keys()
  if (oldest !== undefined && dynamic.size >= limit.dynamicMax) dynamic.delete(oldest)
  dynamic.set(key, bucket)
  return bucket
}

function takeOne(bucket: BucketState, now: Millis): boolean {
  refill(bucket, now)
  if (bucket.tokens < ALMOST_ONE) return false
  bucket.tokens = Math.max(0, bucket.tokens - 1)
  return true
}

function refill(bucket: BucketState, now: Millis): void {
  if (now <= bucket.at) return
  bucket.tokens = Math.min(bucket.max, bucket.tokens + (now - bucket.at) * bucket.rate)
  bucket.at = now
}

/** Whole tokens left, and whole seconds until the next one: 0 while some are left. */
export function remaining(bucket: BucketState, now: Millis): { readonly tokens: number; readonly reset: number } {
  refill(bucket, now)
  const tokens = Math.floor(bucket.tokens + (1 - ALMOST_ONE))
  return { tokens, reset: tokens > 0 ? 0 : Math.ceil((1 - bucket.tokens) / bucket.rate / 1000 - 1e-6) }
}
