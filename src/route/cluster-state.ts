// A cluster's live state through its changes (envoy.md 17): endpoints that stay keep their requests in flight, their age and their
// ejection, rotations go on where they were, and what choices are made among is made anew.

import type { Millis } from '../std/clock.ts'
import { ClusterStats, STAT } from './cluster-stats.ts'
import type { Cluster, Endpoint } from './route-table.ts'
import type { ClusterState, EndpointSlot } from './router.ts'

/** The state of a cluster that comes or changes at `now`, after `before`. */
export function clusterState(cluster: Cluster, now: Millis, before?: ClusterState): ClusterState {
  const kept = new Map<string, EndpointSlot>()
  if (before !== undefined) for (const slot of before.slots) kept.set(slot.key, slot)
  const slots = cluster.endpoints.map((endpoint) => slotOf(endpoint, now, kept))
  const stats = before?.stats ?? new ClusterStats()
  if (slots.length !== kept.size || slots.some((slot) => kept.get(slot.key) !== slot)) stats.add(STAT.membership_change)
  return { cluster, slots, stats, sets: undefined, cursors: before?.cursors ?? new Map(), seed: before?.seed ?? -1 }
}

function slotOf(endpoint: Endpoint, now: Millis, kept: ReadonlyMap<string, EndpointSlot>): EndpointSlot {
  const key = `${endpoint.address}:${endpoint.port}`
  const old = kept.get(key)
  if (old === undefined || !isSamePeer(old.endpoint, endpoint)) return freshSlot(key, endpoint, now)
  old.endpoint = endpoint
  return old
}

/** An endpoint that nothing is known of yet. */
export function freshSlot(key: string, endpoint: Endpoint, now: Millis): EndpointSlot {
  return { key, endpoint, active: 0, since: now, ejectedAt: undefined }
}

/** An address that another pod took over is another endpoint. */
function isSamePeer(a: Endpoint, b: Endpoint): boolean {
  return a.pod === b.pod && a.version === b.version && a.app === b.app && a.workload === b.workload
}
