// Canary pods that read what is no longer so: a ConfigMap or Secret changed under them. They end, and others are made, before anything is
// counted for the new revision.

import { sameJson } from '../std/json.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import type { Plan } from '../canary/plan.ts'
import { isRefreshing } from '../objects/refresh-mark.ts'
import { configsIn } from '../objects/revision.ts'
import { type RolloutState, standingOf } from './state.ts'
import { targetKindOf } from '../objects/targets.ts'

/** True while some of the pods that are to end may be there. */
export function isEmptying(plan: Plan, { target }: ClusterView): boolean {
  return isRefreshing(target) && !targetKindOf(plan).isEmpty(target)
}

/** True when taking up `revision` has to make the target's pods again: they may have read what the revision before it has. */
export function mustRefresh(plan: Plan, state: RolloutState, revision: string, { target }: ClusterView): boolean {
  const [then, now] = [configsIn(standingOf(state).applied), configsIn(revision)]
  if (then === undefined || now === undefined || sameJson(then, now)) return false
  return !targetKindOf(plan).isEmpty(target)
}
