// What a rollout has cost, as its Release has it.

import type { ReleaseStatus } from '../api/serin-kinds.ts'
import type { Ledger } from '../gate/exposure.ts'

/** The field of the status; none before the canary has had traffic. */
export function exposureField(ledger: Ledger | undefined): Pick<ReleaseStatus, 'exposure'> {
  if (ledger === undefined) return {}
  const { requests, bad, excess, users, budget } = ledger
  return {
    exposure: {
      requests,
      failed: bad,
      excess: Math.round(excess),
      ...(users === undefined ? {} : { users }),
      ...(budget === undefined ? {} : { errorBudget: Number((100 * budget).toPrecision(3)) })
    }
  }
}
