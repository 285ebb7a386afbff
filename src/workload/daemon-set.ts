// A DaemonSet's part: one pod of its template on the node when the node fits, replaced when the template changes, and its status. There is
// one node. Revisions are told apart by a hash in a label; no ControllerRevisions are kept, so there is nothing to go back to.

import type { DaemonSet, DaemonSetStatus } from '../api/builtin-types-apps.ts'
import type { Pod } from '../api/builtin-types-pod.ts'
import type { Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { parseInstant } from '../std/instant.ts'
import { isListed, LISTED_WITHIN, type Listings } from './listed.ts'
import { claim, claimWrites, DAEMON_SETS, isActive, isReady, PODS, readySince, statusPatch, targetOf } from './meta.ts'
import { newPod } from './new-pod.ts'
import { fitsNode, type Node } from './node-fit.ts'
import { isAvailable } from './replica-set.ts'
import { templateHash } from './template-hash.ts'
import type { Reconciled, Write, WorkloadEvent } from './write.ts'

/** What a look at a DaemonSet needs. `pods` may be all of the namespace. `draw` names new pods. */
export interface DaemonSetView extends Listings {
  readonly daemonSet: DaemonSet
  readonly pods: readonly Pod[]
  readonly node: Node
  readonly now: Millis
  readonly draw: Draw
}

/** The label of a pod with the hash of the template it was made from. */
export const REVISION_HASH = 'controller-revision-hash'
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation'

/** Creates, replaces and deletes the DaemonSet's pods, adopts and releases by label, and counts status. Nothing but status while deleting. */
export function reconcileDaemonSet(view: DaemonSetView): Reconciled {
  const { daemonSet, pods } = view
  const claimed = claim(daemonSet, daemonSet.spec.selector, pods)
  const deleting = daemonSet.metadata.deletionTimestamp !== undefined
  const claims = deleting ? [] : claimWrites(PODS, daemonSet, { adopt: claimed.adopt.filter(isActive), release: claimed.release })
  const moves = deleting || claims.length > 0 ? NO_MOVES : movesOf(view, claimed.own)
  const active = claimed.own.filter(isActive)
  const patch = statusPatch(daemonSet.status, countStatus(view, active))
  const status: readonly Write[] =
    patch === undefined ? [] : [{ kind: 'patch-status', target: targetOf(DAEMON_SETS, daemonSet, { fresh: false }), status: patch }]
  const wake = nextAvailable(view, active)
  return { writes: [...claims, ...moves.writes, ...status], events: moves.events, ...(wake === undefined ? {} : { wake }) }
}

interface Moves {
  readonly writes: readonly Write[]
  readonly events: readonly WorkloadEvent[]
}

const NO_MOVES: Moves = { writes: [], events: [] }

function movesOf(view: DaemonSetView, own: readonly Pod[]): Moves {
  const active = own.filter(isActive)
  // A pod that ended makes room for the next one.
  const ended = own.filter((pod) => pod.status?.phase === 'Failed' && pod.metadata.deletionTimestamp === undefined)
  if (ended.length > 0) return removal(view, ended)
  if (!fitsNode(view.daemonSet.spec.template.spec, view.node)) return removal(view, active)
  const [fresh, old] = [active.filter((pod) => isCurrent(view, pod)), active.filter((pod) => !isCurrent(view, pod))]
  const [, ...doubles] = oldestFirst(fresh)
  if (doubles.length > 0) return removal(view, doubles)
  if (old.length === 0) return fresh.length > 0 || own.length > 0 ? NO_MOVES : creation(view)
  return replacement(view, fresh, old)
}

// A pod of an old template goes when it may be missing, or when its successor, which a surge allows beside it, is available.
function replacement(view: DaemonSetView, fresh: readonly Pod[], old: readonly Pod[]): Moves {
  const strategy = view.daemonSet.spec.updateStrategy
  const [, ...doubles] = oldestFirst(old)
  if (strategy?.type === 'OnDelete') return removal(view, fresh.length > 0 ? old : doubles)
  const surge = strategy?.rollingUpdate?.maxSurge ?? 0
  if (surge === 0 || surge === '0%') return removal(view, old)
  if (fresh.length === 0) return creation(view)
  return fresh.some((pod) => counts(view, pod)) ? removal(view, old) : NO_MOVES
}

function creation(view: DaemonSetView): Moves {
  const { daemonSet, draw } = view
  const taken = new Set(view.pods.map((pod) => pod.metadata.name))
  const generation = daemonSet.metadata.annotations?.[TEMPLATE_GENERATION]
  const labels = {
    [REVISION_HASH]: templateHash(daemonSet.spec.template),
    ...(generation === undefined ? {} : { 'pod-template-generation': generation })
  }
  const object = newPod({ owner: daemonSet, template: daemonSet.spec.template, labels, taken }, draw)
  return {
    writes: [{ kind: 'create', resource: PODS, object }],
    events: [{ about: daemonSet, type: 'Normal', reason: 'SuccessfulCreate', message: `Created pod: ${object.metadata.name}` }]
  }
}

function removal({ daemonSet }: DaemonSetView, pods: readonly Pod[]): Moves {
  const message = (pod: Pod): string => `Deleted pod: ${pod.metadata.name}`
  return {
    writes: pods.map((pod) => ({ kind: 'delete', target: targetOf(PODS, pod, { fresh: false }) })),
    events: pods.map((pod) => ({ about: daemonSet, type: 'Normal', reason: 'SuccessfulDelete', message: message(pod) }))
  }
}

function isCurrent({ daemonSet }: DaemonSetView, pod: Pod): boolean {
  return pod.metadata.labels?.[REVISION_HASH] === templateHash(daemonSet.spec.template)
}

function oldestFirst(pods: readonly Pod[]): readonly Pod[] {
  const born = (pod: Pod): Millis => parseInstant(pod.metadata.creationTimestamp) ?? 0
  return [...pods].sort((a, b) => born(a) - born(b))
}

function counts(view: DaemonSetView, pod: Pod): boolean {
  return isAvailable(pod, view.daemonSet.spec.minReadySeconds ?? 0, view.now) && isListed(pod, view, view.now)
}

function countStatus(view: DaemonSetView, active: readonly Pod[]): DaemonSetStatus {
  const { daemonSet, node } = view
  const desired = fitsNode(daemonSet.spec.template.spec, node) ? 1 : 0
  const scheduled = desired === 1 && active.length > 0
  const some = (holds: (pod: Pod) => boolean): number => (scheduled && active.some(holds) ? 1 : 0)
  const updated = some((pod) => isCurrent(view, pod))
  const available = some((pod) => counts(view, pod))
  return {
    currentNumberScheduled: scheduled ? 1 : 0,
    numberMisscheduled: desired === 0 && active.length > 0 ? 1 : 0,
    desiredNumberScheduled: desired,
    numberReady: some(isReady),
    observedGeneration: daemonSet.metadata.generation ?? 0,
    ...(updated > 0 ? { updatedNumberScheduled: updated } : {}),
    ...(available > 0 ? { numberAvailable: available } : {}),
    ...(desired > available ? { numberUnavailable: desired - available } : {})
  }
}

function nextAvailable(view: DaemonSetView, active: readonly Pod[]): Millis | undefined {
  const { now, daemonSet } = view
  const waits = active.filter(isReady).flatMap((pod) => {
    const since = readySince(pod) ?? now
    const unlisted = isListed(pod, view, now) ? [] : [since + LISTED_WITHIN]
    return [...unlisted, since + (daemonSet.spec.minReadySeconds ?? 0) * 1000].filter((at) => at > now)
  })
  return waits.length === 0 ? undefined : Math.min(...waits) - now
}
