// What a Canary wants to be compared with, and what of that can be (annotation `serin.dev/baseline`, or the key of the gate's ConfigMap).

import type { KubeObject } from '../api/object.ts'
import { listAt } from '../std/json.ts'
import { type GateConfig, type Misread, misreadOf, optionOf } from './gate-options.ts'
import { isComparable } from './pace.ts'
import type { Plan } from './plan.ts'

/** The annotation. */
export const BASELINE = 'serin.dev/baseline'

/** Whose counters are stable's: the primary's, those of a fresh copy of it that is made for each analysis (baseline.ts). */
export type Baseline = { readonly kind: 'primary' } | { readonly kind: 'fresh' }

/** What the Canary can be compared with, and why not with what it wants. */
export interface BaselineAsked {
  readonly baseline: Baseline
  readonly problems: readonly Misread[]
}

const PRIMARY: Baseline = { kind: 'primary' }
const WANTED = 'fresh or none'

/** What a Canary asks, in an annotation or in the ConfigMap of its gate; what it says wins. */
export function baselineOf(
  canary: KubeObject,
  plan: Pick<Plan, 'strategy' | 'provider' | 'rules' | 'targetKind'>,
  config?: GateConfig
): BaselineAsked {
  const said = optionOf(canary, config, BASELINE)
  const word = said?.text.trim() ?? 'none'
  if (said === undefined || word === 'none') return { baseline: PRIMARY, problems: [] }
  const without = (problem: Misread): BaselineAsked => ({ baseline: PRIMARY, problems: [problem] })
  if (word !== 'fresh') return without(misreadOf(said, WANTED, 'the canary is compared with the primary'))
  if (plan.targetKind !== 'Deployment') return without(said.told(`has no effect: a ${plan.targetKind} has no second copy of its pods`))
  if (!isComparable(canary, plan))
    return without(said.told(`has no effect: ${uncompared(canary)}, so nothing is left of the same callers for a baseline`))
  return { baseline: { kind: 'fresh' }, problems: [] }
}

function uncompared(canary: KubeObject): string {
  const matches = listAt(canary['spec'], 'analysis', 'match').length > 0
  return matches ? 'all callers that match get the canary' : 'requests are not split by weight'
}
