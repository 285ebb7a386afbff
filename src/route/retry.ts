// Whether a request is tried again, and after how long (istio.md 1.15, envoy.md 5). It counts nothing: the proxy keeps the loop, the
// buffered body and the budget, and never retries once response headers went downstream.

import type { Draw } from '../std/draw.ts'
import type { Millis } from '../std/clock.ts'
import type { RetryPolicy } from './decision.ts'

/** How one try ended, before anything was sent downstream. */
export type TryOutcome =
  | { readonly kind: 'response'; readonly status: number; readonly grpcStatus?: number; readonly rateLimited?: boolean }
  /** `sent`: some byte of the request went upstream. */
  | { readonly kind: 'failure'; readonly cause: TryFailure; readonly sent: boolean }

/** Failures without a response. `overflow` (a breaker) and `timeout` (the route's) are never retried. */
export type TryFailure = 'connect-failure' | 'reset' | 'refused-stream' | 'per-try-timeout' | 'overflow' | 'timeout'

const GRPC: Readonly<Record<string, number>> = {
  cancelled: 1,
  'deadline-exceeded': 4,
  'resource-exhausted': 8,
  internal: 13,
  unavailable: 14
}

/** True when the policy wants another try after `outcome`; `retried` counts the retries made so far. The method is not considered. */
export function shouldRetry(policy: RetryPolicy | undefined, outcome: TryOutcome, retried: number): boolean {
  if (policy === undefined || retried >= policy.attempts) return false
  return wantsRetry(policy, outcome)
}

/** True when the outcome is one the policy retries, whatever the count: with the count exhausted the answer carries flag URX. */
export function wantsRetry(policy: RetryPolicy, outcome: TryOutcome): boolean {
  if (outcome.kind === 'failure') {
    if (outcome.cause === 'overflow' || outcome.cause === 'timeout') return false
    for (const on of policy.on) if (retriesFailure(on, outcome.cause, outcome.sent)) return true
    return false
  }
  if (outcome.rateLimited === true) return policy.on.includes('envoy-ratelimited')
  for (const on of policy.on) if (retriesStatus(on, outcome.status, policy.statuses)) return true
  if (outcome.grpcStatus === undefined) return false
  for (const on of policy.on) if (GRPC[on] === outcome.grpcStatus) return true
  return false
}

function retriesFailure(on: string, cause: TryFailure, sent: boolean): boolean {
  switch (on) {
    case '5xx':
    case 'gateway-error':
    case 'reset':
      return true
    case 'reset-before-request':
      return !sent && cause !== 'per-try-timeout'
    case 'connect-failure':
    case 'refused-stream':
      return cause === on
    default:
      return false
  }
}

function retriesStatus(on: string, status: number, statuses: readonly number[]): boolean {
  switch (on) {
    case '5xx':
      return status >= 500 && status <= 599
    case 'gateway-error':
      return status >= 502 && status <= 504
    case 'retriable-4xx':
      return status === 409
    case 'retriable-status-codes':
      return statuses.includes(status)
    default:
      return false
  }
}

/** The wait before retry number `retry` (1 is the first): uniform in [0, min(base * 2^(retry-1), max)), whole milliseconds. */
export function retryDelay(policy: RetryPolicy, retry: number, draw: Draw): Millis {
  const bound = Math.min(policy.backoffBase * 2 ** (retry - 1), policy.backoffMax)
  return Math.floor(draw() * bound)
}
