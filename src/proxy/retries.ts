// The tries of one request: how many there were and where, whether the policy wants another and the cluster has room for it. The counts are
// Envoy's (envoy.md 5.3); the loop and the kept body are the exchange's.

import { STAT } from '../route/cluster-stats.ts'
import type { RetryPolicy } from '../route/decision.ts'
import { retryDelay, shouldRetry, wantsRetry } from '../route/retry.ts'
import { TriedPriorities } from '../route/retry-priorities.ts'
import type { TryOutcome } from '../route/retry.ts'
import type { ClusterState, EndpointSlot } from '../route/router.ts'
import type { Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { beginRetry, endRetry } from './pools.ts'

/** pass: the outcome stands. again: another try after `delay`. URX, UO: the outcome stands with this flag, for want of retries or of room. */
export type Verdict = 'pass' | 'again' | 'URX' | 'UO'

const NONE: readonly EndpointSlot[] = []

/** Owns the count of one request's tries, and its place among the cluster's concurrent retries. */
export class Retries {
  /** Endpoints that a next try avoids. */
  tried: readonly EndpointSlot[] = NONE
  /** Priorities that a next try may leave out. */
  readonly priorities: TriedPriorities | undefined
  /** Tries begun so far. */
  tries = 0
  readonly #policy: RetryPolicy | undefined
  #retried = 0
  // The cluster whose count of retries includes this request.
  #of: ClusterState | undefined

  constructor(policy: RetryPolicy | undefined) {
    this.#policy = policy
    this.priorities = policy?.otherPriorities === true ? new TriedPriorities() : undefined
  }

  /** A try at this endpoint begins. Returns its number, from 1. */
  begin(slot: EndpointSlot): number {
    if (this.#policy?.avoidTried === true) this.tried = this.tried === NONE ? [slot] : [...this.tried, slot]
    this.priorities?.add(slot.endpoint.priority)
    this.tries++
    return this.tries
  }

  /** What follows from the end of a try; `kept`: the request can be sent again. */
  judge(outcome: TryOutcome, state: ClusterState, kept: boolean): Verdict {
    const policy = this.#policy
    if (policy === undefined) return 'pass'
    const wanted = wantsRetry(policy, outcome)
    if (this.#of !== undefined && !wanted) state.stats.add(STAT.upstream_rq_retry_success)
    this.end()
    if (!wanted) return 'pass'
    if (!kept) {
      state.stats.add(STAT.retry_or_shadow_abandoned)
      return 'pass'
    }
    if (!shouldRetry(policy, outcome, this.#retried)) {
      state.stats.add(STAT.upstream_rq_retry_limit_exceeded)
      return 'URX'
    }
    this.#retried++
    if (!beginRetry(state)) return 'UO'
    this.#of = state
    state.stats.add(STAT.upstream_rq_retry)
    state.stats.add(STAT.upstream_rq_retry_backoff_exponential)
    return 'again'
  }

  /** How long the try that was granted waits. */
  delay(draw: Draw): Millis {
    return this.#policy === undefined ? 0 : retryDelay(this.#policy, this.#retried, draw)
  }

  /** The request is over, or its retry is. */
  end(): void {
    if (this.#of !== undefined) endRetry(this.#of)
    this.#of = undefined
  }
}
