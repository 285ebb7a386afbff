// What others did to the objects of a rollout beside its routes: by the writes that put it right, and by who wrote last what these change.
// What the Canary itself wants otherwise by now is nobody's doing, and where it is not kept who wrote, nobody is named.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import { isObject } from '../std/json.ts'
import { pointerPart } from '../std/json-pointer.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { type Difference, differencesOf, type Drift, isRouted, OWN_MANAGER, writtenBy } from './drift.ts'
import type { Plan } from '../canary/plan.ts'
import type { RolloutState } from './state.ts'
import { RESOURCES, SCALER_RESOURCES, type Write } from '../objects/write.ts'

/** What a tick keeps up: the writes are all of its. */
export interface Upkeep {
  readonly plan: Plan
  readonly state: RolloutState
  readonly cluster: ClusterView
  readonly writes: readonly Write[]
}

/** Services, DestinationRules and the primary's scaler that others changed, as far as `writes` put that right. */
export function changedByOthers({ plan, state, cluster, writes }: Upkeep): readonly Drift[] {
  if (!isRouted(state)) return []
  return writes.flatMap((write) => {
    if (write.verb !== 'patch') return []
    const live = keptObject(write.resource, write.name, cluster)
    const word = WORDS.get(write.resource.resource)
    if (live === undefined || word === undefined) return []
    const differences = write.patch.kind === 'json' ? differencesOf(write.patch.operations) : mergedDifferences(write.patch.body, live)
    const drift = writtenBy(live, `${word} ${write.name}.${plan.namespace}`, differences)
    return drift === undefined || drift.whose === 'ours' || isOlder(drift, live) ? [] : [drift]
  })
}

/** Objects of a rollout that stood and are gone: `service api-canary.test`. */
export function madeAgain({ plan, state, writes }: Pick<Upkeep, 'plan' | 'state' | 'writes'>): readonly string[] {
  if (!isRouted(state)) return []
  return writes.flatMap((write) => {
    const word = MADE.get(write.resource.resource)
    return write.verb === 'create' && write.passing !== true && word !== undefined
      ? [`${word} ${write.object.metadata.name ?? ''}.${plan.namespace}`]
      : []
  })
}

const KEPT = [RESOURCES.services, RESOURCES.destinationRules, SCALER_RESOURCES.HorizontalPodAutoscaler, SCALER_RESOURCES.ScaledObject]
const LED = [RESOURCES.services, RESOURCES.destinationRules, RESOURCES.virtualServices, RESOURCES.deployments, RESOURCES.daemonSets]
const WORDS = singulars(KEPT)
const MADE = singulars(LED)

function singulars(resources: readonly ResourceRef[]): ReadonlyMap<string, string> {
  return new Map(resources.map(({ resource }) => [resource, resource.slice(0, -1)]))
}

// The target's own scaler is the user's.
function keptObject({ resource }: ResourceRef, name: string, cluster: ClusterView): KubeObject | undefined {
  const { apexService, canaryService, primaryService, canaryRule, primaryRule, scalers } = cluster
  const ofKind = {
    services: [apexService, canaryService, primaryService],
    destinationrules: [canaryRule, primaryRule],
    horizontalpodautoscalers: [scalers?.primary],
    scaledobjects: [scalers?.primary]
  } as const
  const objects: readonly (KubeObject | undefined)[] = Object.entries(ofKind).find(([kind]) => kind === resource)?.[1] ?? []
  return objects.find((object) => object?.metadata.name === name)
}

// What somebody wrote before the rollout last wrote the object was right then: the Canary wants something else by now.
function isOlder({ at }: Drift, live: KubeObject): boolean {
  const own = (live.metadata.managedFields ?? []).flatMap(({ manager, time }) => (manager === OWN_MANAGER ? [time ?? ''] : []))
  return own.some((time) => time > (at ?? ''))
}

function mergedDifferences(body: unknown, live: unknown, pointer = ''): readonly Difference[] {
  if (isObject(body) && (isObject(live) || pointer === '')) {
    const inner = isObject(live) ? live : {}
    return Object.entries(body).flatMap(([key, value]) => mergedDifferences(value, inner[key], `${pointer}/${pointerPart(key)}`))
  }
  // A merge takes away what it says null of.
  return body === live ? [] : [{ pointer, from: body ?? undefined, to: live }]
}
