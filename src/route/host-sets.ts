// A cluster's endpoints as the balancers draw from them: by priority, and inside a priority whole, healthy only, or by locality
// (envoy.md 4.1). Made anew when endpoints come, go or change health; what must survive that is in ClusterState.

import type { Draw } from '../std/draw.ts'
import { EdfSchedule, PICKS_MAX } from './edf.ts'
import { buildMaglev } from './maglev.ts'
import { priorityLoad } from './priority-load.ts'
import { buildRing } from './ring-hash.ts'
import type { HashTarget, Ring } from './ring-hash.ts'
import type { Cluster, LocalityShare } from './route-table.ts'
import type { ClusterState, EndpointSlot } from './router.ts'
import type { Millis } from '../std/clock.ts'

/** Endpoints that one choice is made among. */
export interface HostSource {
  /** Names the source among those of its cluster, before and after a change. */
  readonly id: string
  readonly slots: readonly EndpointSlot[]
  /** Weighted turns; undefined where all are equal. */
  readonly turns: EdfSchedule<EndpointSlot> | undefined
}

/** A ring or a table with the endpoints it leads to. */
export interface HashSource {
  readonly slots: readonly EndpointSlot[]
  readonly ring: Ring | undefined
  readonly table: Uint32Array | undefined
}

/** One priority. */
export interface HostSet {
  readonly panic: boolean
  /** What a draw is made from: all endpoints in panic, else the healthy ones. */
  readonly source: HostSource
  /** Turns of the localities, where these have shares. */
  readonly localities: LocalityTurns | undefined
  readonly hashed: HashSource | undefined
}

/** Weighted turns of localities, each with its healthy endpoints. */
export interface LocalityTurns {
  readonly turns: EdfSchedule<WeightedSource>
  readonly weightOf: (source: WeightedSource) => number
}

/** A locality's healthy endpoints with its share after failures. */
export interface WeightedSource extends HostSource {
  readonly weight: number
}

/** All priorities, with the percents they take. */
export interface HostSets {
  readonly load: readonly number[]
  /** What each priority could take, in percent. */
  readonly health: readonly number[]
  readonly sets: readonly HostSet[]
}

/** The weight of an endpoint now: warming up takes from it, and with least request so do the requests it has. */
export function weightNow({ balance, warmup }: Cluster, slot: EndpointSlot, now: Millis): number {
  const { weight } = slot.endpoint
  const warm = warmup === undefined ? weight : weight * warmupFactor(warmup, now - slot.since)
  return balance === 'least-request' ? warm / (slot.active + 1) : warm
}

/** The share of its weight that an endpoint of this age has (envoy.md 4.4). */
export function warmupFactor({ window, minimum, aggression }: NonNullable<Cluster['warmup']>, age: Millis): number {
  if (age >= window) return 1
  return Math.max(minimum, (Math.max(1, age) / window) ** (1 / aggression))
}

/** The endpoints of a cluster as they are now. */
export function hostSets(state: ClusterState, now: Millis, draw: Draw): HostSets {
  if (state.seed < 0) state.seed = Math.floor(draw() * PICKS_MAX)
  const levels: EndpointSlot[][] = []
  for (const slot of state.slots) (levels[slot.endpoint.priority] ??= []).push(slot)
  const slots = Array.from(levels, (level) => level ?? [])
  if (slots.length === 0) slots.push([])
  const healthy = slots.map((level) => level.filter(isHealthy))
  const { load, health, panic } = priorityLoad(
    slots.map((level, at) => ({ total: level.length, healthy: healthy[at]?.length ?? 0 })),
    state.cluster.panicPercent
  )
  const sets = slots.map((all, priority) =>
    hostSet(state, now, { priority, all, healthy: healthy[priority] ?? [], panic: panic[priority] === true })
  )
  return { load, health, sets }
}

function isHealthy(slot: EndpointSlot): boolean {
  return slot.health.ejectedAt === undefined
}

