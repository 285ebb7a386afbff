// Delegates that do nothing (istio.md 1.8): rules that delegate to nobody, delegates that nobody names, and rules of a delegate that fit no
// match of the rule that names them.

import type { VirtualService } from '../api/istio-virtual-service.ts'
import { problem, referTo } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import { delegateKey, delegatesOf, joinDelegates } from '../route/delegates.ts'
import { isVisible, keyOf, namespaceOf } from '../route/mesh-config.ts'
import { rulesOf, within } from './mesh.ts'
import type { Mesh, PlacedRule } from './mesh.ts'

/** Problems of the rules that delegate, and of VirtualServices without hosts. */
export function lintDelegates(mesh: Mesh): ObjectProblem[] {
  const { virtualServices } = mesh.config
  const problems = rulesOf(mesh).flatMap((placed) => {
    const { delegate } = placed.rule
    if (delegate === undefined) return []
    const key = delegateKey(delegate, namespaceOf(placed.virtualService))
    const why = missing(key, placed, mesh)
    return why === undefined ? [] : [problem('delegate-not-found', within(placed.place, 'delegate'), [key, why])]
  })
  for (const root of virtualServices) {
    for (const { delegate, index } of joinDelegates(root, { get: (key) => leafOf(mesh, key) }).lost) {
      const leaf = leafOf(mesh, delegate)
      if (leaf === undefined) continue
      const place = { object: referTo('VirtualService', leaf), path: `spec.http[${index}].match` }
      problems.push(problem('match-unreachable', place, [`a match fits none of the rule of ${keyOf(root)} that delegates here`]))
    }
  }
  for (const [key, leaf] of delegatesOf(virtualServices)) {
    if (mesh.around.isDelegatedTo(key)) continue
    problems.push(problem('delegate-unused', { object: referTo('VirtualService', leaf), path: 'spec.hosts' }))
  }
  return problems
}

function leafOf({ around }: Mesh, key: string): VirtualService | undefined {
  const found = around.get('virtualServices', key)
  return (found?.spec.hosts ?? []).length === 0 ? found : undefined
}

function missing(key: string, placed: PlacedRule, mesh: Mesh): string | undefined {
  const leaf = leafOf(mesh, key)
  const viewer = namespaceOf(placed.virtualService)
  if (leaf !== undefined) return isVisible(leaf.spec.exportTo, namespaceOf(leaf), viewer) ? undefined : `is not exported to ${viewer}`
  return mesh.around.get('virtualServices', key) !== undefined ? 'has hosts of its own' : 'does not exist'
}
