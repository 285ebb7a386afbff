// One stream of the gate: how much evidence it holds against the canary, and how much that the canary is safe at a larger weight. Relative
// bets compare both versions within a look, so that what befalls both cancels; absolute ones compare the canary with stable's history, and
// are made only while stable itself looks normal.

import { type Bet, halfPlaneBet, type Look, NO_LOOK } from './half-plane.ts'
import { boundOf, type History, rateOf } from './history.ts'
import type { StreamSettings } from './settings.ts'
import { logMean, logSum, robustGain, staked } from './wealth.ts'

/** What a stream knows; wealths are natural logarithms. */
export interface StreamState {
  /** By alternative. */
  readonly relative: readonly number[]
  readonly absolute: readonly number[]
  /** What both tests may still gain: a burst of failures that lasts a few seconds is one, however many looks see it. */
  readonly room: Room
  /** By margin of `proofMargins`: evidence that the canary is not worse by it. */
  readonly proofs: readonly number[]
  /** Stable's requests and bad ones, each look's weight halved in 30 s: the plug-in rate of the next look. */
  readonly recentRequests: number
  readonly recentBad: number
  /** All looks together. */
  readonly total: Look
}

interface Room {
  readonly relative: number
  readonly absolute: number
}

/** What is the same for all streams in a look. */
export interface LookTerms {
  /** Newly joining shares of the bettors against the canary, and of those for it. */
  readonly mass: number
  readonly proofMass: number
  /** The share that has not joined by the end of this look: it keeps its stake. */
  readonly waiting: number
  readonly warmingUp: boolean
  /** Whether stable's latest counts of this stream are within its history. */
  readonly stableNormal: boolean
  /** Since the look before, in seconds. */
  readonly seconds: number
}

/** No look gains more than so many nats in the relative test: two are the least that roll back. */
export const RELATIVE_CAP = 4.6
const ABSOLUTE_CAP = 3.2
const FULL_ROOM: Room = { relative: RELATIVE_CAP, absolute: ABSOLUTE_CAP }
/** None: what is known of a stream that an earlier controller left. */
export const NO_ROOM: Room = { relative: 0, absolute: 0 }
// In so many seconds failures are one burst: what one look may gain is to be had again after them.
const BURST = 5
/** Proofs allow for so many times stable's rate beside their margin. */
export const PROOF_RATIO = 1.25
const HALF_LIFE = 30
// What history weighs beside the requests of the last minute.
const PRIOR_REQUESTS = 100
const LEAST_RATE = 2e-5
const MOST_RATE = 0.98
const MOST_ALTERNATIVE = 0.985
// Times `smallest`: what proofs are kept for. With the default of half a point: 0.25 to 50 points.
const PROOF_SCALE = [0.5, 1, 2, 4, 10, 20, 40, 100]
const MOST_MARGIN = 0.5

/** The differences for which a stream keeps proofs, rising. */
export function proofMargins(settings: StreamSettings): readonly number[] {
  const known = marginsKnown.get(settings)
  if (known !== undefined) return known
  const margins = PROOF_SCALE.map((scale) => Math.min(MOST_MARGIN, scale * settings.smallest))
  marginsKnown.set(settings, margins)
  return margins
}

// Asked several times a look, of settings that stay.
const marginsKnown = new WeakMap<StreamSettings, readonly number[]>()

/** A stream before its first look. */
export function newStream(settings: StreamSettings): StreamState {
  const none = settings.effects.map(() => -Infinity)
  return {
    relative: none,
    absolute: settings.absolute === undefined ? [] : none,
    room: FULL_ROOM,
    proofs: PROOF_SCALE.map(() => -Infinity),
    recentRequests: 0,
    recentBad: 0,
    total: NO_LOOK
  }
}

/** The stream after a look. */
export function streamAfter(
  state: StreamState,
  look: Look,
  terms: LookTerms,
  known: { settings: StreamSettings; history: History }
): StreamState {
  const { settings, history } = known
  const rate = plugInRate(state, history)
  const margin = terms.warmingUp ? settings.warmUpMargin : settings.margin
  const fade = 0.5 ** (terms.seconds / HALF_LIFE)
  const room = refilled(state.room, terms.seconds)
  const relative =
    margin === undefined
      ? unbet(state.relative, terms.mass)
      : relativeAfter(state.relative, look, terms, { rate, margin, cap: room.relative, ...known })
  const absolute = absoluteAfter(state.absolute, look, terms, { margin, cap: room.absolute, ...known })
  return {
    relative: relative.wealths,
    absolute: absolute.wealths,
    room: { relative: room.relative - relative.gained, absolute: room.absolute - absolute.gained },
    proofs: proofsAfter(state.proofs, look, terms, { rate, ...known }),
    recentRequests: (state.recentRequests + look.stableRequests) * fade,
    recentBad: (state.recentBad + look.stableBad) * fade,
    total: sumOf(state.total, look)
  }
}

