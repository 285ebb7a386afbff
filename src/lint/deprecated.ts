// Fields that Istio keeps for old objects and asks to replace (istio.md 7.5: IST0002).

import { problem, referTo } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import { rulesOf, within } from './mesh.ts'
import type { Mesh } from './mesh.ts'

/** Deprecated fields in use. */
export function lintDeprecated(mesh: Mesh): ObjectProblem[] {
  const delays = rulesOf(mesh).flatMap(({ rule, place }) =>
    (rule.fault?.delay?.percent ?? 0) > 0 ? [problem('deprecated', within(place, 'fault.delay.percent'), ['percent', 'percentage'])] : []
  )
  const proxies = mesh.config.sidecars.flatMap((sidecar) => {
    if (sidecar.spec.outboundTrafficPolicy?.egressProxy === undefined) return []
    const place = { object: referTo('Sidecar', sidecar), path: 'spec.outboundTrafficPolicy.egressProxy' }
    return [problem('deprecated', place, ['egressProxy', 'a VirtualService for the hosts outside'])]
  })
  return [...delays, ...proxies]
}
