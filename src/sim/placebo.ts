// Placebo rollouts: the gate on history, one pod of stable at a time as if it were the canary, against the others in the same seconds. Every
// rollback is a false one. The same gate as in a rollout; only who the canary is is pretended.

import { explained } from '../gate/explain.ts'
import { type Gate, look, newGate } from '../gate/gate.ts'
import type { Look } from '../gate/half-plane.ts'
import { type History, historyOf, type PodLook } from '../gate/history.ts'
import type { GateSettings } from '../gate/settings.ts'
import type { Millis } from '../std/clock.ts'
import type { PodLookCounts, PodTraffic } from './pod-traffic.ts'

/** How placebo rollouts are made. */
export interface PlaceboTerms {
  readonly settings: GateSettings
  /** How long one is, in looks. */
  readonly length: number
  /** Looks of which the history is made. */
  readonly past: number
}

/** One that was rolled back. */
export interface FalseRollback {
  readonly at: Millis
  readonly pod: string
  readonly sentence: string
}

/** What became of one gate. */
export interface Replay {
  readonly gate: Gate
  /** Decimal logarithm of the most evidence at any look. */
  readonly most: number
}

/** The looks from which placebo rollouts may begin: every `length`, where there is history before, and nothing of `left out` in them. */
export function windowsOf(traffic: PodTraffic, { length, past }: PlaceboTerms, leftOut: readonly Span[]): readonly number[] {
  const first = Math.min(past, Math.floor(traffic.looks / 4))
  const windows: number[] = []
  for (let from = first; from + length <= traffic.looks; from += length) {
    if (!leftOut.some((span) => span.from < from + length && span.to > from)) windows.push(from)
  }
  return windows
}

/** Looks, the last one not among them. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** Looks that are replayed, and what each pod that was seen in some of them was asked. */
export interface Stretch extends Span {
  readonly requests: ReadonlyMap<string, number>
}

/** These looks of the traffic. */
export function stretchOf(traffic: PodTraffic, { from, to }: Span): Stretch {
  const requestsOf = (pod: string): number => {
    let requests = 0
    for (let at = from; at < to; at++) requests += traffic.counts(pod, at).requests
    return requests
  }
  return { from, to, requests: new Map(traffic.podsIn(from, to).map((pod) => [pod, requestsOf(pod)])) }
}

/** The pods that can be the canary of a rollout over these looks: there all the time, and asked something in half of it. */
export function placebosIn(traffic: PodTraffic, { from, to, requests }: Stretch): readonly string[] {
  return [...requests.keys()].filter((pod) => {
    let [there, asked] = [0, 0]
    for (let at = from; at < to; at++) {
      if (!traffic.has(pod, at)) continue
      there += 1
      if (traffic.counts(pod, at).requests > 0) asked += 1
    }
    return there >= 0.95 * (to - from) && asked >= 0.5 * (to - from)
  })
}

/** A stream's history of all pods in the looks before `end`. */
export function historiesBefore(traffic: PodTraffic, end: number, { settings, past }: PlaceboTerms): readonly History[] {
  const looks = allLooks(traffic, { from: Math.max(0, end - past), to: end })
  return settings.streams.map((_, index) => historyOf(looks.map((each) => podLook(each, settings, index, traffic.grid.edges))))
}

// What pods served in these looks, each pod and look by itself; of very many, every so manieth look.
function allLooks(traffic: PodTraffic, { from, to }: Span): readonly PodLookCounts[] {
  const found: PodLookCounts[] = []
  const pods = traffic.podsIn(from, to)
  const stride = Math.max(1, Math.ceil((pods.length * (to - from)) / HISTORY_MOST))
  for (const pod of pods) {
    for (let at = from; at < to; at += stride) if (traffic.has(pod, at)) found.push(traffic.counts(pod, at))
  }
  return found
}

/** A gate as it begins: what it is asked, and what is known of stable. */
export interface Begun {
  readonly settings: GateSettings
  readonly histories: readonly History[]
}

/** Runs the gate over these looks, with some pods as the canary and all others as stable; undefined where there are no others. */
export function replay(
  traffic: PodTraffic,
  stretch: Stretch,
  canary: ReadonlySet<string>,
  { settings, histories }: Begun
): Replay | undefined {
  const { grid } = traffic
  const others = [...stretch.requests.keys()].filter((pod) => !canary.has(pod))
  const startedAt = grid.start + (stretch.from - 1) * grid.look
  let gate = newGate(settings, [weightOf(stretch, canary)], startedAt, histories)
  let [most, compared] = [0, 0]
  for (let at = stretch.from; at < stretch.to && gate.verdict.kind !== 'rollback'; at++) {
    const looks = looksAt(traffic, at, { canary, others }, settings)
    if (looks === undefined) continue
    compared += 1
    gate = look(gate, { kind: 'counts', at: grid.start + at * grid.look, looks })
    most = Math.max(most, gate.evidence)
  }
  return compared === 0 ? undefined : { gate, most: most / Math.LN10 }
}

/** What a gate says of a placebo, in the words of a rollout. */
export function placeboSentence(gate: Gate, canary: string, look: Millis): string {
  return explained(gate, { canary, stable: 'the others', look })
}

// As many looks of pods tell the dispersion well enough.
const HISTORY_MOST = 20_000

interface Sides {
  readonly canary: ReadonlySet<string>
  readonly others: readonly string[]
}

// undefined where one side was not seen: no look, as when a scrape is missing.
function looksAt(traffic: PodTraffic, at: number, { canary, others }: Sides, settings: GateSettings): readonly Look[] | undefined {
  const ofCanary = [...canary].filter((pod) => traffic.has(pod, at)).map((pod) => traffic.counts(pod, at))
  const ofOthers = others.filter((pod) => traffic.has(pod, at)).map((pod) => traffic.counts(pod, at))
  if (ofCanary.length === 0 || ofOthers.length === 0) return undefined
  return settings.streams.map((_, index) => {
    const [one, other] = [ofCanary, ofOthers].map((side) => summed(side.map((each) => podLook(each, settings, index, traffic.grid.edges))))
    return {
      canaryRequests: one?.requests ?? 0,
      canaryBad: one?.bad ?? 0,
      stableRequests: other?.requests ?? 0,
      stableBad: other?.bad ?? 0
    }
  })
}

function podLook(counts: PodLookCounts, { streams }: GateSettings, index: number, edges: readonly Millis[]): PodLook {
  const bad = streams[index]?.bad ?? 'failed'
  if (bad === 'failed') return { requests: counts.requests, bad: counts.failures }
  if ('slowerThan' in bad) return { requests: counts.timed, bad: counts.slower[edges.indexOf(bad.slowerThan)] ?? 0 }
  return { requests: 0, bad: 0 }
}

function summed(looks: readonly PodLook[]): PodLook {
  let [requests, bad] = [0, 0]
  for (const each of looks) {
    requests += each.requests
    bad += each.bad
  }
  return { requests, bad }
}

// The canary's share of the requests, whole percent.
function weightOf({ requests }: Stretch, canary: ReadonlySet<string>): number {
  let [own, all] = [0, 0]
  for (const [pod, count] of requests) {
    all += count
    if (canary.has(pod)) own += count
  }
  return Math.min(100, Math.max(1, Math.round((100 * own) / Math.max(1, all))))
}
