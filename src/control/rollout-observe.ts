// Reads the objects of one Canary into a ClusterView.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import { ApiError, type KubeClient } from '../kube/kube-client.ts'
import type { ClusterView, BaselineView } from '../objects/cluster-view.ts'
import { configRefsOf } from '../canary/config-refs.ts'
import { type ConfigView, copyName } from '../objects/configs.ts'
import { type Plan, planOf } from '../canary/plan.ts'
import { type GateConfig, gateConfigName } from '../canary/gate-options.ts'
import type { Scalers } from '../canary/scaler.ts'
import { snapshotName } from '../rollout/snapshot.ts'
import { isRunning, readState } from '../rollout/state.ts'
import { targetKindOf } from '../objects/targets.ts'
import { RESOURCES, SCALER_RESOURCES } from '../objects/write.ts'
import { baselineName } from '../canary/baseline-asked.ts'

/** What a tick knows beside the objects. */
export type Moment = Pick<ClusterView, 'now' | 'lookedAt' | 'rival' | 'labels' | 'evidence' | 'counters'>

/**
 * Which ConfigMaps and Secrets are read: none, or what the target's pods refer to. `reading` hears their names, as `resource/name`, before
 * they are read, so that no change of one is missed.
 */
export type ConfigReading = 'none' | { readonly reading: (names: readonly string[]) => void }

/** Where objects are read from, and which. */
export interface Sources {
  readonly client: Pick<KubeClient, 'get'>
  readonly configs: ConfigReading
}

/** The objects `canary` reads and owns, as they are now. */
export async function observe({ client, configs }: Sources, canary: KubeObject, moment: Moment, signal: AbortSignal): Promise<ClusterView> {
  const plan = planOf(canary)
  const { target, apex, namespace, autoscaler } = plan
  const kind = targetKindOf(plan)
  const get = (resource: ResourceRef, name: string): Promise<KubeObject | undefined> =>
    client.get({ ...resource, namespace, name }, { signal })
  // Where nobody splits requests, routes and rules of these names are others'.
  const routing = (resource: ResourceRef, name: string): Promise<KubeObject | undefined> =>
    plan.provider === 'kubernetes' ? Promise.resolve(undefined) : get(resource, name)
  const [targetObject, primary, apexService, canaryService, primaryService, canaryRule, primaryRule, virtualService] = await Promise.all([
    get(kind.resource, target),
    get(kind.resource, kind.primaryName(plan)),
    get(RESOURCES.services, apex),
    get(RESOURCES.services, `${apex}-canary`),
    get(RESOURCES.services, `${apex}-primary`),
    routing(RESOURCES.destinationRules, `${apex}-canary`),
    routing(RESOURCES.destinationRules, `${apex}-primary`),
    routing(RESOURCES.virtualServices, apex)
  ])
  const objects = {
    target: targetObject,
    primary,
    apexService,
    canaryService,
    primaryService,
    canaryRule,
    primaryRule,
    virtualService
  }
  const scalers = autoscaler && (await scalersOf((name) => get(SCALER_RESOURCES[autoscaler.kind], name), autoscaler.name))
  const podSpec = kind.podSpecOf(targetObject)
  const refs = podSpec === undefined ? [] : configRefsOf(podSpec)
  const options = gateConfigName(canary)
  if (configs !== 'none') {
    const copied = refs.flatMap(({ kind, name }) => [name, copyName(name)].map((each) => `${RESOURCE_OF[kind].resource}/${each}`))
    configs.reading([...copied, ...(options === undefined ? [] : [`${RESOURCES.configMaps.resource}/${options}`])])
  }
  const gateConfig = options === undefined ? undefined : await gateConfigOf(get, options)
  const asked = planOf(canary, gateConfig)
  const named = asked.baseline.kind === 'workload' ? get(kind.resource, asked.baseline.name).then(isThere) : undefined
  const [previous, baseline, baselineWorkload] = await Promise.all([previousOf(get, canary), baselineIn(get, asked), named])
  const seen = { ...moment, ...objects, previous, baseline, baselineWorkload, scalers, gateConfig }
  if (configs === 'none' || podSpec === undefined) return { ...seen, configs: undefined }
  const views = refs.map(async (ref): Promise<ConfigView> => {
    const [object, copy] = await Promise.all([get(RESOURCE_OF[ref.kind], ref.name), get(RESOURCE_OF[ref.kind], copyName(ref.name))])
    return { ...ref, object, copy }
  })
  return { ...seen, configs: await Promise.all(views) }
}

function isThere(object: KubeObject | undefined): 'there' | 'missing' {
  return object === undefined ? 'missing' : 'there'
}

// Only a run needs it, and the way back from one. Who may not read Secrets does without.
async function previousOf(
  get: (resource: ResourceRef, name: string) => Promise<KubeObject | undefined>,
  canary: KubeObject
): Promise<KubeObject | undefined> {
  const state = readState(canary['status'])
  if (!isRunning(state) && state.phase !== 'failed') return undefined
  try {
    return await get(RESOURCES.secrets, snapshotName(planOf(canary)))
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined
    throw error
  }
}

// Its Deployment is there as long as anything of it is; of one that is wanted no longer too, whatever the Canary has become meanwhile.
async function baselineIn(
  get: (resource: ResourceRef, name: string) => Promise<KubeObject | undefined>,
  plan: Plan
): Promise<BaselineView | undefined> {
  const deployment = await get(RESOURCES.deployments, baselineName(plan))
  if (deployment === undefined && plan.baseline.kind !== 'fresh') return undefined
  const name = `${plan.apex}-baseline`
  // Of a provider without routes those of before are still there.
  const abandoned = plan.provider === 'kubernetes' ? get(RESOURCES.virtualServices, plan.apex) : undefined
  const [service, rule, routes] = await Promise.all([get(RESOURCES.services, name), get(RESOURCES.destinationRules, name), abandoned])
  return { deployment, service, rule, routes }
}

// No rollout waits for the options of its gate.
async function gateConfigOf(
  get: (resource: ResourceRef, name: string) => Promise<KubeObject | undefined>,
  name: string
): Promise<GateConfig> {
  try {
    const object = await get(RESOURCES.configMaps, name)
    return object === undefined ? { kind: 'missing', name, because: 'not found' } : { kind: 'found', object }
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return { kind: 'missing', name, because: 'may not be read' }
    throw error
  }
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
