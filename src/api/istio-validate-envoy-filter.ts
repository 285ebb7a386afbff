// An EnvoyFilter as Istio's admission check judges it: that a patch says what it changes, where and how. What the patches hold is Envoy's.

import type { EnvoyFilter, EnvoyFilterSpec } from './istio-envoy-filter.ts'
import { caution, each, type IstioFault, refusal, refuseIf } from './istio-fault.ts'
import { checkSelector } from './istio-value-checks.ts'

type Patch = NonNullable<EnvoyFilterSpec['configPatches']>[number]

const INTERNAL =
  'EnvoyFilter exposes internal implementation details that may change at any time. Prefer other APIs if possible, and exercise extreme ' +
  'caution, especially around upgrades.'

/** Everything that Istio says of an EnvoyFilter when it is written. */
export function validateEnvoyFilter({ spec }: EnvoyFilter): IstioFault[] {
  const { workloadSelector } = spec
  return [
    caution('spec', INTERNAL),
    ...(workloadSelector === undefined ? [] : checkSelector(workloadSelector.labels, 'spec.workloadSelector')),
    ...each(spec.configPatches, 'spec.configPatches', checkPatch)
  ]
}

function checkPatch(patch: Patch, path: string): IstioFault[] {
  const { applyTo = 'INVALID', patch: change } = patch
  if (applyTo === 'INVALID') return [refusal(`${path}.applyTo`, 'Envoy filter: missing applyTo')]
  if (change === undefined) return [refusal(path, 'Envoy filter: missing patch')]
  const { operation = 'INVALID' } = change
  return [
    ...refuseIf(operation === 'INVALID', `${path}.patch.operation`, 'Envoy filter: missing patch operation'),
    ...refuseIf(
      operation !== 'REMOVE' && change.value === undefined,
      `${path}.patch`,
      'Envoy filter: missing patch value for non-remove operation'
    ),
    ...refuseIf(
      operation === 'REMOVE' && change.value !== undefined,
      `${path}.patch.value`,
      'Envoy filter: value not allowed for a remove operation'
    ),
    ...checkMatch(patch, `${path}.match`)
  ]
}

const LISTENER_PARTS = ['LISTENER', 'FILTER_CHAIN', 'NETWORK_FILTER', 'HTTP_FILTER', 'LISTENER_FILTER']
const ROUTE_PARTS = ['ROUTE_CONFIGURATION', 'VIRTUAL_HOST', 'HTTP_ROUTE']

/** What is matched must be of the part that is patched. */
function checkMatch({ applyTo = 'INVALID', match }: Patch, path: string): IstioFault[] {
  if (match === undefined) return []
  const listener = LISTENER_PARTS.includes(applyTo)
  const routes = ROUTE_PARTS.includes(applyTo)
  return [
    ...refuseIf(
      listener && (match.routeConfiguration ?? match.cluster) !== undefined,
      path,
      `Envoy filter: applyTo ${applyTo} cannot match clusters or route configurations`
    ),
    ...refuseIf(
      routes && (match.listener ?? match.cluster) !== undefined,
      path,
      `Envoy filter: applyTo ${applyTo} cannot match listeners or clusters`
    ),
    ...refuseIf(
      applyTo === 'CLUSTER' && (match.listener ?? match.routeConfiguration) !== undefined,
      path,
      'Envoy filter: applyTo CLUSTER cannot match listeners or route configurations'
    )
  ]
}
