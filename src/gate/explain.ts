// A verdict in one sentence, with counts, comparison, margin, odds and harm: the same in status, Events, CLI, dashboard and alerts.

import type { Millis } from '../std/clock.ts'
import { exposureOf } from './exposure.ts'
import { timeToProof, trafficOf } from './forecast.ts'
import { type Gate, leastProven, nextMargin } from './gate.ts'
import { type Look, NO_LOOK } from './half-plane.ts'
import { ERRORS, isCounted, type StreamSettings } from './settings.ts'
import { PROOF_RATIO } from './stream.ts'
import type { HoldReason } from './verdict.ts'
import { asSentence, countText, durationText, percentText, pointsText } from './words.ts'

/** How the versions are called, and how long a look is. */
export interface Names {
  readonly canary: string
  readonly stable: string
  readonly look: Millis
  /** Why counters could not be read lately, where they could not. */
  readonly unread?: string | undefined
  /** Whether an advance is done, as it is unless something else is said, or only proven safe. */
  readonly advance?: 'done' | 'proven'
}

/** What the gate says after its latest look. */
export function explained(gate: Gate, names: Names): string {
  return asSentence(said(gate, names))
}

function said(gate: Gate, names: Names): string {
  const { verdict } = gate
  switch (verdict.kind) {
    case 'rollback':
      return rolledBack(gate, verdict.stream, names)
    case 'advance':
      return advanced(gate, verdict.proof, names)
    case 'hold':
      return `Holding at ${weight(gate)}: ${held(gate, verdict.reason, names)}`
    case 'retreat':
      return verdict.reason === 'blind'
        ? `Traffic taken off ${names.canary}: no counts of it for ${durationText(gate.settings.blindTimeout)}; not blamed on it.`
        : `Traffic taken off ${names.canary}: ${outage(gate, names)} for ${durationText(gate.settings.sharedOutageTimeout)}; not blamed on it.`
  }
}

function rolledBack(gate: Gate, stream: string, { canary, stable }: Names): string {
  const { settings, streams } = gate
  const index = settings.streams.findIndex(({ name }) => name === stream)
  const total = streams[index]?.total ?? NO_LOOK
  const excess = Math.round(exposureOf(gate, index).excess)
  const asked = settings.streams[index] ?? ERRORS
  const { did, some } = words(asked)
  return [
    `${canary} rolled back after ${durationText(gate.lookedAt - gate.startedAt)} at ${weight(gate)}: ${comparison(total, asked, { canary, stable })}.`,
    `If ${canary} were within tolerance, evidence this strong would appear in fewer than 1 of ${oneOf(gate.evidence)} rollouts (limit 1 of ${countText(1 / settings.alpha)}).`,
    `${countText(excess)} user ${some(excess)} ${did} because of ${canary}.`
  ].join(' ')
}

function advanced(gate: Gate, proof: 'strong' | 'weak', { canary, stable, advance = 'done' }: Names): string {
  const { settings, streams, ladder, step } = gate
  const errors = Math.max(
    0,
    settings.streams.findIndex(({ bad }) => bad === 'failed')
  )
  const asked = settings.streams[errors] ?? ERRORS
  const total = streams[errors]?.total ?? NO_LOOK
  const next = ladder[step + 1]
  const done = next === undefined ? 'Promoted' : `Advanced to ${next} %`
  const where = advance === 'done' ? done : `Safe for ${next ?? 100} %`
  const stableRate = total.stableRequests === 0 ? 0 : total.stableBad / total.stableRequests
  const most = pointsText(nextMargin(gate, asked) + (PROOF_RATIO - 1) * stableRate)
  const sure = proof === 'strong' ? `${percentText(1 - settings.beta)} confidence` : 'weak evidence only'
  const compared = `${requestsOf(canary, total.canaryRequests, words(asked))} compared.`
  return `${where}: with ${sure} ${canary} ${words(asked).does} at most ${most} more than ${stable}, which is what ${next ?? 100} % requires. ${compared}`
}

