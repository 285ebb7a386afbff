// A ReplicaSet's part: as many pods of its template as it wants, the least useful ones leaving first, and its status counted from pods.

import { hasLabels } from '../api/label-selector.ts'
import type { Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { parseInstant } from '../std/instant.ts'
import { isListed, LISTED_WITHIN, type Listings } from './listed.ts'
import { PODS, REPLICA_SETS, claim, claimWrites, isActive, isReady, readySince, statusPatch, targetOf, wantedOf } from './meta.ts'
import type { ReplicaSet, ReplicaSetStatus } from '../api/builtin-types-apps.ts'
import type { Pod } from '../api/builtin-types-pod.ts'
import { newPod } from './new-pod.ts'
import type { Reconciled, Write, WorkloadEvent } from './write.ts'

// Kubernetes' burst: how many pods one look creates or deletes at most.
const BURST = 500

/** What a look at a ReplicaSet needs. `pods` may be all of the namespace. `draw` names new pods. */
export interface ReplicaSetView extends Listings {
  readonly replicaSet: ReplicaSet
  readonly pods: readonly Pod[]
  readonly now: Millis
  readonly draw: Draw
}

/** Creates and deletes pods towards spec.replicas, adopts and releases by label, and counts status. Nothing but status while deleting. */
export function reconcileReplicaSet(view: ReplicaSetView): Reconciled {
  const { replicaSet, pods } = view
  const claimed = claim(replicaSet, replicaSet.spec.selector, pods)
  const deleting = replicaSet.metadata.deletionTimestamp !== undefined
  const claims = deleting ? [] : claimWrites(PODS, replicaSet, { adopt: claimed.adopt.filter(isActive), release: claimed.release })
  const active = claimed.own.filter(isActive)
  // Adopted pods count from the next look: their writes may fail.
  const moves = deleting || claims.length > 0 ? { writes: [], events: [] } : towardsWanted(view, active)
  const status = countStatus(view, active)
  const patch = statusPatch(replicaSet.status, status)
  const writes: Write[] = [...claims, ...moves.writes]
  if (patch !== undefined)
    writes.push({ kind: 'patch-status', target: targetOf(REPLICA_SETS, replicaSet, { fresh: false }), status: patch })
  const wake = nextAvailable(view, active)
  return { writes, events: moves.events, ...(wake === undefined ? {} : { wake }) }
}

function towardsWanted(view: ReplicaSetView, active: readonly Pod[]): { readonly writes: Write[]; readonly events: WorkloadEvent[] } {
  const { replicaSet, draw } = view
  const missing = wantedOf(replicaSet) - active.length
  const writes: Write[] = []
  const events: WorkloadEvent[] = []
  const event = (reason: string, message: string): void => void events.push({ about: replicaSet, type: 'Normal', reason, message })
  const taken = new Set(view.pods.map((pod) => pod.metadata.name))
  for (let n = 0; n < Math.min(missing, BURST); n++) {
    const object = newPod({ owner: replicaSet, template: replicaSet.spec.template, taken }, draw)
    taken.add(object.metadata.name)
    writes.push({ kind: 'create', resource: PODS, object })
    event('SuccessfulCreate', `Created pod: ${object.metadata.name}`)
  }
  if (missing < 0) {
    for (const pod of victims(active, Math.min(-missing, BURST), view.now)) {
      writes.push({ kind: 'delete', target: targetOf(PODS, pod, { fresh: false }) })
      event('SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`)
    }
  }
  return { writes, events }
}

const PHASE_RANK: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

/** The pods to delete first, as Kubernetes' ActivePodsWithRanks: unscheduled, pending, not ready, cheap, ready later, more restarts, newer. */
export function victims(pods: readonly Pod[], count: number, now: Millis): Pod[] {
  return [...pods].sort((a, b) => compareKeys(victimKey(a, now), victimKey(b, now))).slice(0, count)
}

function victimKey(pod: Pod, now: Millis): readonly number[] {
  const ready = isReady(pod)
  const created = parseInstant(pod.metadata.creationTimestamp) ?? now
  return [
    pod.spec.nodeName === undefined ? 0 : 1,
    PHASE_RANK[pod.status?.phase ?? 'Pending'] ?? 1,
    ready ? 1 : 0,
    deletionCost(pod),
    ready ? -(readySince(pod) ?? now) : 0,
    -restartsOf(pod),
    -created
  ]
}

function deletionCost(pod: Pod): number {
  const cost = Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0)
  return Number.isFinite(cost) ? cost : 0
}

function restartsOf(pod: Pod): number {
  return (pod.status?.containerStatuses ?? []).reduce((most, status) => Math.max(most, status.restartCount), 0)
}

function compareKeys(a: readonly number[], b: readonly number[]): number {
  for (const [at, value] of a.entries()) if (value !== b[at]) return value - (b[at] ?? 0)
  return 0
}

/** Ready for at least minReadySeconds (default 0). */
export function isAvailable(pod: Pod, minReadySeconds: number, now: Millis): boolean {
  if (!isReady(pod)) return false
  return minReadySeconds === 0 || (readySince(pod) ?? now) + minReadySeconds * 1000 <= now
}

// Slices that come later are heard of; this is when they do not matter any more.
function nextAvailable({ replicaSet, now, ...listings }: ReplicaSetView, active: readonly Pod[]): Millis | undefined {
  const seconds = replicaSet.spec.minReadySeconds ?? 0
  const waits = active.filter(isReady).flatMap((pod) => {
    const since = readySince(pod) ?? now
    const unlisted = isListed(pod, listings, now) ? [] : [since + LISTED_WITHIN]
    return [...unlisted, since + seconds * 1000].filter((at) => at > now)
  })
  return waits.length === 0 ? undefined : Math.min(...waits) - now
}

// The API server drops zero counts nowhere but in absent fields; `replicas` alone is always written.
function countStatus({ replicaSet, now, ...listings }: ReplicaSetView, active: readonly Pod[]): ReplicaSetStatus {
  const seconds = replicaSet.spec.minReadySeconds ?? 0
  const ready = active.filter(isReady).length
  const available = active.filter((pod) => isAvailable(pod, seconds, now) && isListed(pod, listings, now)).length
  const labels = replicaSet.spec.template.metadata?.labels ?? {}
  const labelled = active.filter((pod) => hasLabels(pod.metadata.labels, labels)).length
  return {
    replicas: active.length,
    ...(labelled > 0 ? { fullyLabeledReplicas: labelled } : {}),
    ...(ready > 0 ? { readyReplicas: ready } : {}),
    ...(available > 0 ? { availableReplicas: available } : {}),
    observedGeneration: replicaSet.metadata.generation ?? 0
  }
}
