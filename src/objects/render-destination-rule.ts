// The DestinationRules of a Canary, one for each role (flagger.md 3.2).

import { type KubeObject, isOwned } from '../api/object.ts'
import { dig } from '../std/json.ts'
import type { Plan } from '../canary/plan.ts'
import { ownerOf, patchOf, RESOURCES, setAt, type Write } from './write.ts'

/** Creates the DestinationRule of a role, or corrects host and traffic policy; subsets and other fields of a live one stay. */
export function ruleWrites(
  canary: KubeObject,
  plan: Plan,
  role: 'canary' | 'primary' | 'baseline',
  live: KubeObject | undefined
): readonly Write[] {
  const host = `${plan.apex}-${role}`
  const trafficPolicy = dig(canary, 'spec', 'service', 'trafficPolicy')
  if (live !== undefined) {
    const policy = trafficPolicy === undefined && !isOwned(live, canary) ? [] : setAt(live, ['spec', 'trafficPolicy'], trafficPolicy)
    return patchOf(RESOURCES.destinationRules, live, [...setAt(live, ['spec', 'host'], host), ...policy])
  }
  const object: KubeObject = {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'DestinationRule',
    metadata: { name: host, namespace: plan.namespace, ownerReferences: [ownerOf(canary)] },
    spec: { host, ...(trafficPolicy === undefined ? {} : { trafficPolicy }) }
  }
  return [{ verb: 'create', resource: RESOURCES.destinationRules, object }]
}
