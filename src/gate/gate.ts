// The gate: one running number for a rollout, the evidence that the canary is worse than stable by more than is tolerated, and its mirror
// image for the next weight. Roll back the first time the first reaches 1/alpha (Ville's inequality: a canary within the tolerance ever gets
// there with a chance of alpha at most, whatever the number of looks, weights, pauses), advance when the second reaches 1/beta.

import { assert } from '../std/bug.ts'
import type { Millis } from '../std/clock.ts'
import { type Look, NO_LOOK } from './half-plane.ts'
import { boundOf, type History, NO_HISTORY, rateOf } from './history.ts'
import { isWithin } from './poisson.ts'
import { ERRORS, type GateSettings, type StreamSettings, USUAL_LOOK } from './settings.ts'
import { evidenceOf, newStream, proofFor, type StreamState, streamAfter } from './stream.ts'
import type { Verdict } from './verdict.ts'
import { logSum } from './wealth.ts'

/** Counts since the look before, by stream, or that there are none of one of the versions. */
export type Sample =
  | {
      readonly kind: 'counts'
      readonly at: Millis
      readonly looks: readonly Look[]
      /** By stream: since when its counts are, where that is before the look before. */
      readonly since?: readonly (Millis | undefined)[]
    }
  /** expected: there were some at this exposure, or nobody can say; unexpected: as far as is known nobody sends anything. */
  | { readonly kind: 'missing'; readonly at: Millis; readonly counts: 'expected' | 'unexpected' }

/** A rollout's evidence. */
export interface Gate {
  readonly settings: GateSettings
  /** By stream. */
  readonly histories: readonly History[]
  /** Percent of the traffic at each step, rising; after the last comes all of it. */
  readonly ladder: readonly number[]
  readonly step: number
  /** When the canary got its first traffic, and when the step began. */
  readonly startedAt: Millis
  readonly stepAt: Millis
  /** The end of the latest look with counts. */
  readonly lookedAt: Millis
  /** The canary's share of the traffic (0..1) times the seconds that it had it: its requests divided by it are those of all traffic in a second. */
  readonly exposed: number
  readonly masses: Masses
  readonly streams: readonly StreamState[]
  /** Stable's looks of the last half minute, oldest first. */
  readonly recent: readonly RecentLook[]
  /** Since when stable itself fails. */
  readonly unhealthySince: Millis | undefined
  /** Natural logarithm of the evidence against the canary. */
  readonly evidence: number
  readonly verdict: Verdict
}

/** The shares of the bettors that have joined, and that are to join at the next look. */
interface Masses {
  readonly spent: number
  readonly proofSpent: number
  readonly due: number
  readonly proofDue: number
  /** Released for beginnings of steps and the end of the warm-up, and with time. */
  readonly events: number
  readonly steady: number
  readonly warmedUp: boolean
}

/** What stable served in one look. */
export interface RecentLook {
  readonly at: Millis
  /** By stream. */
  readonly requests: readonly number[]
  readonly bad: readonly number[]
}

const FIRST_MASS = 0.4
const EVENT_MASS = 0.06
const EVENTS_MOST = 0.3
const STEADY_MASS = 0.3
const STEADY_SECONDS = 3600
// Released twice, at the first look and when the canary is warm: what it serves well while it is cold counts for it, what it fails is forgiven.
const PROOF_FIRST_MASS = 0.35
const PROOF_EVENT_MASS = 0.0375
const RECENT: Millis = 30_000
const SUSPICION = Math.log(5)
const WEAK_PROOF = Math.log(3)
const UNHEALTHY_COUNT = 5
const UNHEALTHY_RATE = 0.01

/** A gate whose canary has had traffic since `at`, at the first weight of `ladder` (percent, rising, not empty). */
export function newGate(settings: GateSettings, ladder: readonly number[], at: Millis, histories: readonly History[] = []): Gate {
  return {
    settings,
    histories: settings.streams.map((_, index) => histories[index] ?? NO_HISTORY),
    ladder,
    step: 0,
    startedAt: at,
    stepAt: at,
    lookedAt: at,
    exposed: 0,
    masses: { spent: 0, proofSpent: 0, due: FIRST_MASS, proofDue: PROOF_FIRST_MASS, events: 0, steady: 0, warmedUp: false },
    streams: settings.streams.map(newStream),
    recent: [],
    unhealthySince: undefined,
    evidence: 0,
    verdict: { kind: 'hold', reason: 'warm-up' }
  }
}

