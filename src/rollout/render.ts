// From a Step to the writes that bring the cluster there, in a safe order: pods before the traffic that needs them, traffic away before
// pods end. Objects that are already as they should be get no write.

import type { KubeObject } from '../api/object.ts'
import { baselineShare, baselineWrites } from './baseline.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { trackedConfigs } from '../objects/configs.ts'
import { DEFAULT_LABELS } from '../canary/label-rules.ts'
import { type Plan, planOf } from '../canary/plan.ts'
import { carries, copyMark } from './promotion.ts'
import { revisionIn } from './recognise.ts'
import { routingMark } from '../objects/routing-mark.ts'
import { copyWrites } from '../objects/render-configs.ts'
import type { PrimarySource } from '../objects/render-deployment.ts'
import { ruleWrites } from '../objects/render-destination-rule.ts'
import { pauseWrites, primaryScalerWrites, targetSize } from './render-scaler.ts'
import { ledFromBaseline, releaseVirtualService, virtualServiceWrites } from '../objects/render-virtual-service.ts'
import { restoreWrites, snapshotWrites } from './snapshot.ts'
import { cookiesOf, standingOf } from './state.ts'
import { targetKindOf } from '../objects/targets.ts'
import { terms } from './trouble.ts'
import type { Write } from '../objects/write.ts'
import type { Step } from './tick.ts'

/** The writes of `step`, in the order they must be made; the Canary's own status and metadata come after them and are not among them. */
export function render(canary: KubeObject, step: Step, cluster: ClusterView): readonly Write[] {
  const { target, primary, labels = DEFAULT_LABELS } = cluster
  const plan = planOf(canary, cluster.gateConfig)
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
  const foundation = [...kind.sideServices(source, cluster), ...primaryWrites(source, step, cluster)]
  if (step.objects === 'foundation') return foundation
  const scalers = primaryScalerWrites(canary, plan, step, cluster.scalers)
  return [...foundation, ...scalers, ...kind.mainService(source, cluster), ...trafficWrites({ canary, plan, step, cluster, scale, source })]
}

// What the primary's pods read is there before them. While they run what the target asks for, their copies are kept as the originals are.
function primaryWrites(source: PrimarySource, step: Step, cluster: ClusterView): readonly Write[] {
  const { primary } = cluster
  const kind = targetKindOf(source.plan)
  const copies = copyWrites(source.configs, { ...source, mark: markOf(source, step, primary) })
  if (step.primarySpec === 'restore') return restoreWrites(source.plan, standingOf(step.state).applied, cluster)
  if (primary === undefined) return [...copies, { verb: 'create', resource: kind.resource, object: kind.primaryOf(source) }]
  if (step.primarySpec === 'copy-canary') return [...kept(source, step, cluster), ...copies, ...kind.copyTo(source, primary)]
  return carries(primary, source.plan, source.revision) ? copies : []
}

// An abort may come later than the copy.
function kept({ canary, plan, revision }: PrimarySource, { state }: Step, cluster: ClusterView): readonly Write[] {
  if (state.phase !== 'promoting') return []
  const readiness = targetKindOf(plan).readinessOf(cluster.primary, terms({ plan, state, cluster }, 'primary'))
  return snapshotWrites({ canary, plan, revision, whole: readiness?.kind === 'ready', before: state }, cluster)
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
  readonly source: PrimarySource
}

function trafficWrites({ canary, plan, step, cluster, scale, source }: Traffic): readonly Write[] {
  const baseline = baselineWrites(source, step.state, cluster)
  if (plan.provider === 'kubernetes') return [...scale, ...withoutBaseline(plan, cluster, baseline.after)]
  const rules = [...ruleWrites(canary, plan, 'canary', cluster.canaryRule), ...ruleWrites(canary, plan, 'primary', cluster.primaryRule)]
  const mark = routingMark(standingOf(step.state).applied, step.routing)
  const share = step.routing.kind === 'weights' ? baselineShare(plan, step.state, step.routing.canary, cluster) : 0
  const traffic = { canary, plan, routing: step.routing, cookies: cookiesOf(step.state), mark, baseline: share }
  const routes = virtualServiceWrites(traffic, cluster.virtualService)
  // Pods end after a live VirtualService has let go of them. Without one, the main Service has already moved traffic to the primary.
  const last = (step.canaryReplicas === 'zero' || step.canaryReplicas === 'refresh') && cluster.virtualService !== undefined
  const led = [...baseline.before, ...rules, ...routes]
  return last ? [...led, ...baseline.after, ...scale] : [...scale, ...led, ...baseline.after]
}

// Routes of before are touched only where they lead to what is taken away.
function withoutBaseline(plan: Plan, { baseline }: ClusterView, gone: readonly Write[]): readonly Write[] {
  return gone.length === 0 ? [] : [...ledFromBaseline(plan, baseline?.routes), ...gone]
}

function releasedRoutes(canary: KubeObject, { virtualService }: ClusterView): readonly Write[] {
  return virtualService === undefined ? [] : releaseVirtualService(canary, virtualService)
}
