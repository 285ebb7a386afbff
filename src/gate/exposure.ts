// What a canary has cost so far: the requests and the users that met it, how many requests were bad because it is worse than stable, and what
// part of the error budget that is. A ledger, no test: chance is in it, and where a budget for it is set, spending it ends the rollout
// whatever the evidence says.

import type { Gate } from './gate.ts'

/** What the rollout has cost in one stream. */
export interface Exposure {
  /** Requests that the canary served, and the bad ones. */
  readonly requests: number
  readonly bad: number
  /** Bad ones beyond what stable would have had at its rate in the same time; never below 0. */
  readonly excess: number
}

/** What it has cost altogether. */
export interface Ledger extends Exposure {
  /** Users that met the canary; undefined where nobody counts them. */
  readonly users: number | undefined
  /** The part (0..1 and more) of the failures of thirty days that the objective allows at this traffic; undefined where it allows none. */
  readonly budget: number | undefined
}

/** The most that a rollout may cost. */
export interface ExposureBudget {
  /** Requests served by the canary. */
  readonly requests?: number
  /** Bad requests in excess of stable, of the stream of errors. */
  readonly excess?: number
  /** Users that met the canary. */
  readonly users?: number
}

const BUDGET_SECONDS = 30 * 86_400

/** What the rollout has cost in the stream with this index. */
export function exposureOf({ streams }: Gate, index = 0): Exposure {
  const total = streams[index]?.total
  if (total === undefined) return { requests: 0, bad: 0, excess: 0 }
  const { canaryRequests: requests, canaryBad: bad, stableRequests, stableBad } = total
  const expected = stableRequests === 0 ? 0 : (requests * stableBad) / stableRequests
  return { requests, bad, excess: Math.max(0, bad - expected) }
}

/** The ledger of a rollout whose requests are to succeed at a rate of `objective` (0..1). */
export function ledgerOf(gate: Gate, { objective, users }: { readonly objective: number; readonly users: number | undefined }): Ledger {
  const exposure = exposureOf(gate)
  const { stableRequests = 0 } = gate.streams[0]?.total ?? {}
  const seconds = (gate.lookedAt - gate.startedAt) / 1000
  const allowed = seconds <= 0 ? 0 : (1 - objective) * BUDGET_SECONDS * ((exposure.requests + stableRequests) / seconds)
  return { ...exposure, users, budget: allowed <= 0 ? undefined : exposure.excess / allowed }
}

/** Which part of the budget is spent; undefined while none is. */
export function spentBudget(
  { requests, excess, users }: Pick<Ledger, 'requests' | 'excess' | 'users'>,
  budget: ExposureBudget
): keyof ExposureBudget | undefined {
  if (budget.excess !== undefined && excess > budget.excess) return 'excess'
  if (budget.users !== undefined && users !== undefined && users > budget.users) return 'users'
  if (budget.requests !== undefined && requests > budget.requests) return 'requests'
  return undefined
}