interface Level {
  readonly priority: number
  readonly all: readonly EndpointSlot[]
  readonly healthy: readonly EndpointSlot[]
  readonly panic: boolean
}

function hostSet(state: ClusterState, now: Millis, level: Level): HostSet {
  const { priority, all, healthy, panic } = level
  const { balance, localities } = state.cluster
  const slots = panic ? all : healthy
  if (balance === 'ring-hash' || balance === 'maglev') {
    const source = { id: '', slots, turns: undefined }
    return { panic, source, localities: undefined, hashed: hashSource(state.cluster, level, slots) }
  }
  const shares = localities?.filter((share) => share.priority === priority)
  return {
    panic,
    source: hostSource(state, `${priority}${panic ? ' all' : ''}`, slots, now),
    localities: panic || shares === undefined ? undefined : localityTurns(state, level, shares, now),
    hashed: undefined
  }
}

function hostSource(state: ClusterState, id: string, slots: readonly EndpointSlot[], now: Millis): HostSource {
  return { id, slots, turns: needsTurns(state.cluster, slots, now) ? turnsOf(state, slots, now) : undefined }
}

function needsTurns({ balance, warmup }: Cluster, slots: readonly EndpointSlot[], now: Millis): boolean {
  if (slots.length < 2 || balance === 'random' || balance === 'passthrough') return false
  if (slots.some(({ endpoint }) => endpoint.weight !== slots[0]?.endpoint.weight)) return true
  return warmup !== undefined && slots.some(({ since }) => now - since < warmup.window)
}

function turnsOf({ cluster, seed }: ClusterState, slots: readonly EndpointSlot[], now: Millis): EdfSchedule<EndpointSlot> {
  return new EdfSchedule(slots, (slot) => weightNow(cluster, slot, now), seed)
}

/** A locality's share shrinks when more than 2 of 7 of its endpoints are ejected; one without healthy endpoints has none. */
function localityTurns(state: ClusterState, level: Level, shares: readonly LocalityShare[], now: Millis): LocalityTurns | undefined {
  const sources: WeightedSource[] = []
  for (const { locality, weight } of shares) {
    const total = level.all.filter(({ endpoint }) => endpoint.locality === locality).length
    const slots = level.healthy.filter(({ endpoint }) => endpoint.locality === locality)
    if (slots.length === 0 || weight <= 0) continue
    const effective = weight * Math.min(1, (1.4 * slots.length) / total)
    sources.push({ ...hostSource(state, `${level.priority} ${locality}`, slots, now), weight: effective })
  }
  if (sources.length === 0) return undefined
  const weightOf = (source: WeightedSource): number => source.weight
  return { turns: new EdfSchedule(sources, weightOf, state.seed), weightOf }
}

function hashSource(cluster: Cluster, level: Level, slots: readonly EndpointSlot[]): HashSource {
  const factors = cluster.localities === undefined ? undefined : localityFactors(cluster.localities, level.priority, slots)
  const targets = slots.map(({ key, endpoint: { weight, locality } }): HashTarget => ({
    key,
    weight: weight * (factors?.get(locality) ?? 1)
  }))
  if (cluster.balance === 'maglev') return { slots, ring: undefined, table: buildMaglev(targets, cluster.hashSize) }
  return { slots, ring: buildRing(targets, cluster.hashSize), table: undefined }
}

/** Where localities have shares, an endpoint's weight counts inside its locality's. */
function localityFactors(shares: readonly LocalityShare[], priority: number, slots: readonly EndpointSlot[]): Map<string, number> {
  const weights = new Map<string, number>()
  for (const { endpoint } of slots) weights.set(endpoint.locality, (weights.get(endpoint.locality) ?? 0) + endpoint.weight)
  return new Map(
    shares.filter((share) => share.priority === priority).map(({ locality, weight }) => [locality, weight / (weights.get(locality) ?? 1)])
  )
}
