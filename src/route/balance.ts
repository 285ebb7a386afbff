// Which endpoint of a cluster takes the next request (envoy.md 4): first the priority, then the locality where localities have shares,
// then the cluster's balancer. `active` of a slot is the proxy's to count; ejection is outlier.ts's to decide.

import type { Draw } from '../std/draw.ts'
import type { Millis } from '../std/clock.ts'
import { STAT } from './cluster-stats.ts'
import { hostSets, weightNow } from './host-sets.ts'
import type { HashSource, HostSet, HostSource } from './host-sets.ts'
import { maglevOwner } from './maglev.ts'
import { priorityOf } from './priority-load.ts'
import type { TriedPriorities } from './retry-priorities.ts'
import { ringOwner } from './ring-hash.ts'
import type { ClusterState, EndpointSlot } from './router.ts'

/** How often a retry picks again to avoid an endpoint that was already tried; then it takes what came last. */
const REPICKS = 5

/** What one choice is made with. */
export interface Choosing {
  /** By the plane's monotonic clock. */
  readonly now: Millis
  readonly draw: Draw
  /** 64 bits; undefined: the request sticks to no endpoint. */
  readonly hash?: bigint | undefined
  /** Endpoints that earlier tries of this request used, to be avoided. */
  readonly tried?: readonly EndpointSlot[]
  /** Priorities that they used, to be left out when others can take the request. */
  readonly priorities?: TriedPriorities | undefined
}

/** The next endpoint, undefined when the cluster has none that may be used (503 UH). */
export function chooseEndpoint(state: ClusterState, choosing: Choosing): EndpointSlot | undefined {
  const { tried = [] } = choosing
  const hash = isHashed(state) ? (choosing.hash ?? randomHash(choosing.draw)) : 0n
  let slot = pick(state, choosing, { hash, attempt: 0 })
  for (let attempt = 1; attempt <= REPICKS && slot !== undefined && tried.includes(slot); attempt += 1)
    slot = pick(state, choosing, { hash, attempt })
  return slot
}

function isHashed({ cluster: { balance } }: ClusterState): boolean {
  return balance === 'ring-hash' || balance === 'maglev'
}

function randomHash(draw: Draw): bigint {
  return (BigInt(Math.floor(draw() * 4294967296)) << 32n) | BigInt(Math.floor(draw() * 4294967296))
}

function pick(state: ClusterState, choosing: Choosing, at: { readonly hash: bigint; readonly attempt: number }): EndpointSlot | undefined {
  const { load, health, sets } = (state.sets ??= hostSets(state, choosing.now, choosing.draw))
  const loads = choosing.priorities?.loadFrom(load, health) ?? load
  const set = sets.length === 1 ? sets[0] : sets[priorityOf(loads, isHashed(state) ? Number(at.hash % 100n) : choosing.draw() * 100)]
  if (set === undefined) return undefined
  if (set.panic) state.stats.add(STAT.lb_healthy_panic)
  return set.hashed === undefined ? pickFrom(state, sourceOf(set), choosing) : pickHashed(set.hashed, at.hash, at.attempt)
}

function sourceOf({ source, localities }: HostSet): HostSource {
  return localities?.turns.next(localities.weightOf) ?? source
}

function pickHashed({ slots, ring, table }: HashSource, hash: bigint, attempt: number): EndpointSlot | undefined {
  const owner = ring === undefined ? table && maglevOwner(table, hash, attempt) : ringOwner(ring, hash, attempt)
  return owner === undefined ? undefined : slots[owner]
}

function pickFrom(state: ClusterState, source: HostSource, { now, draw }: Choosing): EndpointSlot | undefined {
  const { slots, turns } = source
  if (turns !== undefined) return turns.next((slot) => weightNow(state.cluster, slot, now))
  if (slots.length < 2) return slots[0]
  switch (state.cluster.balance) {
    case 'round-robin':
      return rotate(state, source)
    case 'least-request':
      return lessBusy(slots, draw)
    case 'random':
    case 'passthrough':
    case 'ring-hash':
    case 'maglev':
      return slots[Math.floor(draw() * slots.length)]
  }
}

/** The turn of a source goes on where it was when its endpoints change. */
function rotate(state: ClusterState, { id, slots }: HostSource): EndpointSlot | undefined {
  const cursors = (state.cursors ??= new Map<string, number>())
  const turn = cursors.get(id) ?? state.seed
  cursors.set(id, turn + 1)
  return slots[turn % slots.length]
}

/** Two draws with replacement; the second wins only with strictly fewer requests. */
function lessBusy(slots: readonly EndpointSlot[], draw: Draw): EndpointSlot | undefined {
  const first = slots[Math.floor(draw() * slots.length)]
  const second = slots[Math.floor(draw() * slots.length)]
  return second !== undefined && first !== undefined && second.active < first.active ? second : first
}
