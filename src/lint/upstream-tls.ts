// TLS to a host without authorities to trust: the host's certificate is not looked at (istio.md 7.5: IST0128, IST0129).

import type { DestinationRule } from '../api/istio-destination-rule.ts'
import type { ClientTls } from '../api/istio-traffic-policy.ts'
import { problem, referTo } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import type { Mesh } from './mesh.ts'

/** Problems of the TLS settings of DestinationRules: of the whole host, and of single ports. */
export function lintUpstreamTls(mesh: Mesh): ObjectProblem[] {
  return mesh.config.destinationRules.flatMap(lintRule)
}

function lintRule(rule: DestinationRule): ObjectProblem[] {
  const { trafficPolicy: policy, host } = rule.spec
  const object = referTo('DestinationRule', rule)
  const at = (path: string): { object: typeof object; path: string } => ({ object, path: `spec.trafficPolicy.${path}` })
  const ports = policy?.portLevelSettings ?? []
  return [
    ...(trustsAnybody(rule, policy?.tls) ? [problem('tls-unverified', at('tls'), [policy?.tls?.mode ?? '', host])] : []),
    ...ports.flatMap(({ tls, port }, index) =>
      trustsAnybody(rule, tls)
        ? [problem('tls-port-unverified', at(`portLevelSettings[${index}].tls`), [tls?.mode ?? '', port?.number ?? '', host])]
        : []
    )
  ]
}

/** A secret may hold authorities, but a sidecar reads one only if the rule is for some workloads. */
function trustsAnybody({ spec }: DestinationRule, tls: ClientTls | undefined): boolean {
  if (tls === undefined || (tls.mode !== 'SIMPLE' && tls.mode !== 'MUTUAL') || (tls.caCertificates ?? '') !== '') return false
  return (tls.credentialName ?? '') === '' || spec.workloadSelector === undefined
}
