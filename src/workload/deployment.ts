// A Deployment's part: the ReplicaSet of its template exists and grows, old ones shrink within the strategy's bounds, history is kept to
// its limit, status follows. One look makes one kind of move, as Kubernetes' controller does, and is called again on every change.

import type { Millis } from '../std/clock.ts'
import { sameJson } from '../std/json.ts'
import { deadlineOf, deploymentStatus, isComplete, type Progress } from './deployment-status.ts'
import { DEPLOYMENTS, REPLICA_SETS, claim, claimWrites, controllerOf, isActive, statusPatch, targetOf, wantedOf } from './meta.ts'
import type { Deployment, DeploymentStatus, ReplicaSet } from '../api/builtin-types-apps.ts'
import type { Pod } from '../api/builtin-types-pod.ts'
import {
  DESIRED,
  LIMIT,
  REVISION,
  annotatedNumber,
  currentRevision,
  forgettable,
  newReplicaSet,
  replicaSetName,
  revisionNumber,
  revisionsOf,
  wantedAnnotations,
  type Revisions
} from './revisions.ts'
import { boundsOf, nextNewSize, nextOldSizes, proportional, type Size } from './rolling-update.ts'
import type { Reconciled, Write, WorkloadEvent } from './write.ts'

/** What a look at a Deployment needs; `replicaSets` and `pods` may be all of the namespace. */
export interface DeploymentView {
  readonly deployment: Deployment
  readonly replicaSets: readonly ReplicaSet[]
  readonly pods: readonly Pod[]
  readonly now: Millis
}

/** The same as Reconciled, with the status that its last write (if any) brings about. */
export interface DeploymentOutcome extends Reconciled {
  readonly status: DeploymentStatus
}

interface Moves {
  readonly writes: readonly Write[]
  readonly events: readonly WorkloadEvent[]
  readonly progress: Progress
  /** status.collisionCount after this look. */
  readonly collisions: number | undefined
}

/** Concludes the writes towards the Deployment's spec, ReplicaSets before status; apps/v1 semantics (kubernetes.md 5.4). */
export function reconcileDeployment(view: DeploymentView): DeploymentOutcome {
  const { deployment, now } = view
  const claimed = claim(deployment, deployment.spec.selector, view.replicaSets)
  const revisions = revisionsOf(deployment, claimed.own)
  const moves = movesOf(view, revisions, claimed)
  const named = revisions.current?.metadata.name ?? replicaSetName(deployment)
  const status = deploymentStatus({ deployment, revisions, current: named, progress: moves.progress, collisions: moves.collisions, now })
  const writes = [...moves.writes]
  const patch = statusPatch(deployment.status, status)
  if (patch !== undefined) writes.push({ kind: 'patch-status', target: targetOf(DEPLOYMENTS, deployment, { fresh: false }), status: patch })
  const deadline = deadlineOf(
    deployment,
    status.conditions?.find(({ type }) => type === 'Progressing')
  )
  // Condition times are whole seconds and lateness is judged strictly: one second later is certainly late.
  return { writes, events: moves.events, status, ...(deadline === undefined ? {} : { wake: Math.max(1, deadline + 1000 - now) }) }
}

function movesOf(view: DeploymentView, revisions: Revisions, claimed: { adopt: ReplicaSet[]; release: ReplicaSet[] }): Moves {
  const { deployment } = view
  const collisions = deployment.status?.collisionCount
  const nothing: Moves = { writes: [], events: [], progress: 'none', collisions }
  if (deployment.metadata.deletionTimestamp !== undefined) return nothing
  const claims = claimWrites(REPLICA_SETS, deployment, claimed)
  if (claims.length > 0) return { ...nothing, writes: claims }
  if (deployment.spec.paused === true || wasScaled(deployment, revisions)) return { ...nothing, ...scale(deployment, revisions) }
  return deployment.spec.strategy?.type === 'Recreate' ? recreate(view, revisions) : roll(view, revisions)
}

function recreate(view: DeploymentView, revisions: Revisions): Moves {
  const { deployment, pods } = view
  const none: Moves = { writes: [], events: [], progress: 'none', collisions: deployment.status?.collisionCount }
  const shrink = revisions.old.filter((each) => wantedOf(each) > 0).map((each) => resize(deployment, each, 0))
  if (shrink.length > 0) return { ...none, ...together(shrink) }
  const oldUids = new Set(revisions.old.map((each) => each.metadata.uid))
  // Pods being deleted still run: the new ones wait for their end.
  const running = pods.some((pod) => {
    const phase = pod.status?.phase
    return phase !== 'Succeeded' && phase !== 'Failed' && oldUids.has(controllerOf(pod)?.uid)
  })
  if (running) return none
  const present = ensureCurrent(view, revisions, deployment.spec.replicas ?? 1)
  if (present !== undefined) return present
  const replicas = deployment.spec.replicas ?? 1
  if (revisions.current !== undefined && wantedOf(revisions.current) !== replicas) {
    return { ...none, ...resize(deployment, revisions.current, replicas) }
  }
  return { ...none, ...settle(deployment, revisions) }
}