/** Evidence against the canary: the logarithm of an e-process under "within the tolerance". */
export function evidenceOf({ relative, absolute }: StreamState, waiting: number): number {
  const relativeAlone = absolute.length === 0 || absolute[0] === -Infinity
  const bets = relativeAlone ? logMean(relative) : logSum(logMean(relative), logMean(absolute)) - Math.LN2
  return logSum(bets, Math.log(waiting))
}

/** Evidence that the canary is not worse by `margin`: that of the largest margin kept which is no larger. Rates in 0..1. */
export function proofFor({ proofs }: StreamState, margin: number, settings: StreamSettings): number {
  let best = -Infinity
  const margins = proofMargins(settings)
  for (let index = 0; index < margins.length; index++) {
    if ((margins[index] ?? Infinity) <= margin + 1e-9) best = proofs[index] ?? best
  }
  return best
}

function plugInRate({ recentRequests, recentBad }: StreamState, history: History): number {
  const rate = (recentBad + PRIOR_REQUESTS * rateOf(history)) / (recentRequests + PRIOR_REQUESTS)
  return Math.min(MOST_RATE, Math.max(LEAST_RATE, rate))
}

interface Known {
  readonly settings: StreamSettings
  readonly history: History
}

/** Wealths after a look, and the most that one of them gained. */
interface Bets {
  readonly wealths: readonly number[]
  readonly gained: number
}

function relativeAfter(
  wealths: readonly number[],
  look: Look,
  { mass }: LookTerms,
  { settings, history, rate, margin, cap }: Known & { readonly rate: number; readonly margin: number; readonly cap: number }
): Bets {
  const limit = settings.ratio * rate + margin
  const robustness = { dispersion: history.dispersion, cap }
  const edge = { ratio: settings.ratio, margin }
  return bet(wealths, mass, (index) => {
    const canary = Math.min(limit + (settings.effects[index] ?? 0), MOST_ALTERNATIVE)
    return canary <= limit ? 0 : robustGain(halfPlaneBet(look, { canary, stable: rate }, edge), robustness)
  })
}

// Without an objective or a history that bounds it, an absolute bettor never joins.
function absoluteAfter(
  wealths: readonly number[],
  look: Look,
  { mass, stableNormal }: LookTerms,
  { settings, history, margin, cap }: Known & { readonly margin: number | undefined; readonly cap: number }
): Bets {
  const bound = boundOf(history)
  if (settings.absolute === undefined || bound === undefined) return { wealths, gained: 0 }
  if (margin === undefined || !stableNormal) return unbet(wealths, mass)
  const limit = Math.max(settings.absolute.share, settings.ratio * bound + margin)
  const robustness = { dispersion: history.dispersion, cap }
  return bet(wealths, mass, (index) => {
    const canary = Math.min(limit + (settings.effects[index] ?? 0), MOST_ALTERNATIVE)
    return canary <= limit ? 0 : robustGain(oneSampleBet(look, canary, limit), robustness)
  })
}

function bet(wealths: readonly number[], mass: number, gainOf: (index: number) => number): Bets {
  let gained = 0
  const after = wealths.map((wealth, index) => {
    const gain = gainOf(index)
    gained = Math.max(gained, gain)
    return staked(wealth, mass, gain)
  })
  return { wealths: after, gained }
}

function refilled({ relative, absolute }: Room, seconds: number): Room {
  const part = Math.min(1, seconds / BURST)
  return {
    relative: Math.min(RELATIVE_CAP, relative + part * RELATIVE_CAP),
    absolute: Math.min(ABSOLUTE_CAP, absolute + part * ABSOLUTE_CAP)
  }
}

function oneSampleBet({ canaryRequests, canaryBad }: Look, canary: number, limit: number): Bet {
  const bad = Math.log(canary / limit)
  const good = Math.log1p((limit - canary) / (1 - limit))
  return {
    gain: canaryBad * bad + (canaryRequests - canaryBad) * good,
    growth: canaryRequests * (canary * bad + (1 - canary) * good),
    most: canaryRequests * bad
  }
}

function proofsAfter(
  wealths: readonly number[],
  look: Look,
  { proofMass }: LookTerms,
  { settings, history, rate }: Known & { readonly rate: number }
): readonly number[] {
  const margins = proofMargins(settings)
  const rates = { canary: rate, stable: rate }
  return wealths.map((wealth, index) => {
    if (wealth === -Infinity && proofMass === 0) return wealth
    const edge = { ratio: PROOF_RATIO, margin: margins[index] ?? MOST_MARGIN }
    return staked(wealth, proofMass, halfPlaneBet(look, rates, edge).gain / history.dispersion)
  })
}

function unbet(wealths: readonly number[], mass: number): Bets {
  return { wealths: mass === 0 ? wealths : wealths.map((wealth) => staked(wealth, mass, 0)), gained: 0 }
}

function sumOf(total: Look, look: Look): Look {
  return {
    canaryRequests: total.canaryRequests + look.canaryRequests,
    canaryBad: total.canaryBad + look.canaryBad,
    stableRequests: total.stableRequests + look.stableRequests,
    stableBad: total.stableBad + look.stableBad
  }
}
