// One simulated rollout under whoever leads it: the controller's own functions, or a stand-in for Flagger's or Argo's. All of them see the
// same service; what they do with the traffic is theirs.

import type { Plan } from '../canary/plan.ts'
import { BEGIN_SECOND, PUSH_SECONDS, SimulatedTraffic } from './traffic.ts'
import type { SimulatedService } from './service.ts'

/** What becomes of the rollout at a look. */
export type Move =
  | { readonly kind: 'stay' }
  | { readonly kind: 'weigh'; readonly weight: number }
  | { readonly kind: 'roll-back'; readonly by: 'evidence' | 'checks'; readonly because: string }
  /** `after`: seconds until all traffic can be given to the new version. */
  | { readonly kind: 'promote'; readonly after: number }

/** Who leads a rollout. Seconds are counted from when the canary can have traffic, as its pods are ready. */
export interface Leader {
  /** Counters are read each so many seconds. */
  readonly grain: number
  /** The second of its next look. */
  readonly next: number
  /** Looks; the traffic is served until `at`. */
  look(traffic: SimulatedTraffic, at: number): Move
}

/** How a rollout ended. Seconds are counted from when the canary can have traffic. */
export interface Run {
  /** held: neither within LONGEST_SECONDS. */
  readonly outcome: 'rolled-back' | 'promoted' | 'held'
  /** Until the canary's traffic was gone, or until the new version had all of it. */
  readonly seconds: number
  /** Requests that the canary served until then, and failed. */
  readonly requests: number
  readonly failed: number
  /** The weights that were decided, percent. */
  readonly weights: readonly Weighed[]
  /** Who rolled it back; undefined where nobody did. */
  readonly by: 'evidence' | 'checks' | undefined
  /** Why; '' where it was not rolled back. */
  readonly because: string
}

/** A weight, and the second when it was decided. */
export interface Weighed {
  readonly at: number
  readonly weight: number
}

/** After so long nobody waits any more. */
export const LONGEST_SECONDS = 7_200

/** Leads a rollout to its end. The first weight is in force at once, each later one after PUSH_SECONDS. */
export function lead(leader: Leader, service: SimulatedService): Run {
  const traffic = new SimulatedTraffic(service)
  const weights: Weighed[] = []
  for (let at = leader.next, from = BEGIN_SECOND; at <= LONGEST_SECONDS; from = at, at = leader.next) {
    readUntil(traffic, { from, to: at, grain: leader.grain })
    const move = leader.look(traffic, at)
    switch (move.kind) {
      case 'stay':
        break
      case 'weigh':
        traffic.weigh(move.weight, weights.length === 0 ? at : at + PUSH_SECONDS)
        weights.push({ at, weight: move.weight })
        break
      case 'roll-back':
        weights.push({ at, weight: 0 })
        return ended(
          traffic,
          { from: at, to: at + PUSH_SECONDS, grain: leader.grain },
          { outcome: 'rolled-back', weights, by: move.by, because: move.because }
        )
      case 'promote': {
        const taken = at + move.after
        readUntil(traffic, { from: at, to: taken, grain: leader.grain })
        return ended(
          traffic,
          { from: taken, to: taken + PUSH_SECONDS, grain: leader.grain },
          { outcome: 'promoted', weights, by: undefined, because: '' }
        )
      }
    }
  }
  const rest = { from: LONGEST_SECONDS, to: LONGEST_SECONDS, grain: leader.grain }
  return ended(traffic, rest, { outcome: 'held', weights, by: undefined, because: '' })
}

/** In how many intervals a promoted canary's traffic goes back to the primary; 0: at once. */
export function stepsBack({ stepWeightPromotion: by }: Plan, weight: number): number {
  return by === 0 ? 0 : Math.ceil(weight / by)
}

/** The longest time that both of these are whole multiples of (Euclid). */
export function commonPart(one: number, other: number): number {
  return other === 0 ? one : commonPart(other, one % other)
}

interface Reading {
  readonly from: number
  readonly to: number
  readonly grain: number
}

function readUntil(traffic: SimulatedTraffic, { from, to, grain }: Reading): void {
  for (let at = (Math.floor(from / grain) + 1) * grain; at < to; at += grain) traffic.until(at)
  traffic.until(to)
}

function ended(traffic: SimulatedTraffic, reading: Reading, how: Pick<Run, 'outcome' | 'weights' | 'by' | 'because'>): Run {
  readUntil(traffic, reading)
  const { requests, failures } = traffic.until(reading.to).canary
  return { ...how, seconds: reading.to, requests, failed: failures }
}
