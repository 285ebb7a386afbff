// How long it will take at this traffic: until the next step can be proven safe, and until a regression of some size is seen. Expected gains
// of a look, added up; what chance does to the time is left out.

import type { Millis } from '../std/clock.ts'
import { type Gate, nextMargin, proofOf } from './gate.ts'
import { halfPlaneBet } from './half-plane.ts'
import { NO_HISTORY, rateOf } from './history.ts'
import { isCounted, type StableShare, type StreamSettings } from './settings.ts'
import { PROOF_RATIO, RELATIVE_CAP } from './stream.ts'
import { robustGain } from './wealth.ts'

/** Requests a second that each version gets. */
export interface Traffic {
  readonly canary: number
  readonly stable: number
}

// What the gate pays for not knowing where evidence will come from: which effect, and when it starts; and what luck it must make up for.
const START_SHARE = 0.4
const LUCK = 0.4
// What a proof begins with at the end of the warm-up.
const FRESH = Math.log(0.7)
const NO_TRAFFIC: Traffic = { canary: 0, stable: 0 }

/** What each version gets of so much traffic when the canary has this share (0..1) of it. */
export function sidesOf(all: number, share: number, stable: Exclude<StableShare, 'its own'>): Traffic {
  return { canary: all * share, stable: all * (stable === 'rest' ? 1 - share : Math.min(share, 1 - share)) }
}

/** What each version gets in this stream at the present weight, when all traffic is what it was on average; undefined before the first look. */
export function trafficOf({ settings, streams, startedAt, lookedAt, exposed, ladder, step }: Gate, index = 0): Traffic | undefined {
  const total = streams[index]?.total
  const seconds = (lookedAt - startedAt) / 1000
  if (total === undefined || seconds <= 0) return undefined
  const { canaryRequests, stableRequests } = total
  const averages = { canary: canaryRequests / seconds, stable: stableRequests / seconds }
  // Averages of the canary's part are of all weights so far: at the first of them they say it better than the weight.
  if (step === 0) return averages
  const share = (ladder[step] ?? 100) / 100
  const { stableShare } = settings
  if (stableShare === 'rest') return sidesOf(averages.canary + averages.stable, share, stableShare)
  if (exposed <= 0) return averages
  // There is traffic that nobody counts: how much, the canary's requests and shares say.
  const all = canaryRequests / exposed
  return stableShare === 'even' ? sidesOf(all, share, stableShare) : { canary: all * share, stable: averages.stable }
}

/** Until the next step is proven when the canary is as good as stable; Infinity at no traffic. */
export function timeToProof(gate: Gate, traffic: Traffic, look: Millis): Millis {
  const wanted = -Math.log(gate.settings.beta) + LUCK
  let most = 0
  for (const [index, settings] of gate.settings.streams.entries()) {
    const history = gate.histories[index] ?? NO_HISTORY
    const rate = rateOf(history)
    const proof = proofOf(gate, index)
    const missing = wanted - (proof === -Infinity ? FRESH : proof)
    if (missing <= 0) continue
    const edge = { ratio: PROOF_RATIO, margin: nextMargin(gate, settings) }
    // Events that others count are not the requests.
    const events = isCounted(settings.bad) ? (trafficOf(gate, index) ?? NO_TRAFFIC) : traffic
    const { growth } = halfPlaneBet(expectedLook(events, look), { canary: rate, stable: rate }, edge)
    most = Math.max(most, growth <= 0 ? Infinity : (missing * history.dispersion) / growth)
  }
  return Math.ceil(most) * look
}

/** Until a canary whose rate in this stream is higher by `more` (0..1) has been found out, warm-up not counted; Infinity when it is tolerated. */
export function timeToDetection(
  gate: Gate,
  index: number,
  more: number,
  { traffic, look }: { readonly traffic: Traffic; readonly look: Millis }
): Millis {
  const settings = gate.settings.streams[index]
  if (settings === undefined) return Infinity
  const history = gate.histories[index] ?? NO_HISTORY
  const stable = rateOf(history)
  const canary = Math.min(1, stable + more)
  const wanted = -Math.log(gate.settings.alpha) + Math.log(settings.effects.length / START_SHARE / settings.weight)
  const gains = settings.effects.map((effect) =>
    expectedGain(settings, { effect, stable, canary, dispersion: history.dispersion }, expectedLook(traffic, look))
  )
  const best = Math.max(...gains)
  return best <= 0 ? Infinity : Math.ceil(wanted / best) * look
}

interface Truth {
  readonly effect: number
  readonly stable: number
  readonly canary: number
  readonly dispersion: number
}

function expectedGain({ ratio, margin }: StreamSettings, { effect, stable, canary, dispersion }: Truth, look: ExpectedLook): number {
  const alternative = Math.min(ratio * stable + margin + effect, 0.985)
  if (alternative <= ratio * stable + margin) return 0
  const counts = { ...look, canaryBad: look.canaryRequests * canary, stableBad: look.stableRequests * stable }
  return robustGain(halfPlaneBet(counts, { canary: alternative, stable }, { ratio, margin }), { dispersion, cap: RELATIVE_CAP })
}

type ExpectedLook = Parameters<typeof halfPlaneBet>[0]

function expectedLook({ canary, stable }: Traffic, look: Millis): ExpectedLook {
  return { canaryRequests: (canary * look) / 1000, canaryBad: 0, stableRequests: (stable * look) / 1000, stableBad: 0 }
}