function held(gate: Gate, reason: HoldReason, names: Names): string {
  const { settings, startedAt, stepAt, lookedAt } = gate
  const { canary, stable, look } = names
  switch (reason) {
    case 'warm-up': {
      const first = startedAt + settings.warmUp - lookedAt
      const left = Math.max(first, gate.step > 0 ? stepAt + settings.settle + settings.pushDelay - lookedAt : 0)
      return `${canary} warms up for another ${durationText(Math.max(left, look))}.`
    }
    case 'dwell':
      return `the shortest stay at a weight is ${durationText(settings.dwell)}.`
    case 'stable-unhealthy':
      return `${outage(gate, names)}; not blamed on ${canary}.`
    case 'suspicion': {
      const index = mostSuspect(gate)
      const [total, stream] = [gate.streams[index]?.total ?? NO_LOOK, settings.streams[index] ?? ERRORS]
      return `evidence against ${canary} grows: ${comparison(total, stream, names)} (1 of ${oneOf(gate.evidence)}, rolled back at 1 of ${countText(1 / settings.alpha)}).`
    }
    case 'not-proven':
      return `${requests(gate, canary)} so far; ${moreTime(gate, look)} to exclude ${excluded(gate)}.`
    case 'unproven':
      return `${requests(gate, canary)} in ${durationText(lookedAt - stepAt)} are too few to exclude ${excluded(gate)}. Promote it by hand, or say that a larger difference is the smallest that matters.`
    case 'no-counts':
      if (names.unread) return `counters cannot be read: ${names.unread}.`
      return `no counts of ${canary} and ${stable} for the same seconds.`
  }
}

function comparison(
  { canaryRequests, canaryBad, stableRequests, stableBad }: Look,
  stream: StreamSettings,
  { canary, stable }: Pick<Names, 'canary' | 'stable'>
): string {
  const { did, some } = words(stream)
  return `${countText(canaryBad)} of ${canary}'s ${countText(canaryRequests)} ${some(2)} ${did}, against ${countText(stableBad)} of ${countText(stableRequests)} on ${stable} in the same seconds`
}

// The last half minute.
function outage({ recent, streams }: Gate, { canary, stable }: Names): string {
  const [requests, bad] = recent.reduce(([all, failed], each) => [all + (each.requests[0] ?? 0), failed + (each.bad[0] ?? 0)], [0, 0])
  const total = streams[0]?.total ?? NO_LOOK
  const ofCanary = total.canaryRequests === 0 ? '' : `, ${canary} ${percentText(total.canaryBad / total.canaryRequests)} so far`
  return `${stable} itself fails ${percentText(requests === 0 ? 0 : bad / requests)} of its requests${ofCanary}`
}

function mostSuspect({ streams }: Gate): number {
  const wealth = streams.map(({ relative, absolute }) => Math.max(...relative, ...absolute))
  return wealth.indexOf(Math.max(...wealth))
}

function requests(gate: Gate, canary: string): string {
  const { index } = leastProven(gate)
  const { canaryRequests = 0 } = gate.streams[index]?.total ?? {}
  return requestsOf(canary, canaryRequests, words(gate.settings.streams[index] ?? ERRORS))
}

// A version has its name before what is counted; without a name it is `the canary`.
function requestsOf(canary: string, number: number, { some }: Words): string {
  return canary.startsWith('the ') ? `${countText(number)} ${some(number)} of ${canary}` : `${countText(number)} ${canary} ${some(number)}`
}

function moreTime(gate: Gate, look: Millis): string {
  const traffic = trafficOf(gate)
  const left = traffic === undefined ? Infinity : timeToProof(gate, traffic, look)
  return Number.isFinite(left) ? `about ${durationText(Math.max(look, left))} more at this traffic` : 'without traffic there is no time'
}

function excluded(gate: Gate): string {
  const stream = gate.settings.streams[leastProven(gate).index] ?? ERRORS
  const more = `+${pointsText(nextMargin(gate, stream))}`
  return stream.bad === 'failed' || isCounted(stream.bad) ? more : `${more} ${stream.name}`
}

interface Words {
  readonly did: string
  readonly does: string
  /** What is counted, of so many. */
  readonly some: (count: number) => string
}

function words({ name, bad }: StreamSettings): Words {
  const some = (what: string) => (number: number) => `${what}${number === 1 ? '' : 's'}`
  if (bad === 'failed') return { did: 'failed', does: 'fails', some: some('request') }
  if (isCounted(bad)) return { did: 'were bad', does: 'is bad', some: some(`${name} event`) }
  return { did: `were ${name}`, does: `is ${name}`, some: some('request') }
}

function weight({ ladder, step }: Gate): string {
  return `${ladder[step] ?? 100} %`
}

// One digit, rounded down: less is claimed than is known.
function oneOf(evidence: number): string {
  const odds = Math.exp(Math.min(evidence, Math.log(1e15)))
  const scale = 10 ** Math.floor(Math.log10(Math.max(1, odds)))
  return countText(Math.floor(odds / scale) * scale)
}
