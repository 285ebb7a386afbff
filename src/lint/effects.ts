// Parts of a rule that Istio takes and that do nothing: faults without a share, and policies beside an action that leaves them out
// (istio.md 1.8, 1.10-1.12).

import type { HttpRoute } from '../api/istio-virtual-service.ts'
import { problem } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import { faultOf } from '../route/compile-fault.ts'
import { rulesOf, within } from './mesh.ts'
import type { Mesh, PlacedRule } from './mesh.ts'

/** Problems of the parts of rules that have no effect. */
export function lintEffects(mesh: Mesh): ObjectProblem[] {
  return rulesOf(mesh).flatMap((placed) => [...lintFault(placed), ...lintBeside(placed), ...lintCors(placed)])
}

function lintFault({ rule, place }: PlacedRule): ObjectProblem[] {
  const { delay, abort } = rule.fault ?? {}
  const compiled = faultOf(rule.fault)
  return [
    ...(delay !== undefined && compiled?.delay === undefined ? [problem('never-injected', within(place, 'fault.delay'), ['a delay'])] : []),
    ...(abort !== undefined && compiled?.abort === undefined ? [problem('never-injected', within(place, 'fault.abort'), ['an abort'])] : [])
  ]
}

const OF_FORWARDING = [
  'timeout',
  'retries',
  'corsPolicy',
  'mirror',
  'mirrors',
  'mirrorPercentage'
] as const satisfies readonly (keyof HttpRoute)[]
const OF_COPIES = ['mirrorPercentage', 'mirrorPercent'] as const

function lintBeside({ rule, place }: PlacedRule): ObjectProblem[] {
  const action = rule.redirect === undefined ? (rule.directResponse === undefined ? undefined : 'directResponse') : 'redirect'
  if (action !== undefined) {
    const idle = OF_FORWARDING.filter((field) => rule[field] !== undefined)
    return idle.map((field) => problem('no-effect-beside', within(place, field), [field, action]))
  }
  if (rule.mirror !== undefined || rule.delegate !== undefined) return []
  return OF_COPIES.filter((field) => rule[field] !== undefined && rule[field] !== null).map((field) =>
    problem('no-effect-beside', within(place, field), [field, rule.mirrors === undefined ? 'no mirror' : 'mirrors'])
  )
}

function lintCors({ rule, place }: PlacedRule): ObjectProblem[] {
  const { corsPolicy } = rule
  if (corsPolicy === undefined) return []
  const none = (corsPolicy.allowOrigins ?? []).length === 0 && (corsPolicy.allowOrigin ?? []).length === 0
  return none && corsPolicy.unmatchedPreflights !== 'IGNORE' ? [problem('cors-no-origin', within(place, 'corsPolicy'))] : []
}
