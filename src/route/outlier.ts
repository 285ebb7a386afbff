// Outlier detection, step by step as Envoy does it (envoy.md 8, istio.md 2.7): an endpoint that fails so often in a row is left out for a
// time that grows, and comes back at a tick of the interval. It changes the health of slots; balance.ts leaves out who is ejected.

import type { Millis } from '../std/clock.ts'
import { STAT } from './cluster-stats.ts'
import type { Detector, Outlier } from './route-table.ts'
import type { ClusterState, EndpointSlot } from './router.ts'

/** What the detector remembers of an endpoint. */
export interface SlotHealth {
  /** When it was ejected; undefined while it takes part. */
  ejectedAt: Millis | undefined
  /** Ejections that still count for the length of the next one. */
  backoff: number
  /** When it last came back. */
  returnedAt: Millis
  /** Failures in a row. */
  errors: number
  gatewayErrors: number
  localErrors: number
}

/** How a try went: the status of its answer, or what the proxy itself met. `opened`: it got a connection, an open one or a new one. */
export type TryResult = number | 'opened' | 'connect-failure' | 'reset' | 'timeout'

// The HTTP status that stands for each gRPC status, from 0 on.
const GRPC_AS_HTTP = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401] as const

/** What an answer counts as: its status, or for one with a gRPC status in its head the HTTP status that stands for that. */
export function statusCounted(status: number, grpc: number | undefined): number {
  return grpc === undefined ? status : (GRPC_AS_HTTP[grpc] ?? 500)
}

/** An endpoint that nothing is known of. */
export function freshHealth(): SlotHealth {
  return { ejectedAt: undefined, backoff: 0, returnedAt: Number.NEGATIVE_INFINITY, errors: 0, gatewayErrors: 0, localErrors: 0 }
}

/** Counts the result of a try at `slot`; true when that ejected it. Breakers' refusals are no results. */
export function reportResult(state: ClusterState, slot: EndpointSlot, result: TryResult, now: Millis): boolean {
  const { outlier } = state.cluster
  if (outlier === undefined) return false
  if (typeof result === 'number') return countStatus(state, slot, result, now)
  if (outlier.localOrigin === undefined) return result !== 'opened' && countStatus(state, slot, result === 'timeout' ? 504 : 503, now)
  if (result === 'opened') {
    slot.health.localErrors = 0
    return false
  }
  slot.health.localErrors += 1
  return slot.health.localErrors === outlier.localOrigin.errors && fire(state, slot, LOCAL, now)
}

/** A gateway error counts for both rules; the gateway's is asked first, and both may fire. */
function countStatus(state: ClusterState, slot: EndpointSlot, status: number, now: Millis): boolean {
  const { outlier } = state.cluster
  const { health } = slot
  if (outlier === undefined) return false
  if (status < 500) {
    health.errors = 0
    health.gatewayErrors = 0
    return false
  }
  let ejected = false
  if (status >= 502 && status <= 504) {
    health.gatewayErrors += 1
    if (health.gatewayErrors === outlier.gateway.errors) ejected = fire(state, slot, GATEWAY, now)
  } else health.gatewayErrors = 0
  health.errors += 1
  return (health.errors === outlier.errors.errors && fire(state, slot, ERRORS, now)) || ejected
}

interface Rule {
  readonly detected: number
  readonly enforced: number
  of(outlier: Outlier): Detector
  reset(health: SlotHealth): void
}

const ERRORS: Rule = {
  detected: STAT['outlier_detection.ejections_detected_consecutive_5xx'],
  enforced: STAT['outlier_detection.ejections_enforced_consecutive_5xx'],
  of: ({ errors }) => errors,
  reset: (health) => {
    health.errors = 0
  }
}
const GATEWAY: Rule = {
  detected: STAT['outlier_detection.ejections_detected_consecutive_gateway_failure'],
  enforced: STAT['outlier_detection.ejections_enforced_consecutive_gateway_failure'],
  of: ({ gateway }) => gateway,
  reset: (health) => {
    health.gatewayErrors = 0
  }
}
const LOCAL: Rule = {
  detected: STAT['outlier_detection.ejections_detected_consecutive_local_origin_failure'],
  enforced: STAT['outlier_detection.ejections_enforced_consecutive_local_origin_failure'],
  of: ({ localOrigin, errors }) => localOrigin ?? errors,
  reset: (health) => {
    health.localErrors = 0
  }
}

/** A rule's count is full. It begins anew even when nobody is ejected; for one that is ejected already nothing happens. */
function fire(state: ClusterState, slot: EndpointSlot, rule: Rule, now: Millis): boolean {
  const { outlier } = state.cluster
  if (outlier === undefined || slot.health.ejectedAt !== undefined || !state.slots.includes(slot)) return false
  const { stats } = state
  if (rule === ERRORS) stats.add(STAT['outlier_detection.ejections_consecutive_5xx'])
  stats.add(rule.detected)
  const ejects = maySpare(state, outlier) && rule.of(outlier).enforced
  if (ejects) {
    stats.add(rule.enforced)
    stats.add(STAT['outlier_detection.ejections_enforced_total'])
    if (rule === ERRORS) stats.add(STAT['outlier_detection.ejections_total'])
    eject(slot.health, outlier, now)
    stats.add(STAT['outlier_detection.ejections_active'])
    state.sets = undefined
  }
  rule.reset(slot.health)
  return ejects
}

/** The share of the ejected, this one included, is within the limit. */
function maySpare({ slots, stats }: ClusterState, { maxPercent }: Outlier): boolean {
  const ejected = stats.at(STAT['outlier_detection.ejections_active'])
  if ((100 * (ejected + 1)) / slots.length <= maxPercent) return true
  stats.add(STAT['outlier_detection.ejections_overflow'])
  return false
}

function eject(health: SlotHealth, { baseEjection, maxEjection }: Outlier, now: Millis): void {
  health.ejectedAt = now
  if (health.backoff * baseEjection < maxEjection + baseEjection) health.backoff += 1
}

/**
 * One tick of the interval: who has been out for base time times ejections, at most the longest time, comes back with no failures counted;
 * who has been back for an interval has an ejection less to count. Returns who came back.
 */
export function sweepEjections(state: ClusterState, now: Millis): readonly EndpointSlot[] {
  const { outlier } = state.cluster
  if (outlier === undefined) return []
  const back = state.slots.filter(({ health }) => isOver(health, outlier, now))
  for (const { health } of back) {
    const { backoff } = health
    Object.assign(health, freshHealth(), { backoff, returnedAt: now })
    state.stats.add(STAT['outlier_detection.ejections_active'], -1)
  }
  if (back.length > 0) state.sets = undefined
  for (const { health } of state.slots) {
    if (health.ejectedAt === undefined && health.backoff > 0 && now - health.returnedAt >= outlier.interval) health.backoff -= 1
  }
  return back
}

function isOver({ ejectedAt, backoff }: SlotHealth, { baseEjection, maxEjection }: Outlier, now: Millis): boolean {
  return ejectedAt !== undefined && now - ejectedAt >= Math.min(baseEjection * backoff, maxEjection)
}

/** The next tick after `now`, counted from when the detector began; undefined while a tick would change nothing. */
export function nextTick({ cluster: { outlier }, slots, detectsSince }: ClusterState, now: Millis): Millis | undefined {
  if (outlier === undefined || !slots.some(({ health }) => health.ejectedAt !== undefined || health.backoff > 0)) return undefined
  return detectsSince + (Math.floor((now - detectsSince) / outlier.interval) + 1) * outlier.interval
}
