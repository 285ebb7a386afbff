// Reads the objects of one Canary into a ClusterView.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { KubeClient } from '../kube/kube-client.ts'
import type { ClusterView } from '../rollout/cluster-view.ts'
import { planOf } from '../rollout/plan.ts'
import { RESOURCES } from '../rollout/write.ts'

/** What a tick knows beside the objects. */
export type Moment = Pick<ClusterView, 'now' | 'lookedAt' | 'rival'>

/** The objects `canary` reads and owns, as they are now. */
export async function observe(client: KubeClient, canary: KubeObject, moment: Moment, signal: AbortSignal): Promise<ClusterView> {
  const { target, apex, namespace } = planOf(canary)
  const get = (resource: ResourceRef, name: string): Promise<KubeObject | undefined> =>
    client.get({ ...resource, namespace, name }, { signal })
  const [targetObject, primary, apexService, canaryService, primaryService, canaryRule, primaryRule, virtualService] = await Promise.all([
    get(RESOURCES.deployments, target),
    get(RESOURCES.deployments, `${target}-primary`),
    get(RESOURCES.services, apex),
    get(RESOURCES.services, `${apex}-canary`),
    get(RESOURCES.services, `${apex}-primary`),
    get(RESOURCES.destinationRules, `${apex}-canary`),
    get(RESOURCES.destinationRules, `${apex}-primary`),
    get(RESOURCES.virtualServices, apex)
  ])
  return { ...moment, target: targetObject, primary, apexService, canaryService, primaryService, canaryRule, primaryRule, virtualService }
}