function roll(view: DeploymentView, revisions: Revisions): Moves {
  const { deployment } = view
  const replicas = deployment.spec.replicas ?? 1
  const bounds = boundsOf(deployment)
  const all = [...revisions.old, ...(revisions.current === undefined ? [] : [revisions.current])].map((each) => occupied(each, view.pods))
  const size = nextNewSize(revisions.current === undefined ? 0 : wantedOf(revisions.current), all, replicas, bounds)
  const present = ensureCurrent(view, revisions, size)
  if (present !== undefined) return present
  const none: Moves = { writes: [], events: [], progress: 'none', collisions: deployment.status?.collisionCount }
  const { current, old } = revisions
  if (current === undefined) return none
  if (wantedOf(current) !== size) return { ...none, ...resize(deployment, current, size) }
  const sizes = nextOldSizes(old.map(sizeOf), sizeOf(current), replicas, bounds)
  const shrink = old.flatMap((each, at) => (sizes[at] === wantedOf(each) ? [] : [resize(deployment, each, sizes[at] ?? 0)]))
  if (shrink.length > 0) return { ...none, ...together(shrink) }
  return { ...none, ...settle(deployment, revisions) }
}

// Creates the current ReplicaSet or brings its annotations up to date; undefined when neither is needed.
function ensureCurrent(view: DeploymentView, revisions: Revisions, size: number): Moves | undefined {
  const { deployment } = view
  const annotations = wantedAnnotations(deployment, revisions, limitsOf(deployment))
  const note = noteRevision(deployment, revisions)
  if (revisions.current !== undefined) return keepCurrent(deployment, revisions, { current: revisions.current, annotations, note })
  const collisions = deployment.status?.collisionCount
  if (view.replicaSets.some((each) => each.metadata.name === replicaSetName(deployment))) {
    return { writes: [], events: [], progress: 'none', collisions: (collisions ?? 0) + 1 }
  }
  const object = newReplicaSet(deployment, size, annotations)
  const events = size === 0 ? [] : [scaledEvent(deployment, object, 0, size)]
  return { writes: [{ kind: 'create', resource: REPLICA_SETS, object }, ...note], events, progress: 'created', collisions }
}

interface Present {
  readonly current: ReplicaSet
  readonly annotations: Readonly<Record<string, string>>
  readonly note: readonly Write[]
}

function keepCurrent(deployment: Deployment, revisions: Revisions, present: Present): Moves | undefined {
  const { current, annotations, note } = present
  const reselected = revisionNumber(current) !== currentRevision(revisions)
  const stale = !sameJson(current.metadata.annotations ?? {}, annotations)
  const began = deployment.status?.conditions?.some(({ type }) => type === 'Progressing') === true
  if (!stale && note.length === 0 && began) return undefined
  const write: Write = { kind: 'patch', target: targetOf(REPLICA_SETS, current, { fresh: true }), body: { metadata: { annotations } } }
  const progress = reselected || !began ? 'found' : 'none'
  return { writes: [...(stale ? [write] : []), ...note], events: [], progress, collisions: deployment.status?.collisionCount }
}

function noteRevision(deployment: Deployment, revisions: Revisions): Write[] {
  const revision = currentRevision(revisions)
  if (revisionNumber(deployment) === revision) return []
  const target = targetOf(DEPLOYMENTS, deployment, { fresh: false })
  return [{ kind: 'patch', target, body: { metadata: { annotations: { [REVISION]: String(revision) } } } }]
}

function limitsOf(deployment: Deployment): { readonly desired: number; readonly limit: number } {
  const desired = deployment.spec.replicas ?? 1
  return { desired, limit: desired + boundsOf(deployment).surge }
}

// spec.replicas changed since a ReplicaSet that still has pods was last sized.
function wasScaled(deployment: Deployment, revisions: Revisions): boolean {
  const all = revisions.current === undefined ? revisions.old : [...revisions.old, revisions.current]
  return all.some((each) => {
    const desired = annotatedNumber(each, DESIRED)
    return wantedOf(each) > 0 && desired !== undefined && desired !== (deployment.spec.replicas ?? 1)
  })
}

