// The writes about autoscalers: the primary's is made like the target's and kept so, and KEDA is held while the target is to have no pods.
// A HorizontalPodAutoscaler needs no holding: it leaves a target without pods alone.

import { type KubeObject, type ResourceRef, isOwned } from '../api/object.ts'
import { isObject } from '../std/json.ts'
import type { Plan } from '../canary/plan.ts'
import { sizeOf } from '../objects/render-deployment.ts'
import { isHeld, leastOf, PAUSED_ANNOTATION, primaryScalerSpec, type Autoscaler, type Scalers } from '../canary/scaler.ts'
import type { Conclusion } from './tick.ts'
import { ownerOf, patchOf, SCALER_RESOURCES, setAt, type Write } from '../objects/write.ts'

/** Where scalers of this kind are. */
export function scalerResource({ kind }: Pick<Autoscaler, 'kind'>): ResourceRef {
  return SCALER_RESOURCES[kind]
}

/** The writes that make the primary's scaler and keep it equal to the target's; one that others made is left to them. */
export function primaryScalerWrites(canary: KubeObject, plan: Plan, step: Conclusion, scalers: Scalers | undefined): readonly Write[] {
  const { autoscaler } = plan
  const target = scalers?.target
  if (autoscaler === undefined || target === undefined) return []
  const resource = scalerResource(autoscaler)
  const spec = primaryScalerSpec(autoscaler, plan.target, target)
  const primary = scalers?.primary
  if (primary === undefined) {
    const { apiVersion, kind } = target
    const metadata = { name: `${autoscaler.name}-primary`, namespace: plan.namespace, ownerReferences: [ownerOf(canary)] }
    return [{ optional: true, verb: 'create', resource, object: { apiVersion, kind, metadata, spec } }]
  }
  const due = autoscaler.upkeep === 'continuous' || (autoscaler.upkeep === 'promotion' && step.primarySpec === 'copy-canary')
  return due && isOwned(primary, canary) ? optional(patchOf(resource, primary, towards(primary, spec))) : []
}

function towards(primary: KubeObject, spec: Readonly<Record<string, unknown>>): ReturnType<typeof setAt> {
  const live = isObject(primary['spec']) ? Object.keys(primary['spec']) : []
  return [...new Set([...Object.keys(spec), ...live])].flatMap((key) => setAt(primary, ['spec', key], spec[key]))
}

/** The writes that hold KEDA at no pods while the target rests, and let it go when a run begins. */
export function pauseWrites(plan: Plan, step: Conclusion, scalers: Scalers | undefined): readonly Write[] {
  const scaler = scalers?.target
  if (plan.autoscaler?.kind !== 'ScaledObject' || scaler === undefined) return []
  if (step.objects === 'none' && step.canaryReplicas === 'keep') return []
  const held = isHeld(scaler)
  const wanted = rests(step)
  if (wanted === undefined || wanted === held) return []
  const resource = scalerResource(plan.autoscaler)
  const keys = ['metadata', 'annotations']
  if (!wanted) return optional(patchOf(resource, scaler, setAt(scaler, [...keys, PAUSED_ANNOTATION], undefined)))
  const path = isObject(scaler.metadata.annotations) ? [...keys, PAUSED_ANNOTATION] : keys
  return optional(patchOf(resource, scaler, setAt(scaler, path, path === keys ? { [PAUSED_ANNOTATION]: '0' } : '0')))
}

// Bounds that the API refuses, or a right that the controller lacks, must not hold up a rollback.
function optional(writes: readonly Write[]): readonly Write[] {
  return writes.map((write) => ({ ...write, optional: true }))
}

// Whether the target has no pods after this step; undefined while its initialisation has not come so far.
function rests({ state, canaryReplicas }: Conclusion): boolean | undefined {
  if (canaryReplicas === 'refresh') return true
  switch (state.phase) {
    case 'new':
    case 'initializing':
      return undefined
    case 'initialized':
    case 'waiting':
    case 'succeeded':
      return true
    case 'failed':
      return state.weight === 0
    case 'progressing':
    case 'waiting-promotion':
    case 'promoting':
    case 'finalising':
    case 'terminating':
      return false
  }
}

/**
 * How many pods the target gets when it has none: the primary's count; with a scaler its least number, and the scaler does the rest. A
 * deleted Canary gives the target as many as serve now (flagger.md 2.14, 3.1).
 */
export function targetSize(plan: Plan, step: Conclusion, primary: KubeObject | undefined, scalers: Scalers | undefined): number {
  if (plan.autoscaler !== undefined && step.state.phase !== 'terminating') return leastOf(scalers?.target)
  return sizeOf(primary)
}
