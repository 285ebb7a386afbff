// What a Canary wants to be compared with, and what of that can be (annotation `serin.dev/baseline`, or the key of the gate's ConfigMap).

import type { KubeObject } from '../api/object.ts'
import { listAt } from '../std/json.ts'
import { type GateConfig, type Misread, misreadOf, OBJECT_NAME, optionOf } from './gate-options.ts'
import { isComparable } from './pace.ts'
import type { Plan } from './plan.ts'

/** The annotation. */
export const BASELINE = 'serin.dev/baseline'

/**
 * Whose counters are stable's: the primary's; those of a fresh copy of it, which is made for each analysis (baseline.ts); or those of a
 * workload of somebody's own, of the target's kind and namespace, which is neither made nor given traffic here.
 */
export type Baseline = { readonly kind: 'primary' } | { readonly kind: 'fresh' } | { readonly kind: 'workload'; readonly name: string }

/** What the Canary can be compared with, and why not with what it wants. */
export interface BaselineAsked {
  readonly baseline: Baseline
  readonly problems: readonly Misread[]
}

const PRIMARY: Baseline = { kind: 'primary' }
const WANTED = 'fresh, none, or the name of a workload'
const INSTEAD = 'the canary is compared with the primary'

/** What a Canary asks, in an annotation or in the ConfigMap of its gate; what it says wins. */
export function baselineOf(
  canary: KubeObject,
  plan: Pick<Plan, 'strategy' | 'provider' | 'rules' | 'targetKind' | 'target'>,
  config?: GateConfig
): BaselineAsked {
  const said = optionOf(canary, config, BASELINE)
  const word = said?.text.trim() ?? 'none'
  if (said === undefined || word === 'none') return { baseline: PRIMARY, problems: [] }
  const without = (problem: Misread): BaselineAsked => ({ baseline: PRIMARY, problems: [problem] })
  if (!OBJECT_NAME.test(word)) return without(misreadOf(said, WANTED, INSTEAD))
  const isFresh = word === 'fresh'
  const baseline: Baseline = isFresh ? { kind: 'fresh' } : { kind: 'workload', name: word }
  const fault = faultOf(baseline, plan)
  if (fault !== undefined) return without(said.told(fault))
  if (!isComparable(canary, plan)) {
    const so = isFresh ? 'nothing is left of the same callers for a baseline' : 'the gate does not compare them'
    return without(said.told(`has no effect: ${uncompared(canary)}, so ${so}`))
  }
  return { baseline, problems: [] }
}

function faultOf(baseline: Baseline, { target, targetKind }: Pick<Plan, 'target' | 'targetKind'>): string | undefined {
  switch (baseline.kind) {
    case 'primary':
      return undefined
    case 'fresh':
      return targetKind === 'Deployment' ? undefined : `has no effect: a ${targetKind} has no second copy of its pods`
    case 'workload': {
      const { name } = baseline
      if (targetKind === 'Service') return 'has no effect: nobody knows which workload is behind a Service'
      if (name !== target && name !== `${target}-primary`) return undefined
      const whose = name === target ? 'target, which is the canary itself' : 'primary: that needs no word'
      return `${JSON.stringify(name)} is the ${whose}; ${INSTEAD}`
    }
  }
}

function uncompared(canary: KubeObject): string {
  const matches = listAt(canary['spec'], 'analysis', 'match').length > 0
  return matches ? 'all callers that match get the canary' : 'requests are not split by weight'
}

/** The name of its Deployment. */
export function baselineName({ target }: Pick<Plan, 'target'>): string {
  return `${target}-baseline`
}
