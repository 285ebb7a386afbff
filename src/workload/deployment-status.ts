// A Deployment's status, counted from its ReplicaSets, and the Progressing and Available conditions that `kubectl rollout status` and
// Flagger read (kubernetes.md 5.4).

import type { Millis } from '../std/clock.ts'
import { formatInstant, parseInstant } from '../std/instant.ts'
import { wantedOf } from './meta.ts'
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../api/builtin-types-apps.ts'
import type { Revisions } from './revisions.ts'
import { boundsOf } from './rolling-update.ts'

/** What happened to the current ReplicaSet in this look, which Progressing has to say at once. */
export type Progress = 'created' | 'found' | 'none'

/** The status to write. `current` names the ReplicaSet of the template, also when it was created in this look. */
export interface StatusView {
  readonly deployment: Deployment
  readonly revisions: Revisions
  readonly current: string
  readonly progress: Progress
  readonly collisions: number | undefined
  readonly now: Millis
}

/** Counts and conditions; zero counts are omitted, observedGeneration and Progressing change together. */
export function deploymentStatus(view: StatusView): DeploymentStatus {
  const { deployment, revisions, now } = view
  const all = revisions.current === undefined ? revisions.old : [...revisions.old, revisions.current]
  const count = (pick: (replicaSet: ReplicaSet) => number | undefined): number => all.reduce((sum, each) => sum + (pick(each) ?? 0), 0)
  const available = count((each) => each.status?.availableReplicas)
  const counts = {
    replicas: count((each) => each.status?.replicas),
    updatedReplicas: revisions.current?.status?.replicas ?? 0,
    readyReplicas: count((each) => each.status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, count(wantedOf) - available)
  }
  const shown = Object.fromEntries(Object.entries(counts).filter(([, value]) => value > 0))
  const conditions = [availableCondition(deployment, available), progressing(view, counts)].filter((condition) => condition !== undefined)
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    ...shown,
    ...(view.collisions === undefined ? {} : { collisionCount: view.collisions }),
    conditions: merge(deployment.status?.conditions ?? [], conditions, now)
  }
}

type Wanted = DeploymentCondition & { readonly refresh?: boolean }

function availableCondition(deployment: Deployment, available: number): Wanted {
  const enough = available >= (deployment.spec.replicas ?? 1) - boundsOf(deployment).unavailable
  return enough
    ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.'
      }
}

type Counts = Readonly<Record<'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas', number>>

const condition = (reason: string, message: string, status: 'True' | 'False' | 'Unknown' = 'True'): Wanted => ({
  type: 'Progressing',
  status,
  reason,
  message
})

// The order is Kubernetes': what was just done, then pause, then complete, then movement, then the deadline.
function progressing(view: StatusView, counts: Counts): Wanted | undefined {
  const { deployment, current, progress } = view
  const old = deployment.status?.conditions?.find(({ type }) => type === 'Progressing')
  const fresh = startOrPause(deployment, old, current, progress)
  if (fresh !== undefined) return fresh
  if (deployment.spec.paused === true) return old
  if (isComplete(deployment, counts)) {
    return condition('NewReplicaSetAvailable', `ReplicaSet "${current}" has successfully progressed.`)
  }
  // Once complete, a pod that comes and goes does not make a rollout of it.
  if (old?.reason === 'NewReplicaSetAvailable' && counts.replicas === counts.updatedReplicas) return old
  if (hasMoved(deployment.status ?? {}, counts))
    return { ...condition('ReplicaSetUpdated', `ReplicaSet "${current}" is progressing.`), refresh: true }
  if (isLate(deployment, old, view.now))
    return condition('ProgressDeadlineExceeded', `ReplicaSet "${current}" has timed out progressing.`, 'False')
  return old
}

function startOrPause(
  deployment: Deployment,
  old: DeploymentCondition | undefined,
  current: string,
  progress: Progress
): Wanted | undefined {
  if (progress === 'created') return { ...condition('NewReplicaSetCreated', `Created new replica set "${current}"`), refresh: true }
  if (progress === 'found') return { ...condition('FoundNewReplicaSet', `Found new replica set "${current}"`), refresh: true }
  if (deployment.spec.paused === true && old?.reason !== 'ProgressDeadlineExceeded') {
    return condition('DeploymentPaused', 'Deployment is paused', 'Unknown')
  }
  if (deployment.spec.paused !== true && old?.reason === 'DeploymentPaused') {
    return { ...condition('DeploymentResumed', 'Deployment is resumed', 'Unknown'), refresh: true }
  }
  return undefined
}

/** Every wanted pod is of the current template and available, and no other is left. */
export function isComplete(deployment: Deployment, counts: Pick<Counts, 'replicas' | 'updatedReplicas' | 'availableReplicas'>): boolean {
  const wanted = deployment.spec.replicas ?? 1
  return counts.updatedReplicas === wanted && counts.replicas === wanted && counts.availableReplicas === wanted
}

function hasMoved(old: DeploymentStatus, counts: Counts): boolean {
  const oldLeft = (old.replicas ?? 0) - (old.updatedReplicas ?? 0)
  return (
    counts.updatedReplicas > (old.updatedReplicas ?? 0) ||
    counts.replicas - counts.updatedReplicas < oldLeft ||
    counts.readyReplicas > (old.readyReplicas ?? 0) ||
    counts.availableReplicas > (old.availableReplicas ?? 0)
  )
}

/** The instant at which the rollout is late; undefined without a deadline, when complete, or not begun. */
export function deadlineOf(deployment: Deployment, progressingCondition: DeploymentCondition | undefined): Millis | undefined {
  const seconds = deployment.spec.progressDeadlineSeconds ?? 600
  const from = parseInstant(progressingCondition?.lastUpdateTime)
  if (from === undefined || seconds >= 2_147_483_647 || deployment.spec.paused === true) return undefined
  if (progressingCondition?.reason === 'NewReplicaSetAvailable' || progressingCondition?.reason === 'ProgressDeadlineExceeded')
    return undefined
  return from + seconds * 1000
}

function isLate(deployment: Deployment, old: DeploymentCondition | undefined, now: Millis): boolean {
  const deadline = deadlineOf(deployment, old)
  return deadline !== undefined && deadline < now
}

// lastUpdateTime moves when the condition says something new (or on `refresh`), lastTransitionTime only when its status does.
function merge(before: readonly DeploymentCondition[], wanted: readonly Wanted[], now: Millis): DeploymentCondition[] {
  const stamp = formatInstant(now)
  return wanted.map(({ refresh, ...next }) => {
    const old = before.find(({ type }) => type === next.type)
    const same = old !== undefined && old.status === next.status && old.reason === next.reason && old.message === next.message
    if (same && refresh !== true) return old
    const transition = old?.status === next.status ? (old.lastTransitionTime ?? stamp) : stamp
    const { type, status, reason = '', message = '' } = next
    return { type, status, reason, message, lastUpdateTime: stamp, lastTransitionTime: transition }
  })
}
