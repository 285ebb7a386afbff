// What a tick makes of the status it reads: hashes that Flagger wrote, configs that nobody tracked before, and what the primary runs, which
// the status does not say in full.

import type { KubeObject } from '../api/object.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { configRefsOf } from '../canary/config-refs.ts'
import { adoptedChecksum, type Checksums, checksumsOf, copyName, isCopied, trackedConfigs } from '../objects/configs.ts'
import type { Plan } from '../canary/plan.ts'
import { carries } from './promotion.ts'
import { configsIn, isOwnRevision, templateIn, withConfigs } from '../objects/revision.ts'
import type { RolloutState } from './state.ts'
import { hashOf, targetKindOf } from '../objects/targets.ts'

/** The revision that the target asks for; '' without a target. `known`: checksums of objects that are missing now. */
export function revisionIn(plan: Plan, { target, configs }: ClusterView, known?: Checksums): string {
  const hash = hashOf(plan, target)
  if (hash === undefined) return ''
  return withConfigs(hash, configs === undefined ? undefined : checksumsOf(configs, known))
}

/** The state as it is to be understood beside `cluster`, and the revision that the target asks for. */
export function recognise(
  state: RolloutState,
  plan: Plan,
  cluster: ClusterView
): { readonly state: RolloutState; readonly revision: string } {
  if (state.phase === 'new') return { state, revision: revisionIn(plan, cluster) }
  const revision = revisionIn(plan, cluster, configsIn(state.applied))
  if (state.applied === '' || revision === '') return { state, revision }
  const applied = appliedOf(state.applied, revision)
  const promoted = state.promoted === templateIn(state.applied) ? templateIn(applied) : state.promoted
  const rests = state.phase === 'initialized' || state.phase === 'succeeded'
  if (rests && promoted === templateIn(applied)) return { state: { ...state, applied, promoted: applied }, revision }
  return { state: { ...state, applied, promoted: promotedOf(promoted, { revision, applied, plan, cluster }) }, revision }
}

// A hash that Flagger wrote cannot be computed here: the target's template as it is becomes the baseline (flagger.md 2.4). Its checksums can.
// Where none were written, tracking begins now: what the pods read as it is becomes the baseline.
function appliedOf(applied: string, revision: string): string {
  const own = isOwnRevision(applied)
  const template = templateIn(own ? applied : revision)
  const [then, now] = [configsIn(applied), configsIn(revision)]
  if (then === undefined || now === undefined || own) return withConfigs(template, now === undefined ? now : (then ?? now))
  return withConfigs(
    template,
    Object.fromEntries(Object.entries(then).map(([key, theirs]) => [key, adoptedChecksum(theirs, now[key] ?? '')]))
  )
}

interface Promoted {
  readonly revision: string
  readonly applied: string
  readonly plan: Plan
  readonly cluster: ClusterView
}

// The status has the promoted template only, and a promotion that was interrupted may have gone further than it says: the primary knows.
function promotedOf(template: string, { revision, applied, plan, cluster }: Promoted): string {
  if (template === '') return ''
  const begun = applied !== revision && carries(cluster.primary, plan, applied)
  if (template === templateIn(revision) && !begun && (carries(cluster.primary, plan, revision) || reads(plan, cluster))) return revision
  return cluster.configs === undefined && !begun ? template : withConfigs(template, 'unknown')
}

// True when the primary reads copies of all that the target reads, and they are as the originals are now.
function reads(plan: Plan, { primary, configs = [], target }: ClusterView): boolean {
  const { podSpecOf } = targetKindOf(plan)
  const tracked = trackedConfigs(configs)
  if (!tracked.every(isCopied)) return false
  if (primary === undefined || configs.length === 0) return true
  const names = (object: KubeObject): readonly string[] => configRefsOf(podSpecOf(object)).map(({ kind, name }) => `${kind}/${name}`)
  const renamed = configRefsOf(podSpecOf(target)).map(({ kind, name }) => {
    const copied = tracked.some((config) => config.kind === kind && config.name === name)
    return `${kind}/${copied ? copyName(name) : name}`
  })
  return names(primary).join() === renamed.join()
}