/** The gate when traffic has been moved to another step of its ladder. */
export function atStep(gate: Gate, step: number, at: Millis): Gate {
  const { masses } = gate
  const released = Math.min(EVENT_MASS, EVENTS_MOST - masses.events)
  const proof = masses.warmedUp ? PROOF_EVENT_MASS : 0
  // What was proven was that this step is safe, not the one after it.
  const verdict: Verdict = gate.verdict.kind === 'advance' ? { kind: 'hold', reason: 'dwell' } : gate.verdict
  return {
    ...gate,
    step,
    stepAt: at,
    verdict,
    masses: { ...masses, due: masses.due + released, events: masses.events + released, proofDue: masses.proofDue + proof }
  }
}

/** One look at the evidence. Looks come in the order of time; one that is not later than the last changes nothing. */
export function look(gate: Gate, sample: Sample): Gate {
  if (sample.at <= gate.lookedAt || gate.verdict.kind === 'rollback') return gate
  if (sample.kind === 'missing') return { ...gate, verdict: withoutCounts(gate, sample) }
  const seconds = (sample.at - gate.lookedAt) / 1000
  // A look that has any of it in it is not judged: not the end of a look counts, but its beginning.
  const settled = settledAt(gate)
  const masses = massesAfter(gate.masses, seconds, sample.at - gate.startedAt > gate.settings.warmUp)
  const recent = recentAfter(gate.recent, sample)
  const waiting = 1 - masses.spent
  const terms = { mass: masses.due, proofMass: masses.proofDue, waiting, seconds }
  const streams = gate.streams.map((state, index) => {
    const known = { settings: settingsOf(gate, index), history: gate.histories[index] ?? NO_HISTORY }
    const warmingUp = Math.min(gate.lookedAt, sample.since?.[index] ?? Infinity) < settled
    const stableNormal = isNormal(recent, index, known.history)
    return streamAfter(state, sample.looks[index] ?? NO_LOOK, { ...terms, warmingUp, stableNormal }, known)
  })
  const unhealthySince = isUnhealthy(gate, recent) ? (gate.unhealthySince ?? sample.at) : undefined
  const exposed = gate.exposed + exposedIn(gate, sample.at)
  return judged({ ...gate, masses: { ...masses, due: 0, proofDue: 0 }, streams, recent, unhealthySince, exposed, lookedAt: sample.at })
}

/** The gate with its evidence and its verdict as of its latest look, which follow from all else. */
export function judged(gate: Gate): Gate {
  const evidence = totalEvidence(gate)
  return { ...gate, evidence, verdict: verdictOf({ ...gate, evidence }) }
}

/** The difference that must be excluded in a stream before the step after the present one: the larger the weight, the smaller (0..1). */
export function nextMargin({ ladder, step }: Gate, { smallest }: StreamSettings): number {
  return Math.min(0.5, (100 * smallest) / (ladder[step + 1] ?? 100))
}

/** Evidence that the step after the present one is safe: the least of all streams, as a natural logarithm. */
export function proofOfNext(gate: Gate): number {
  return leastProven(gate).proof
}

/** The stream with the least evidence that the step after the present one is safe. */
export function leastProven(gate: Gate): { readonly index: number; readonly proof: number } {
  let least = { index: 0, proof: Infinity }
  for (const index of gate.streams.keys()) {
    const proof = proofOf(gate, index)
    if (proof < least.proof) least = { index, proof }
  }
  return least
}

/** Evidence of one stream that the step after the present one is safe. */
export function proofOf(gate: Gate, index: number): number {
  const settings = settingsOf(gate, index)
  const state = gate.streams[index]
  return state === undefined ? -Infinity : proofFor(state, nextMargin(gate, settings), settings)
}

function settingsOf({ settings }: Gate, index: number): StreamSettings {
  const found = settings.streams[index]
  assert(found !== undefined, `no stream ${index}`)
  return found
}

// When the canary is warm, and its present share of the traffic in force everywhere and settled.
function settledAt({ settings, startedAt, step, stepAt }: Gate): Millis {
  const warm = startedAt + settings.warmUp
  return step === 0 ? warm : Math.max(warm, stepAt + settings.settle + settings.pushDelay)
}

// Until a change is in force the share is that of the step before.
function exposedIn({ settings, ladder, step, stepAt, lookedAt }: Gate, at: Millis): number {
  const since = Math.min(at, Math.max(lookedAt, stepAt + settings.pushDelay))
  const [before, now] = [ladder[step - 1] ?? 0, ladder[step] ?? 100]
  return (before * (since - lookedAt) + now * (at - since)) / 100_000
}

