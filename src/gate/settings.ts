// What a gate is asked to hold, as data with its defaults: error rates of the test, tolerances, times. The defaults are those of the
// simulations in docs/gate.md; rates and shares are in 0..1, a point is 0.01.

import type { Millis } from '../std/clock.ts'
import { sum } from '../std/sum.ts'

/** What makes a request bad. */
export type Bad = 'failed' | { readonly slowerThan: Millis } | Counted

/** Events that somebody else counts, and the bad ones among them (counted.ts). */
export interface Counted {
  readonly counted: string
}

/** A stream: one way in which a request can be bad. Each is tested by itself; their evidence is averaged by weight. */
export interface StreamSettings {
  /** As verdicts name it: `errors`, `slower than 500 ms`. */
  readonly name: string
  /** Which requests are bad: those that failed, or those that took longer than an edge of the histogram. */
  readonly bad: Bad
  /** Tolerated: a canary rate of at most `ratio` times stable's rate and `margin` more. */
  readonly ratio: number
  readonly margin: number
  /** The margin while the canary warms up and settles; undefined: no bets then. */
  readonly warmUpMargin: number | undefined
  /** How far beyond what is tolerated the alternatives lie. */
  readonly effects: readonly number[]
  /** The smallest difference that matters when all traffic has it: what a promotion must exclude. */
  readonly smallest: number
  /** Its share of the evidence; the shares of all streams sum to 1. */
  readonly weight: number
  /** Whether history bounds it too; `share` is what an objective allows whatever history says. */
  readonly absolute: { readonly share: number } | undefined
}

/**
 * What stable gets of the traffic beside a canary: `rest`, all that the canary has not; `even`, as much as the canary, as far as that is left,
 * where a fresh copy of it stands beside the canary; `its own`, as much as somebody leads to it, whatever the canary has.
 */
export type StableShare = 'rest' | 'even' | 'its own'

/** What a gate is asked to hold. */
export interface GateSettings {
  /** The chance that a canary within the tolerance is ever rolled back, for a rollout. */
  readonly alpha: number
  /** The chance that a canary which is worse by `smallest` reaches all traffic. */
  readonly beta: number
  readonly streams: readonly StreamSettings[]
  /** Between the decision for a weight and its being in force everywhere. */
  readonly pushDelay: Millis
  /** From the first look: errors have a wide margin, latency is not judged, nothing advances. */
  readonly warmUp: Millis
  /** The same after each change of weight, on top of the push delay. */
  readonly settle: Millis
  /** The shortest stay at a weight. */
  readonly dwell: Millis
  /** After so long at a weight weak evidence is enough, or somebody is asked. */
  readonly maxStep: Millis
  /** After so long of an outage of both versions the canary is taken off without blame. */
  readonly sharedOutageTimeout: Millis
  /** After so long without counts of the canary it is taken off without blame. */
  readonly blindTimeout: Millis
  /** For forecasts: evidence needs the counts alone. */
  readonly stableShare: StableShare
}

/** The usual time between two looks: as long as failures are likely to have one cause. */
export const USUAL_LOOK: Millis = 5_000
const SETTLE: Millis = 10_000
const BLIND: Millis = 60_000
const BLIND_LOOKS = 4

/**
 * What is different for looks of another length. Of a usual look the beginning is up to its length after a change has settled, and a version
 * that is still cold then is taken for a bad one: shorter looks wait for as much. Longer ones miss more when one of them fails.
 */
export function settingsFor(look: Millis): Pick<GateSettings, 'settle' | 'blindTimeout'> {
  return { settle: SETTLE + Math.max(0, USUAL_LOOK - look), blindTimeout: Math.max(BLIND, BLIND_LOOKS * look) }
}

const ERROR_EFFECTS = [0.003, 0.01, 0.03, 0.1, 0.3, 0.9]
const LATENCY_EFFECTS = [0.004, 0.01, 0.03, 0.1, 0.25, 0.5]

/** Requests that failed: 5xx and failed connections; clients that went away are left out. */
export const ERRORS: StreamSettings = {
  name: 'errors',
  bad: 'failed',
  ratio: 1.25,
  margin: 0.001,
  warmUpMargin: 0.05,
  effects: ERROR_EFFECTS,
  smallest: 0.005,
  weight: 1,
  absolute: { share: 0 }
}

/** Requests slower than an edge of the histogram; `share` is what the objective allows, when the edge is one. */
export function slowerThan(edge: Millis, share?: number): StreamSettings {
  return {
    name: `slower than ${edge} ms`,
    bad: { slowerThan: edge },
    ratio: 1.2,
    margin: 0.002,
    warmUpMargin: undefined,
    effects: LATENCY_EFFECTS,
    smallest: 0.01,
    weight: 1,
    absolute: share === undefined ? undefined : { share }
  }
}

/** Events that somebody else counts under this name. */
export function countedAs(name: string): StreamSettings {
  return { ...ERRORS, name, bad: { counted: name } }
}

/** True where the counts come from somebody else. */
export function isCounted(bad: Bad): bad is Counted {
  return typeof bad === 'object' && 'counted' in bad
}

/** The defaults for these streams: errors weigh 0.6, an objective's edge 0.2, the others share 0.2; what is absent is shared among the rest. */
export function gateSettings(streams: readonly StreamSettings[] = [ERRORS], changed: Partial<GateSettings> = {}): GateSettings {
  return {
    alpha: 0.01,
    beta: 0.05,
    pushDelay: 2_000,
    warmUp: 30_000,
    settle: SETTLE,
    dwell: 30_000,
    maxStep: 600_000,
    sharedOutageTimeout: 300_000,
    blindTimeout: BLIND,
    stableShare: 'rest',
    streams: weighted(streams),
    ...changed
  }
}

function weighted(streams: readonly StreamSettings[]): readonly StreamSettings[] {
  const rank = ({ bad, absolute }: StreamSettings): 'errors' | 'objective' | 'other' =>
    bad === 'failed' ? 'errors' : absolute === undefined || isCounted(bad) ? 'other' : 'objective'
  const count = (wanted: string): number => streams.filter((stream) => rank(stream) === wanted).length
  const shares = { errors: 0.6, objective: 0.2, other: 0.2 }
  const raw = streams.map((stream) => shares[rank(stream)] / count(rank(stream)))
  const whole = sum(raw)
  return streams.map((stream, index) => ({ ...stream, weight: (raw[index] ?? 0) / whole }))
}
