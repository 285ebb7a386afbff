// A fresh copy of stable beside the canary (annotation `serin.dev/baseline: fresh`): as many pods, started at the same time, with as much
// traffic of the same callers. The gate compares the canary with it: what young pods and small shares do befalls both. It is made for an
// analysis, never promoted, and taken away after it; its Deployment is made first and goes last, so that whoever finds it finds the rest.

import { type KubeObject, isOwned } from '../api/object.ts'
import { dig } from '../std/json.ts'
import { BASELINE } from '../canary/baseline-asked.ts'
import { baselineName } from '../canary/baseline-asked.ts'
import type { BaselineView, ClusterView } from '../objects/cluster-view.ts'
import type { Plan } from '../canary/plan.ts'
import { readinessOf } from '../objects/readiness.ts'
import { copiedSelector, copiedTemplate, type PrimarySource, replicasOf, settingsOf } from '../objects/render-deployment.ts'
import { ruleWrites } from '../objects/render-destination-rule.ts'
import { serviceWrites } from '../objects/render-service.ts'
import type { RolloutState } from './state.ts'
import { destinationsOf, ownEntries, rulesOf } from '../objects/virtual-service.ts'
import { ownerOf, patchOf, RESOURCES, setAt, type Write } from '../objects/write.ts'

/** Its share of the traffic, percent: as much as the canary's, as long as all its pods are there to take it. */
export function baselineShare(plan: Plan, state: RolloutState, canary: number, { baseline }: Pick<ClusterView, 'baseline'>): number {
  if (!isWanted(plan, state) || baseline?.service === undefined || !isOurs(baseline, plan) || !isWhole(baseline)) return 0
  return Math.min(canary, 100 - canary)
}

/** The share that live routes give it, where that is one of those it may have: pods come and go, which is nobody's change of the routes. */
export function liveShare(
  plan: Plan,
  canary: number,
  { baseline, virtualService }: Pick<ClusterView, 'baseline' | 'virtualService'>
): number {
  if (baseline?.deployment === undefined) return 0
  const entries = rulesOf(virtualService, plan.rules)
  const last = entries[ownEntries(virtualService, plan.apex, plan.rules).at(-1) ?? -1]
  const weight = destinationsOf(last).find(({ host }) => host === `${plan.apex}-baseline`)?.weight ?? 0
  return weight === Math.min(canary, 100 - canary) ? weight : 0
}

/** What an analysis waits for before its first traffic; undefined where there is nothing to wait for. */
export function baselineTrouble(plan: Plan, state: RolloutState, { baseline }: Pick<ClusterView, 'baseline'>): string | undefined {
  if (!isWanted(plan, state)) return undefined
  const name = `deployment ${baselineName(plan)}.${plan.namespace}`
  const deployment = baseline?.deployment
  if (deployment === undefined) return `waiting for its baseline: ${name} is made`
  if (!isOurs({ deployment }, plan))
    return `${name} stands where its baseline would: rename that one, or take the annotation ${BASELINE} away`
  const { kind, because, pods } = readinessOf(deployment, { threshold: 100, deadline: Infinity, since: 0, now: 0 })
  if (kind === 'ready' && pods > 0 && baseline?.service !== undefined) return undefined
  return `waiting for its baseline: ${name} ${because === '' ? 'has no pods yet' : because}`
}

/** What is made before the routes are, and what is taken away after them. */
export function baselineWrites(
  source: PrimarySource,
  state: RolloutState,
  { baseline, primary, target }: Pick<ClusterView, 'baseline' | 'primary' | 'target'>
): { readonly before: readonly Write[]; readonly after: readonly Write[] } {
  const { plan, canary } = source
  const live = baseline ?? { deployment: undefined, service: undefined, rule: undefined }
  if (!isWanted(plan, state) || primary === undefined || !isOurs(live, plan)) return { before: [], after: gone(live, canary) }
  const wanted = baselineDeployment(source, primary, Math.max(1, target === undefined ? 1 : replicasOf(target)))
  const made: readonly Write[] =
    live.deployment === undefined
      ? [{ verb: 'create', passing: true, resource: RESOURCES.deployments, object: wanted }]
      : patchOf(RESOURCES.deployments, live.deployment, [
          ...setAt(live.deployment, ['spec', 'replicas'], dig(wanted, 'spec', 'replicas')),
          ...setAt(live.deployment, ['spec', 'template'], dig(wanted, 'spec', 'template'))
        ])
  const beside = [...serviceWrites(source, 'baseline', live.service), ...ruleWrites(canary, plan, 'baseline', live.rule)]
  return { before: [...made, ...beside.map((write): Write => ({ ...write, passing: true }))], after: [] }
}

function isWanted({ baseline }: Plan, { phase }: RolloutState): boolean {
  return baseline.kind === 'fresh' && (phase === 'progressing' || phase === 'waiting-promotion')
}

// A Deployment of this name may have been somebody's before.
function isOurs({ deployment }: Pick<BaselineView, 'deployment'>, { uid }: Plan): boolean {
  return deployment === undefined || (deployment.metadata.ownerReferences ?? []).some((owner) => owner.uid === uid)
}

// A share that is meant for all of its pods would be too much for some, and whatever that does would be laid at stable's door.
function isWhole({ deployment }: BaselineView): boolean {
  const pods = Number(dig(deployment, 'status', 'availableReplicas') ?? 0)
  return deployment !== undefined && pods > 0 && pods >= replicasOf(deployment)
}

const COPIED = ['minReadySeconds', 'progressDeadlineSeconds', 'strategy'] as const

// The primary as it is, under another label and name.
function baselineDeployment({ canary, plan, label }: PrimarySource, primary: KubeObject, replicas: number): KubeObject {
  const [name, value] = [baselineName(plan), `${label.value}-baseline`]
  const names = { key: label.key, value, from: `${plan.target}-primary`, to: name }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name,
      namespace: plan.namespace,
      labels: { ...primary.metadata.labels, [label.key]: value },
      ownerReferences: [ownerOf(canary)]
    },
    spec: {
      ...settingsOf(primary, COPIED),
      replicas,
      selector: copiedSelector(primary, names),
      template: copiedTemplate(primary, names)
    }
  }
}

function gone({ deployment, service, rule }: BaselineView, canary: KubeObject): readonly Write[] {
  if (deployment !== undefined && !isOwned(deployment, canary)) return []
  const kinds = [
    [RESOURCES.destinationRules, rule],
    [RESOURCES.services, service],
    [RESOURCES.deployments, deployment]
  ] as const
  return kinds.flatMap(([resource, object]): readonly Write[] => {
    if (object === undefined || !isOwned(object, canary) || object.metadata.deletionTimestamp !== undefined) return []
    const { namespace = '', name = '', uid = '' } = object.metadata
    return [{ verb: 'delete', resource, namespace, name, uid }]
  })
}
