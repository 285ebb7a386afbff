// What the gate says of a revision, as a tick hears it.

import type { HoldReason } from './verdict.ts'

/** A verdict, and the sentence that explains it. */
export interface Evidence {
  readonly kind: 'rollback' | 'retreat' | 'advance' | 'hold'
  /** As a check: safe for the next step, worse than tolerated, not known yet, or that nobody can be asked. */
  readonly outcome: 'pass' | 'fail' | 'no-data' | 'down'
  /** The canary's share of the traffic that it is about, percent. */
  readonly weight: number
  readonly sentence: string
  /** The same once the rollout has followed it; of an advance. */
  readonly done?: string
  /** Of a hold; undefined before the canary has had traffic. */
  readonly reason?: HoldReason
  /** Why there is nothing to compare with beside a workload that the Canary names as its baseline. */
  readonly silent?: string
}

/** What the gate says of one revision. */
export interface RevisionEvidence extends Evidence {
  readonly revision: string
  /** Whether no look has been taken since it says this of this weight. */
  readonly news: boolean
  /** The first weight that the traffic asks for, percent; undefined while nobody knows. */
  readonly start?: number | undefined
}
