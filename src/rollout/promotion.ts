// The marks by which a promotion is recognised after an interruption: on the primary's pod template, and on the copies of what its pods
// read, which are written before it.

import type { KubeObject } from '../api/object.ts'
import type { Millis } from '../std/clock.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import type { Plan } from '../canary/plan.ts'
import { PROMOTION_ANNOTATION, promotionMark } from '../objects/revision.ts'
import { targetKindOf } from '../objects/targets.ts'

/** True when the primary is what a promotion of `revision` writes. */
export function carries(primary: KubeObject | undefined, plan: Plan, revision: string): boolean {
  // Marks are hashes, and most primaries carry none: they are asked for in every tick.
  const mark = targetKindOf(plan).markOf(primary)
  return mark !== undefined && mark === promotionMark(plan.uid, revision)
}

/**
 * The mark of a promotion of `revision` on copies. `since` is of the status that the promotion began with: a later promotion of the same
 * revision leaves another mark, so one that was left behind is never taken for a promotion under way.
 */
export function copyMark(plan: Plan, revision: string, since: Millis): string {
  return promotionMark(plan.uid, `${revision}@${since}`)
}

/** True when a promotion of `revision` has begun to write, from a status of `since`. */
export function isBegun({ primary, configs = [] }: ClusterView, plan: Plan, revision: string, since: Millis): boolean {
  if (carries(primary, plan, revision)) return true
  const marks = configs.flatMap(({ copy }) => copy?.metadata.annotations?.[PROMOTION_ANNOTATION] ?? [])
  return marks.length > 0 && marks.includes(copyMark(plan, revision, since))
}
