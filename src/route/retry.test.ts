import { expect, test } from 'vitest'
import { DEFAULT_RETRY } from './compile-rule.ts'
import { retryDelay, shouldRetry, wantsRetry } from './retry.ts'
import type { TryFailure, TryOutcome } from './retry.ts'

const failed = (cause: TryFailure, sent = true): TryOutcome => ({ kind: 'failure', cause, sent })
const response = (status: number, extra: { grpcStatus?: number; rateLimited?: boolean } = {}): TryOutcome => ({
  kind: 'response',
  status,
  ...extra
})

test.each([
  [
    '5xx',
    [response(500), response(599), failed('reset'), failed('connect-failure'), failed('per-try-timeout')],
    [response(499), failed('timeout'), failed('overflow')]
  ],
  ['gateway-error', [response(502), response(504), failed('reset')], [response(500), response(505), failed('timeout')]],
  ['reset', [failed('reset'), failed('per-try-timeout')], [response(503)]],
  ['reset-before-request', [failed('reset', false)], [failed('reset'), failed('per-try-timeout', false)]],
  ['connect-failure', [failed('connect-failure')], [failed('reset'), failed('per-try-timeout'), response(503)]],
  ['refused-stream', [failed('refused-stream')], [failed('reset')]],
  ['retriable-4xx', [response(409)], [response(404), response(429)]],
  ['retriable-status-codes', [response(418)], [response(503)]],
  ['unavailable', [response(200, { grpcStatus: 14 })], [response(200, { grpcStatus: 13 }), response(200)]],
  ['envoy-ratelimited', [response(429, { rateLimited: true })], [response(429)]]
])('%s', (on, retried, left) => {
  const policy = { ...DEFAULT_RETRY, on: [on], statuses: [418] }
  expect(retried.filter((outcome) => !wantsRetry(policy, outcome))).toEqual([])
  expect(left.filter((outcome) => wantsRetry(policy, outcome))).toEqual([])
})

test('a rate-limited answer forbids every other condition', () => {
  expect(wantsRetry({ ...DEFAULT_RETRY, on: ['5xx'] }, response(503, { rateLimited: true }))).toBe(false)
})

test('the default retries failed connections twice, never answers or cut-off tries', () => {
  expect([0, 1, 2].map((retried) => shouldRetry(DEFAULT_RETRY, failed('connect-failure'), retried))).toEqual([true, true, false])
  expect(shouldRetry(DEFAULT_RETRY, response(503), 0)).toBe(false)
  expect(shouldRetry(DEFAULT_RETRY, failed('per-try-timeout'), 0)).toBe(false)
  expect(shouldRetry(undefined, failed('connect-failure'), 0)).toBe(false)
})

test('waits double from the base and stop at the cap', () => {
  expect([1, 2, 3, 4, 5, 6].map((retry) => retryDelay(DEFAULT_RETRY, retry, () => 0.9999))).toEqual([24, 49, 99, 199, 249, 249])
  expect(retryDelay(DEFAULT_RETRY, 3, () => 0)).toBe(0)
})
