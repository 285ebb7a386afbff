// A cluster's live state through its changes (envoy.md 17): endpoints that stay keep their requests in flight, their age and their
// ejection, rotations go on where they were, and what choices are made among is made anew.

import type { Millis } from '../std/clock.ts'
import { ClusterStats, STAT } from './cluster-stats.ts'
import { freshHealth } from './outlier.ts'
import type { Cluster, Endpoint } from './route-table.ts'
import type { ClusterState, EndpointSlot } from './router.ts'

/** The state of a cluster that comes or changes at `now`, after `before`. */
export function clusterState(cluster: Cluster, now: Millis, before?: ClusterState): ClusterState {
  const slots = slotsOf(cluster, now, before)
  const old = new Set(before?.slots)
  const state: ClusterState = {
    cluster,
    slots,
    stats: before?.stats ?? new ClusterStats(),
    sets: undefined,
    cursors: before?.cursors,
    seed: before?.seed ?? -1,
    detectsSince: detectsSince(cluster, now, before)
  }
  if (slots.length !== old.size || slots.some((slot) => !old.has(slot))) state.stats.add(STAT.membership_change)
  followEjections(state)
  return state
}

function slotsOf(cluster: Cluster, now: Millis, before: ClusterState | undefined): EndpointSlot[] {
  const kept = new Map<string, EndpointSlot>()
  if (before !== undefined) for (const slot of before.slots) kept.set(slot.key, slot)
  return cluster.endpoints.map((endpoint) => slotOf(endpoint, now, kept))
}

function detectsSince(cluster: Cluster, now: Millis, before: ClusterState | undefined): Millis {
  const interval = before?.cluster.outlier?.interval
  return before !== undefined && interval !== undefined && interval === cluster.outlier?.interval ? before.detectsSince : now
}

/** Who left takes its ejection along; without detection nobody could come back. */
function followEjections({ cluster, slots, stats }: ClusterState): void {
  if (cluster.outlier === undefined) for (const { health } of slots) Object.assign(health, freshHealth())
  stats.set(STAT['outlier_detection.ejections_active'], slots.filter(({ health }) => health.ejectedAt !== undefined).length)
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
  return { key, endpoint, active: 0, since: now, health: freshHealth() }
}

/** An address that another pod took over is another endpoint. */
function isSamePeer(a: Endpoint, b: Endpoint): boolean {
  return a.pod === b.pod && a.version === b.version && a.app === b.app && a.workload === b.workload
}
