// The shares that a case's configuration gives to each kind of answer: counts are drawn from these, not from the counts recorded (README,
// "Counts"). Written down by hand from the rules of the cases, so that no code under test has a say.

import type { Case, SeenMany } from './case-file.ts'

/** How the counts of an entry compare, and its endpoints. */
export type Shares = {
  /**
   * Which endpoints answered: with the same counts, with counts one more or less, each of them at least once, anyhow, one alone; a slow one
   * among three, or one that came late and warms up from a tenth or a half.
   */
  readonly endpoints: 'same' | 'near' | 'each' | 'free' | 'one' | 'slow' | 'late' | 'late-half'
  /** Every request is tried so often, where it is answered. */
  readonly triesEach?: number
} & (
  | { readonly kind: 'exact' }
  /** The share of a cluster, local answer, status, flag or endpoint; undefined: exact. */
  | { readonly kind: 'shares'; readonly n: number; readonly of: (key: string) => number | undefined }
)

// Shares by the first label of a destination, its subset, `local STATUS`, or flags.
const SHARES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'dest-service-entry-subsets': { v1: 0.8, v2: 0.2, '192.0.2.51:8080': 0.8, '192.0.2.52:8080': 0.2 },
  'weight-33-33-34': { b: 0.33, c: 0.33, d: 0.34 },
  'weight-1-3': { b: 0.25, c: 0.75 },
  'weight-200-100': { b: 2 / 3, c: 1 / 3 },
  'weight-large': { b: 1000 / 1003, c: 3 / 1003 },
  'weight-flagger': { 'podinfo-primary': 0.8, 'podinfo-canary': 0.2 },
  'weight-no-affinity': { b: 0.5, c: 0.5 },
  'weight-retry-stays': { b: 0.5, c: 0.5 },
  'weight-post': { b: 0.3, c: 0.7 },
  'rewrite-weighted': { b: 0.5, c: 0.5 },
  'fault-abort-fraction': { b: 0.995, 'local 503': 0.005, '200': 0.995, '503': 0.005, '-': 0.995, FI: 0.005 },
  'fault-delay-half': { '-': 0.5, DI: 0.5 },
  'fault-both-half': { b: 0.5, 'local 500': 0.5, '200': 0.5, '500': 0.5, '-': 0.25, DI: 0.25, FI: 0.25, 'DI,FI': 0.25 },
  'hash-weighted-two': { v1: 0.5, v2: 0.5 },
  'rate-limit-enforced-half': { b: 0.5, 'local 429': 0.5, '200': 0.5, '429': 0.5, '-': 0.5, RL: 0.5 },
  'lb-subset-override': { '192.0.2.31:8080': 1 / 3, '192.0.2.32:8080': 1 / 3, '192.0.2.33:8080': 1 / 3 },
  'lb-locality-distribute': { '192.0.2.21:8080': 0.4, '192.0.2.22:8080': 0.4, '192.0.2.24:8080': 0.2 },
  'lb-random': { '192.0.2.21:8080': 1 / 3, '192.0.2.22:8080': 1 / 3, '192.0.2.23:8080': 1 / 3 }
}

// Copies by their cluster, of all requests.
const COPIES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'mirrors-percentages': { d: 0.5 },
  'mirrors-same-percentages': { c: 0.5, d: 0.5 }
}

const ENDPOINTS: Readonly<Record<string, Shares['endpoints']>> = {
  'fault-abort-fraction': 'free',
  'lb-round-robin-retry': 'free',
  'lb-least-request-slow': 'slow',
  'lb-warmup': 'late',
  'lb-warmup-minimum': 'late-half',
  'hash-header-absent': 'each',
  'hash-source-ip': 'one',
  'dest-subset': 'each',
  'lb-round-robin': 'same',
  'lb-random': 'same'
}

export function sharesOf(each: Case, seen: SeenMany): Shares {
  const shares = { ...SHARES[each.id], ...COPIES[each.id] }
  const endpoints = endpointsOf(each, seen)
  // What is shared out is seen in more than one kind of something; another entry of the same case may have one kind only.
  const shared = [seen.answered, seen.flags, seen.endpoints, seen.received ?? {}].some((counts) => Object.keys(counts).length > 1)
  if (Object.keys(shares).length === 0 || !shared) return { kind: 'exact', endpoints }
  const triesEach = each.id === 'weight-retry-stays' ? 3 : undefined
  return { kind: 'shares', n: seen.n, endpoints, of: (key) => shares[nameOf(key)], ...(triesEach === undefined ? {} : { triesEach }) }
}

function endpointsOf({ id, group }: Case, seen: SeenMany): Shares['endpoints'] {
  const own = ENDPOINTS[id]
  if (own !== undefined) return own
  if (group === 'outlier') return 'near'
  return Object.keys(seen.answered).length > 1 && seen.answered['local 503'] === undefined ? 'free' : 'same'
}

// outbound|80|v1|web.default... is v1, without a subset it is the first label of the host.
function nameOf(key: string): string {
  const parts = key.split('|')
  if (parts.length < 4) return key
  return parts[2] === '' ? ((parts[3] ?? '').split('.')[0] ?? '') : (parts[2] ?? '')
}
