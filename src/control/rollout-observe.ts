// Reads the objects of one Canary into a ClusterView.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import { ApiError, type KubeClient } from '../kube/kube-client.ts'
import type { ClusterView } from '../rollout/cluster-view.ts'
import { configRefsOf } from '../rollout/config-refs.ts'
import { type ConfigView, copyName } from '../rollout/configs.ts'
import { planOf } from '../rollout/plan.ts'
import type { Scalers } from '../rollout/scaler.ts'
import { targetKindOf } from '../rollout/targets.ts'
import { RESOURCES, SCALER_RESOURCES } from '../rollout/write.ts'

/** What a tick knows beside the objects. */
export type Moment = Pick<ClusterView, 'now' | 'lookedAt' | 'rival' | 'labels'>

/**
 * Which ConfigMaps and Secrets are read: none, or what the target's pods refer to. `reading` hears their names, as `resource/name`, before
 * they are read, so that no change of one is missed.
 */
export type ConfigReading = 'none' | { readonly reading: (names: readonly string[]) => void }

/** Where objects are read from, and which. */
export interface Sources {
  readonly client: KubeClient
  readonly configs: ConfigReading
}

/** The objects `canary` reads and owns, as they are now. */
export async function observe({ client, configs }: Sources, canary: KubeObject, moment: Moment, signal: AbortSignal): Promise<ClusterView> {
  const plan = planOf(canary)
  const { target, apex, namespace, autoscaler } = plan
  const kind = targetKindOf(plan)
  const get = (resource: ResourceRef, name: string): Promise<KubeObject | undefined> =>
    client.get({ ...resource, namespace, name }, { signal })
  const [targetObject, primary, apexService, canaryService, primaryService, canaryRule, primaryRule, virtualService] = await Promise.all([
    get(kind.resource, target),
    get(kind.resource, kind.primaryName(plan)),
    get(RESOURCES.services, apex),
    get(RESOURCES.services, `${apex}-canary`),
    get(RESOURCES.services, `${apex}-primary`),
    get(RESOURCES.destinationRules, `${apex}-canary`),
    get(RESOURCES.destinationRules, `${apex}-primary`),
    get(RESOURCES.virtualServices, apex)
  ])
  const objects = { target: targetObject, primary, apexService, canaryService, primaryService, canaryRule, primaryRule, virtualService }
  const scalers = autoscaler && (await scalersOf((name) => get(SCALER_RESOURCES[autoscaler.kind], name), autoscaler.name))
  const podSpec = kind.podSpecOf(targetObject)
  if (configs === 'none' || podSpec === undefined) return { ...moment, ...objects, scalers, configs: undefined }
  const refs = configRefsOf(podSpec)
  configs.reading(refs.flatMap(({ kind, name }) => [name, copyName(name)].map((each) => `${RESOURCE_OF[kind].resource}/${each}`)))
  const views = refs.map(async (ref): Promise<ConfigView> => {
    const [object, copy] = await Promise.all([get(RESOURCE_OF[ref.kind], ref.name), get(RESOURCE_OF[ref.kind], copyName(ref.name))])
    return { ...ref, object, copy }
  })
  return { ...moment, ...objects, scalers, configs: await Promise.all(views) }
}

// An API server without KEDA's definitions answers 404 for the kind itself.
async function scalersOf(get: (name: string) => Promise<KubeObject | undefined>, name: string): Promise<Scalers> {
  try {
    return { served: true, target: await get(name), primary: await get(`${name}-primary`) }
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { served: false, target: undefined, primary: undefined }
    throw error
  }
}

const RESOURCE_OF = { configmap: RESOURCES.configMaps, secret: RESOURCES.secrets } as const