// Without a change of template: one ReplicaSet takes the new size, or several share the change in proportion.
function scale(deployment: Deployment, revisions: Revisions): Pick<Moves, 'writes' | 'events'> {
  const replicas = deployment.spec.replicas ?? 1
  const all = revisions.current === undefined ? [...revisions.old] : [...revisions.old, revisions.current]
  const active = all.filter((each) => wantedOf(each) > 0)
  const [only = revisions.current ?? all.at(-1)] = active
  if (active.length <= 1) {
    const settled = only === undefined || (wantedOf(only) === replicas && annotatedNumber(only, DESIRED) === replicas)
    return settled ? { writes: [], events: [] } : resize(deployment, only, replicas)
  }
  const { surge } = boundsOf(deployment)
  const growing = (replicas > 0 ? replicas + surge : 0) > active.reduce((sum, each) => sum + wantedOf(each), 0)
  const ordered = active
    .map((each, age) => ({ each, age }))
    .sort((a, b) => wantedOf(b.each) - wantedOf(a.each) || (growing ? b.age - a.age : a.age - b.age))
    .map(({ each }) => each)
  const sizes = proportional(
    ordered.map((each) => ({ wanted: wantedOf(each), annotated: annotatedNumber(each, LIMIT) ?? deployment.status?.replicas })),
    replicas,
    surge
  )
  const changed = ordered
    .map((each, at) => ({ each, size: sizes[at] ?? 0 }))
    .filter(({ each, size }) => size !== wantedOf(each) || annotatedNumber(each, DESIRED) !== replicas)
  return together(changed.map(({ each, size }) => resize(deployment, each, size)))
}

function resize(
  deployment: Deployment,
  replicaSet: ReplicaSet,
  size: number
): { readonly writes: Write[]; readonly events: WorkloadEvent[] } {
  const { desired, limit } = limitsOf(deployment)
  const annotations = { [DESIRED]: String(desired), [LIMIT]: String(limit) }
  const write: Write = {
    kind: 'patch',
    target: targetOf(REPLICA_SETS, replicaSet, { fresh: true }),
    body: { metadata: { annotations }, spec: { replicas: size } }
  }
  const before = wantedOf(replicaSet)
  return { writes: [write], events: before === size ? [] : [scaledEvent(deployment, replicaSet, before, size)] }
}

function scaledEvent(about: Deployment, replicaSet: ReplicaSet, from: number, to: number): WorkloadEvent {
  const direction = to > from ? 'up' : 'down'
  const message = `Scaled ${direction} replica set ${replicaSet.metadata.name} from ${from} to ${to}`
  return { about, type: 'Normal', reason: 'ScalingReplicaSet', message }
}

function together(
  parts: readonly { readonly writes: readonly Write[]; readonly events: readonly WorkloadEvent[] }[]
): Pick<Moves, 'writes' | 'events'> {
  return { writes: parts.flatMap(({ writes }) => writes), events: parts.flatMap(({ events }) => events) }
}

// Nothing moves; when complete, history is trimmed.
function settle(deployment: Deployment, revisions: Revisions): Pick<Moves, 'writes' | 'events'> {
  const { current, old } = revisions
  const all = current === undefined ? old : [...old, current]
  const sum = (pick: (each: ReplicaSet) => number | undefined): number => all.reduce((count, each) => count + (pick(each) ?? 0), 0)
  const counts = {
    replicas: sum((each) => each.status?.replicas),
    updatedReplicas: current?.status?.replicas ?? 0,
    availableReplicas: sum((each) => each.status?.availableReplicas)
  }
  if (!isComplete(deployment, counts)) return { writes: [], events: [] }
  const writes = forgettable(deployment, old).map((each): Write => ({
    kind: 'delete',
    target: targetOf(REPLICA_SETS, each, { fresh: true })
  }))
  return { writes, events: [] }
}

function sizeOf(replicaSet: ReplicaSet): Size {
  return { wanted: wantedOf(replicaSet), available: Math.min(wantedOf(replicaSet), replicaSet.status?.availableReplicas ?? 0) }
}

// Pods a ReplicaSet has not yet let go still take room: counting them keeps real pods, not only wanted ones, within maxSurge.
function occupied(replicaSet: ReplicaSet, pods: readonly Pod[]): Size {
  const held = pods.filter((pod) => isActive(pod) && controllerOf(pod)?.uid === replicaSet.metadata.uid).length
  return { wanted: Math.max(wantedOf(replicaSet), held), available: 0 }
}