// The masses with what joins at this look as due.
function massesAfter(masses: Masses, seconds: number, warm: boolean): Masses {
  const warmedNow = warm && !masses.warmedUp
  const released = warmedNow ? Math.min(EVENT_MASS, EVENTS_MOST - masses.events) : 0
  const steady = Math.min((STEADY_MASS * seconds) / STEADY_SECONDS, STEADY_MASS - masses.steady)
  const due = masses.due + released + steady
  const proofDue = masses.proofDue + (warmedNow ? PROOF_FIRST_MASS : 0)
  return {
    due,
    proofDue: Math.min(proofDue, 1 - masses.proofSpent),
    spent: masses.spent + due,
    proofSpent: Math.min(1, masses.proofSpent + proofDue),
    events: masses.events + released,
    steady: masses.steady + steady,
    warmedUp: warm || masses.warmedUp
  }
}

// Short looks are kept together as far as a usual one goes: however short they are, there is no more to keep.
function recentAfter(recent: readonly RecentLook[], { at, looks }: Extract<Sample, { kind: 'counts' }>): readonly RecentLook[] {
  const now = { at, requests: looks.map((each) => each.stableRequests), bad: looks.map((each) => each.stableBad) }
  const kept = recent.filter((each) => each.at > at - RECENT)
  const [before, last] = [kept.at(-2), kept.at(-1)]
  if (before === undefined || last === undefined || at - before.at > USUAL_LOOK) return [...kept, now]
  const sums = (these: readonly number[], those: readonly number[]): readonly number[] =>
    these.map((each, index) => each + (those[index] ?? 0))
  return [...kept.slice(0, -1), { at, requests: sums(now.requests, last.requests), bad: sums(now.bad, last.bad) }]
}

function recentCounts(recent: readonly RecentLook[], index: number): { readonly requests: number; readonly bad: number } {
  let [requests, bad] = [0, 0]
  for (const each of recent) {
    requests += each.requests[index] ?? 0
    bad += each.bad[index] ?? 0
  }
  return { requests, bad }
}

function isNormal(recent: readonly RecentLook[], index: number, history: History): boolean {
  const bound = boundOf(history)
  const { requests, bad } = recentCounts(recent, index)
  return bound !== undefined && isWithin(bad, requests, bound, history.dispersion)
}

function isUnhealthy({ settings, histories }: Gate, recent: readonly RecentLook[]): boolean {
  return settings.streams.some(({ bad: what }, index) => {
    if (what !== 'failed') return false
    const { requests, bad } = recentCounts(recent, index)
    return bad >= UNHEALTHY_COUNT && bad > requests * Math.max(UNHEALTHY_RATE, 3 * rateOf(histories[index] ?? NO_HISTORY))
  })
}

function totalEvidence({ settings, streams, masses }: Pick<Gate, 'settings' | 'streams' | 'masses'>): number {
  let sum = -Infinity
  for (const [index, state] of streams.entries()) {
    sum = logSum(sum, Math.log(settings.streams[index]?.weight ?? 0) + evidenceOf(state, 1 - masses.spent))
  }
  return sum
}

function verdictOf(gate: Gate): Verdict {
  const { settings, evidence, unhealthySince, lookedAt: at } = gate
  if (evidence >= -Math.log(settings.alpha)) return { kind: 'rollback', stream: mostGuilty(gate) }
  if (unhealthySince !== undefined) {
    if (at - unhealthySince >= settings.sharedOutageTimeout) return { kind: 'retreat', reason: 'shared-outage' }
    return { kind: 'hold', reason: 'stable-unhealthy' }
  }
  if (at <= settledAt(gate)) return { kind: 'hold', reason: 'warm-up' }
  if (evidence > SUSPICION) return { kind: 'hold', reason: 'suspicion' }
  if (at - gate.stepAt < settings.dwell) return { kind: 'hold', reason: 'dwell' }
  const proof = proofOfNext(gate)
  if (proof >= -Math.log(settings.beta)) return { kind: 'advance', proof: 'strong' }
  if (at - gate.stepAt < settings.maxStep) return { kind: 'hold', reason: 'not-proven' }
  return proof >= WEAK_PROOF && evidence <= 0 ? { kind: 'advance', proof: 'weak' } : { kind: 'hold', reason: 'unproven' }
}

function mostGuilty({ settings, streams, masses }: Gate): string {
  const weighed = streams.map((state, index) => Math.log(settings.streams[index]?.weight ?? 0) + evidenceOf(state, 1 - masses.spent))
  return settings.streams[weighed.indexOf(Math.max(...weighed))]?.name ?? ERRORS.name
}

function withoutCounts(gate: Gate, { at, counts }: Extract<Sample, { kind: 'missing' }>): Verdict {
  if (counts === 'expected' && at - gate.lookedAt >= gate.settings.blindTimeout) return { kind: 'retreat', reason: 'blind' }
  return { kind: 'hold', reason: 'no-counts' }
}
