// Parts of a rule that Istio takes and that do nothing, or more than is meant: faults without a share or for everybody, policies beside an
// action that leaves them out, copies of requests that write (istio.md 1.8, 1.10-1.12).

import type { HttpRoute } from '../api/istio-virtual-service.ts'
import { problem } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import { faultOf, mirrorsOf } from '../route/compile-fault.ts'
import { rulesOf, within } from './mesh.ts'
import type { Mesh, PlacedRule } from './mesh.ts'

/** Problems of the parts of rules that have no effect. */
export function lintEffects(mesh: Mesh): ObjectProblem[] {
  return rulesOf(mesh).flatMap((placed) => [
    ...lintFault(placed),
    ...lintFaultScope(placed),
    ...lintMirror(placed),
    ...lintBeside(placed),
    ...lintCors(placed)
  ])
}

function lintFault({ rule, place }: PlacedRule): ObjectProblem[] {
  const { delay, abort } = rule.fault ?? {}
  const compiled = faultOf(rule.fault)
  return [
    ...(delay !== undefined && compiled?.delay === undefined ? [problem('never-injected', within(place, 'fault.delay'), ['a delay'])] : []),
    ...(abort !== undefined && compiled?.abort === undefined ? [problem('never-injected', within(place, 'fault.abort'), ['an abort'])] : [])
  ]
}

const OF_TRIES = ['retries', 'timeout'] as const

/** A fault for every request, and what of its rule does not act on it: it comes before the destination is tried. */
function lintFaultScope({ rule, place }: PlacedRule): ObjectProblem[] {
  if (faultOf(rule.fault) === undefined) return []
  const open = rule.match === undefined || rule.match.length === 0
  const idle = OF_TRIES.filter((field) => rule[field] !== undefined)
  return [
    ...(open ? [problem('fault-for-all', within(place, 'fault'))] : []),
    ...idle.map((field) => problem('fault-not-retried', within(place, field), [field]))
  ]
}

const READS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Copies are carried out as requests are. */
function lintMirror({ rule, place }: PlacedRule): ObjectProblem[] {
  const forwards = rule.redirect === undefined && rule.directResponse === undefined
  if (!forwards || mirrorsOf(rule, ({ host }) => host).length === 0) return []
  const { match = [] } = rule
  if (match.length > 0 && match.every(({ method }) => READS.has(method?.exact))) return []
  return [problem('mirror-writes', within(place, rule.mirror === undefined ? 'mirrors' : 'mirror'))]
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
