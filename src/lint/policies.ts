// Traffic policies that cannot do what they are for: ejections that too few endpoints rule out, and hashes that do not reach over a
// weighted split (istio.md 2.5, 2.7).

import type { Subset } from '../api/istio-destination-rule.ts'
import { hasLabels } from '../api/label-selector.ts'
import { clusterSettings } from '../route/cluster-settings.ts'
import { problem, referTo } from '../route/catalogue.ts'
import type { ObjectProblem, Place } from '../route/catalogue.ts'
import { hashRuleFor, ruleFor } from '../route/destination-rules.ts'
import { namespaceOf, resolveHost } from '../route/mesh-config.ts'
import type { RegistryHost } from '../route/registry.ts'
import { rulesOf, within } from './mesh.ts'
import type { Mesh, PlacedRule } from './mesh.ts'

type Policy = Parameters<typeof clusterSettings>[0]

/** Problems of the policies of DestinationRules. */
export function lintPolicies(mesh: Mesh): ObjectProblem[] {
  return [...lintEjections(mesh), ...rulesOf(mesh).flatMap((placed) => lintSplit(mesh, placed))]
}

/** What a Canary wrote is left to the Canary. */
function lintEjections(mesh: Mesh): ObjectProblem[] {
  return mesh.config.destinationRules.flatMap((rule) => {
    const host = mesh.around.hosts.get(resolveHost(rule.spec.host, namespaceOf(rule)))
    if (host === undefined || (rule.metadata.ownerReferences ?? []).some(({ kind }) => kind === 'Canary')) return []
    mesh.around.hosts.noteMembers(host.host)
    const place = { object: referTo('DestinationRule', rule), path: 'spec' }
    const subsets = (rule.spec.subsets ?? []).flatMap((subset, at) =>
      lintEjection(subset.trafficPolicy, within(place, `subsets[${at}].trafficPolicy`), membersOf(host, subset))
    )
    return [...lintEjection(rule.spec.trafficPolicy, within(place, 'trafficPolicy'), membersOf(host, undefined)), ...subsets]
  })
}

/** Endpoints there are, ready or not; where none is known nothing can be said. */
function membersOf(host: RegistryHost, subset: Subset | undefined): number {
  return (host.ports[0]?.endpoints ?? []).filter(({ labels }) => hasLabels(labels, subset?.labels ?? {})).length
}

function lintEjection(policy: Policy | undefined, place: Place, members: number): ObjectProblem[] {
  const outlier = clusterSettings(policy ?? {}).outlier
  if (outlier === undefined || members === 0 || 100 / members <= outlier.maxPercent) return []
  const those = members === 1 ? '1 endpoint' : `${members} endpoints`
  return [problem('ejection-impossible', within(place, 'outlierDetection'), [outlier.maxPercent, those, Math.ceil(100 / members)])]
}

/** A split draws first and hashes then. */
function lintSplit(mesh: Mesh, { rule, virtualService, place }: PlacedRule): ObjectProblem[] {
  const live = (rule.route ?? []).filter(({ weight }) => (weight ?? 0) > 0)
  const namespace = namespaceOf(virtualService)
  const owned = (virtualService.metadata.ownerReferences ?? []).some(({ kind }) => kind === 'Canary')
  if (live.length < 2 || owned) return []
  const sticky = live.find(({ destination }) => {
    const host = mesh.around.hosts.get(resolveHost(destination.host, namespace))
    const applied = host === undefined ? undefined : ruleFor(mesh.around.rules, host.host, host.namespace, namespace)
    const subset = applied?.subsets.find(({ name }) => name === destination.subset)
    return hashRuleFor(applied, destination.port?.number, subset) !== undefined
  })
  return sticky === undefined ? [] : [problem('split-not-sticky', within(place, 'route'), [sticky.destination.host])]
}
