// A gate as text, so that a controller that starts again goes on with the same test from the last saved look. JSON with six digits, null
// for the logarithm of 0; under 4 KiB for five streams.

import type { Millis } from '../std/clock.ts'
import { dig, listAt, parsedJson } from '../std/json.ts'
import { type Gate, judged, newGate, type RecentLook } from './gate.ts'
import type { History } from './history.ts'
import type { GateSettings, StreamSettings } from './settings.ts'
import { newStream, NO_ROOM, type StreamState } from './stream.ts'

const VERSION = 1

/** What of a gate is saved: all but what it was asked, and its verdict, which follows. */
export function savedGate(gate: Gate): string {
  const { masses, unhealthySince = -Infinity } = gate
  const { spent, proofSpent, due, proofDue, events, steady, warmedUp } = masses
  return JSON.stringify({
    version: VERSION,
    ladder: gate.ladder,
    // Seconds.
    times: [gate.startedAt, gate.stepAt, gate.lookedAt, unhealthySince].map((at) => at / 1000).map(orNull),
    step: [gate.step],
    exposed: [rounded(gate.exposed)],
    masses: [spent, proofSpent, due, proofDue, events, steady].map(rounded).concat(warmedUp ? 1 : 0),
    streams: gate.settings.streams.map((settings, index) => savedStream(settings, gate.streams[index], gate.histories[index])),
    recent: gate.recent.map(({ at, requests, bad }) => [at / 1000, ...requests, ...bad])
  })
}

/** The gate that was saved, asked what `settingsFor` makes of the edges of its streams; undefined when the text is no gate, or one for other streams. */
export function restoredGate(text: string, settingsFor: (edges: readonly Millis[]) => GateSettings): Gate | undefined {
  const saved = parsedJson(text)
  const settings = settingsFor(listAt(saved, 'streams').flatMap((stream) => numbersIn(stream, 'edge')))
  const streams = streamsIn(saved, settings)
  const [startedAt, ...times] = numbersIn(saved, 'times').map((at) => at * 1000)
  const ladder = numbersIn(saved, 'ladder')
  const masses = massesIn(saved)
  if (streams === undefined || masses === undefined || startedAt === undefined || ladder.length === 0) return undefined
  const [stepAt = startedAt, lookedAt = startedAt, unhealthySince = -Infinity] = times
  return judged({
    ...newGate(settings, ladder, startedAt, streams.histories),
    step: numbersIn(saved, 'step')[0] ?? 0,
    exposed: numbersIn(saved, 'exposed')[0] ?? 0,
    stepAt,
    lookedAt,
    masses,
    streams: streams.states,
    recent: recentIn(dig(saved, 'recent'), settings.streams.length),
    unhealthySince: unhealthySince === -Infinity ? undefined : unhealthySince
  })
}

interface Streams {
  readonly states: readonly StreamState[]
  readonly histories: readonly History[]
}

function streamsIn(saved: unknown, settings: GateSettings): Streams | undefined {
  const streams = dig(saved, 'streams')
  if (dig(saved, 'version') !== VERSION || !Array.isArray(streams) || streams.length !== settings.streams.length) return undefined
  const states = settings.streams.flatMap((each, index) => streamIn(streams[index], each) ?? [])
  return states.length < streams.length ? undefined : { states, histories: streams.map(historyIn) }
}

function massesIn(saved: unknown): Gate['masses'] | undefined {
  const [spent, proofSpent, due, proofDue, events, steady, warmedUp] = numbersIn(saved, 'masses')
  if (spent === undefined || proofSpent === undefined || due === undefined || proofDue === undefined) return undefined
  if (events === undefined || steady === undefined || warmedUp === undefined) return undefined
  return { spent, proofSpent, due, proofDue, events, steady, warmedUp: warmedUp === 1 }
}

function savedStream({ name, bad }: StreamSettings, state: StreamState | undefined, history: History | undefined): unknown {
  if (state === undefined || history === undefined) return undefined
  const { canaryRequests, canaryBad, stableRequests, stableBad } = state.total
  return {
    name,
    ...(typeof bad === 'object' && 'slowerThan' in bad ? { edge: [bad.slowerThan] } : {}),
    history: [history.requests, history.bad, history.dispersion].map(rounded),
    relative: state.relative.map(orNull),
    absolute: state.absolute.map(orNull),
    proofs: state.proofs.map(orNull),
    counts: [rounded(state.recentRequests), rounded(state.recentBad), canaryRequests, canaryBad, stableRequests, stableBad]
  }
}

function streamIn(saved: unknown, settings: StreamSettings): StreamState | undefined {
  const [relative, absolute, proofs] = [numbersIn(saved, 'relative'), numbersIn(saved, 'absolute'), numbersIn(saved, 'proofs')]
  const counts = numbersIn(saved, 'counts')
  const fresh = newStream(settings)
  const fits =
    relative.length === fresh.relative.length && absolute.length === fresh.absolute.length && proofs.length === fresh.proofs.length
  if (dig(saved, 'name') !== settings.name || !fits || counts.length !== 6) return undefined
  const [recentRequests = 0, recentBad = 0, canaryRequests = 0, canaryBad = 0, stableRequests = 0, stableBad = 0] = counts
  return {
    relative,
    absolute,
    room: NO_ROOM,
    proofs,
    recentRequests,
    recentBad,
    total: { canaryRequests, canaryBad, stableRequests, stableBad }
  }
}

function historyIn(saved: unknown): History {
  const [requests = 0, bad = 0, dispersion = 2] = numbersIn(saved, 'history')
  return { requests, bad, dispersion: Math.max(1, dispersion) }
}

function recentIn(saved: unknown, streams: number): readonly RecentLook[] {
  return listAt(saved).flatMap((each) => {
    const [at, ...counts] = numbersIn({ each }, 'each')
    return at === undefined ? [] : [{ at: at * 1000, requests: counts.slice(0, streams), bad: counts.slice(streams) }]
  })
}

// Numbers, null being the logarithm of 0; nothing where there is anything else.
function numbersIn(value: unknown, key: string): readonly number[] {
  const found = dig(value, key)
  if (!Array.isArray(found)) return []
  const numbers = found.map((each: unknown) => (each === null ? -Infinity : typeof each === 'number' ? each : Number.NaN))
  return numbers.some(Number.isNaN) ? [] : numbers
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? rounded(value) : null
}

// Instants in seconds need ten digits and three more; all else is a wealth, a mass or a count.
function rounded(value: number): number {
  return Math.abs(value) >= 1e6 ? Math.round(value * 1000) / 1000 : Number(value.toPrecision(6))
}
