// A DestinationRule as Istio's admission check judges it (istio.md 7.2). As there, warnings about the policy of a subset or of a port are
// not told, only its errors.

import type { DestinationRule, Subset } from './istio-destination-rule.ts'
import { each, type IstioFault, refusal, refuseIf } from './istio-fault.ts'
import { checkDomain, isDnsLabel } from './istio-host-checks.ts'
import { checkTrafficPolicy, errorsOf } from './istio-policy-checks.ts'
import { checkExportTo, checkLabels, checkSelector } from './istio-value-checks.ts'

/** Everything that Istio says of a DestinationRule when it is written. */
export function validateDestinationRule({ metadata, spec }: DestinationRule): IstioFault[] {
  const namespace = metadata.namespace ?? 'default'
  const { workloadSelector } = spec
  return [
    ...checkDomain(spec.host, 'spec.host'),
    ...checkTrafficPolicy(spec.trafficPolicy, 'spec.trafficPolicy', namespace),
    ...each(spec.subsets, 'spec.subsets', (subset, at) => checkSubset(subset, at, namespace)),
    ...checkTwice(spec.subsets ?? []),
    ...(workloadSelector === undefined ? [] : checkSelector(workloadSelector.matchLabels, 'spec.workloadSelector')),
    ...checkExportTo(spec.exportTo, namespace, 'other'),
    ...(workloadSelector === undefined ? [] : checkSelectedExport(spec.exportTo ?? [], namespace))
  ]
}

function checkSubset(subset: Subset, path: string, namespace: string): IstioFault[] {
  return [
    ...refuseIf(!isDnsLabel(subset.name), `${path}.name`, `subset name is invalid: "${subset.name}"`),
    ...checkLabels(subset.labels, `${path}.labels`),
    ...errorsOf(checkTrafficPolicy(subset.trafficPolicy, `${path}.trafficPolicy`, namespace))
  ]
}

function checkTwice(subsets: readonly Subset[]): IstioFault[] {
  return subsets.flatMap(({ name }, index) =>
    subsets.findIndex((other) => other.name === name) < index
      ? [refusal(`spec.subsets[${index}].name`, `duplicate subset names: ${name}`, 'subset-twice')]
      : []
  )
}

/** With a selector the rule is of its own namespace alone. */
function checkSelectedExport(exportTo: readonly string[], namespace: string): IstioFault[] {
  const away = exportTo.some((entry) => entry !== '.' && entry !== namespace)
  return refuseIf(away, 'spec.exportTo', 'a destination rule with workload selector cannot be exported beyond its own namespace')
}
