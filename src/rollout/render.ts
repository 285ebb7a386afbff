// From a Step to the writes that bring the cluster there, in a safe order: pods before the traffic that needs them, traffic away before
// pods end. Objects that are already as they should be get no write.

import type { KubeObject } from '../api/object.ts'
import type { ClusterView } from './cluster-view.ts'
import { trackedConfigs } from './configs.ts'
import { DEFAULT_LABELS } from './label-rules.ts'
import { type Plan, planOf } from './plan.ts'
import { carries, copyMark } from './promotion.ts'
import { revisionIn } from './recognise.ts'
import { copyWrites } from './render-configs.ts'
import type { PrimarySource } from './render-deployment.ts'
import { ruleWrites } from './render-destination-rule.ts'
import { pauseWrites, primaryScalerWrites, targetSize } from './render-scaler.ts'
import { releaseVirtualService, virtualServiceWrites } from './render-virtual-service.ts'
import { cookiesOf } from './state.ts'
import { targetKindOf } from './targets.ts'
import type { Write } from './write.ts'
import type { Step } from './tick.ts'

/** The writes of `step`, in the order they must be made; the Canary's own status and metadata come after them and are not among them. */
export function render(canary: KubeObject, step: Step, cluster: ClusterView): readonly Write[] {
  const { target, primary, labels = DEFAULT_LABELS } = cluster
  const plan = planOf(canary)
  const kind = targetKindOf(plan)
  const label = target === undefined ? undefined : kind.labelOf(target, labels)
  if (target === undefined || label === undefined) return []
  const size = targetSize(plan, step, primary, cluster.scalers)
  const scale = [...pauseWrites(plan, step, cluster.scalers), ...kind.scale(target, size, step.canaryReplicas)]
  if (step.objects === 'none') return scale
  const source: PrimarySource = {
    canary,
    plan,
    target,
    label,
    labels,
    revision: revisionIn(plan, cluster),
    configs: trackedConfigs(cluster.configs ?? [])
  }
  if (step.objects === 'restored') return [...scale, ...kind.releaseMain(source, cluster), ...releasedRoutes(canary, cluster)]
  const foundation = [...kind.sideServices(source, cluster), ...primaryWrites(source, step, primary)]
  if (step.objects === 'foundation') return foundation
  const scalers = primaryScalerWrites(canary, plan, step, cluster.scalers)
  return [...foundation, ...scalers, ...kind.mainService(source, cluster), ...trafficWrites({ canary, plan, step, cluster, scale })]
}

// What the primary's pods read is there before them. While they run what the target asks for, their copies are kept as the originals are.
function primaryWrites(source: PrimarySource, step: Step, primary: KubeObject | undefined): readonly Write[] {
  const kind = targetKindOf(source.plan)
  const copies = copyWrites(source.configs, { ...source, mark: markOf(source, step, primary) })
  if (primary === undefined) return [...copies, { verb: 'create', resource: kind.resource, object: kind.primaryOf(source) }]
  if (step.primarySpec === 'copy-canary') return [...copies, ...kind.copyTo(source, primary)]
  return carries(primary, source.plan, source.revision) ? copies : []
}

function markOf({ plan, revision }: PrimarySource, { primarySpec, state }: Step, primary: KubeObject | undefined): string | undefined {
  const promotes = primarySpec === 'copy-canary' && primary !== undefined && state.phase !== 'new' && state.phase !== 'initializing'
  return promotes ? copyMark(plan, revision, state.since) : undefined
}

interface Traffic {
  readonly canary: KubeObject
  readonly plan: Plan
  readonly step: Step
  readonly cluster: ClusterView
  readonly scale: readonly Write[]
}

function trafficWrites({ canary, plan, step, cluster, scale }: Traffic): readonly Write[] {
  const rules = [...ruleWrites(canary, plan, 'canary', cluster.canaryRule), ...ruleWrites(canary, plan, 'primary', cluster.primaryRule)]
  const routes = virtualServiceWrites({ canary, plan, routing: step.routing, cookies: cookiesOf(step.state) }, cluster.virtualService)
  // Pods end after a live VirtualService has let go of them. Without one, the main Service has already moved traffic to the primary.
  const last = step.canaryReplicas === 'zero' && cluster.virtualService !== undefined
  return last ? [...rules, ...routes, ...scale] : [...scale, ...rules, ...routes]
}

function releasedRoutes(canary: KubeObject, { virtualService }: ClusterView): readonly Write[] {
  return virtualService === undefined ? [] : releaseVirtualService(canary, virtualService)
}
