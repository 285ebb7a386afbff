// A HorizontalPodAutoscaler's part, as far as it can be played without metrics: the target stays between the bounds, and the status says
// what there is and that nothing is measured. A target without pods is left alone, as in Kubernetes.

import type {
  Deployment,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerStatus
} from '../api/builtin-types-apps.ts'
import type { ResourceRef } from '../api/object.ts'
import type { Millis } from '../std/clock.ts'
import { formatInstant } from '../std/instant.ts'
import { dig } from '../std/json.ts'
import { AUTOSCALERS, DEPLOYMENTS, REPLICA_SETS, statusPatch, targetOf } from './meta.ts'
import type { Reconciled, Write, WorkloadEvent } from './write.ts'

/** What a look at an autoscaler needs; `target` is undefined when there is none, or it is of a kind that has no pods to count. */
export interface AutoscalerView {
  readonly autoscaler: HorizontalPodAutoscaler
  readonly target: Pick<Deployment, 'metadata' | 'spec' | 'status' | 'apiVersion' | 'kind'> | undefined
  readonly now: Millis
}

/** Where the target of an autoscaler is; undefined for kinds that are not scaled here. */
export function scaledResource({ spec }: HorizontalPodAutoscaler): ResourceRef | undefined {
  const { kind, apiVersion = '' } = spec.scaleTargetRef
  if (!apiVersion.startsWith('apps/')) return undefined
  return kind === 'Deployment' ? DEPLOYMENTS : kind === 'ReplicaSet' ? REPLICA_SETS : undefined
}

/** Brings the target's number of pods into the bounds and tells where the autoscaler stands. */
export function reconcileAutoscaler(view: AutoscalerView): Reconciled {
  const { autoscaler, target } = view
  if (autoscaler.metadata.deletionTimestamp !== undefined) return { writes: [], events: [] }
  const scaling = scalingOf(view)
  const conditions = scaling.conditions.map((condition) => dated(condition, autoscaler.status, view.now))
  const { lastScaleTime } = autoscaler.status ?? {}
  const status: HorizontalPodAutoscalerStatus = {
    ...(scaling.resized ? { lastScaleTime: formatInstant(view.now) } : lastScaleTime === undefined ? {} : { lastScaleTime }),
    currentReplicas: target?.status?.replicas ?? 0,
    desiredReplicas: scaling.desired,
    conditions
  }
  // Metrics are nobody's here: what a client wrote there stays.
  const { currentMetrics: _currentMetrics, ...before }: Readonly<Record<string, unknown>> = { currentReplicas: 0, ...autoscaler.status }
  const patch = statusPatch(before, status)
  const writes: Write[] = [...scaling.writes]
  if (patch !== undefined) writes.push({ kind: 'patch-status', target: targetOf(AUTOSCALERS, autoscaler, { fresh: false }), status: patch })
  return { writes, events: [...scaling.events, ...troubles(view, conditions)] }
}

type Finding = Omit<HorizontalPodAutoscalerCondition, 'lastTransitionTime'>

interface Scaling {
  readonly desired: number
  readonly resized: boolean
  readonly conditions: readonly Finding[]
  readonly writes: readonly Write[]
  readonly events: readonly WorkloadEvent[]
}

function scalingOf({ autoscaler, target }: AutoscalerView): Scaling {
  const { scaleTargetRef, minReplicas = 1, maxReplicas } = autoscaler.spec
  const idle = { resized: false, writes: [], events: [] }
  const resource = scaledResource(autoscaler)
  if (target === undefined || resource === undefined) {
    const { kind, name } = scaleTargetRef
    const message = `the HPA controller was unable to get the target's current scale: ${kind} ${JSON.stringify(name)} ${resource === undefined ? 'cannot be scaled here' : 'not found'}`
    return { ...idle, desired: 0, conditions: [{ type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message }] }
  }
  const replicas = target.spec.replicas ?? 1
  const able: Finding = { type: 'AbleToScale', status: 'True', reason: 'SucceededGetScale', message: GOT_SCALE }
  if (replicas === 0) {
    return {
      ...idle,
      desired: 0,
      conditions: [able, { type: 'ScalingActive', status: 'False', reason: 'ScalingDisabled', message: DISABLED }]
    }
  }
  const wanted = Math.min(maxReplicas, Math.max(minReplicas, replicas))
  const active: Finding = { type: 'ScalingActive', status: 'False', ...unmeasured(autoscaler) }
  if (wanted === replicas) return { ...idle, desired: replicas, conditions: [able, active] }
  const because =
    wanted < replicas ? 'Current number of replicas above Spec.MaxReplicas' : 'Current number of replicas below Spec.MinReplicas'
  const rescaled = { type: 'AbleToScale', status: 'True', reason: 'SucceededRescale', message: `${RESCALED} ${wanted}` }
  return {
    desired: wanted,
    resized: true,
    conditions: [rescaled, active],
    writes: [{ kind: 'patch', target: targetOf(resource, target, { fresh: true }), body: { spec: { replicas: wanted } } }],
    events: [{ about: autoscaler, type: 'Normal', reason: 'SuccessfulRescale', message: `New size: ${wanted}; reason: ${because}` }]
  }
}

const GOT_SCALE = "the HPA controller was able to get the target's current scale"
const RESCALED = 'the HPA controller was able to update the target scale to'
const DISABLED = 'scaling is disabled since the replica count of the target is zero'

// In Kubernetes' words for a cluster without a metrics server.
function unmeasured({ spec }: HorizontalPodAutoscaler): Pick<Finding, 'reason' | 'message'> {
  const metrics = dig(spec, 'metrics')
  const first: unknown = Array.isArray(metrics) ? metrics[0] : undefined
  const type = dig(first, 'type')
  const kind = typeof type === 'string' ? type : 'Resource'
  const because =
    kind === 'Resource' || kind === 'ContainerResource'
      ? 'there is no resource metrics API (pods.metrics.k8s.io) here: CPU and memory of pods are not measured'
      : 'there is no custom or external metrics API here'
  return {
    reason: kind === 'Resource' ? 'FailedGetResourceMetric' : `FailedGet${kind}Metric`,
    message: `the HPA was unable to compute the replica count: ${because}`
  }
}

function dated(found: Finding, status: HorizontalPodAutoscalerStatus | undefined, now: Millis): HorizontalPodAutoscalerCondition {
  const before = status?.conditions?.find(({ type }) => type === found.type)
  const since = before?.status === found.status ? before.lastTransitionTime : undefined
  return { ...found, lastTransitionTime: since ?? formatInstant(now) }
}

// Told when it begins; scaling that is off on purpose is no trouble.
function troubles({ autoscaler }: AutoscalerView, conditions: readonly HorizontalPodAutoscalerCondition[]): readonly WorkloadEvent[] {
  return conditions.flatMap(({ type, status, reason = '', message = '' }): readonly WorkloadEvent[] => {
    const before = autoscaler.status?.conditions?.find((condition) => condition.type === type)
    const told = status !== 'False' || reason === 'ScalingDisabled' || before?.reason === reason
    return told ? [] : [{ about: autoscaler, type: 'Warning', reason, message }]
  })
}
