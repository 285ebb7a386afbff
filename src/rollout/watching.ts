// One revision under the gate: from the counters of both versions, and from what traffic the rollout gave the canary when, to what the gate
// says of it. Pure; the loop that reads counters is control/gate-watch.ts.

import { explained, type Names } from '../gate/explain.ts'
import { type Ledger, ledgerOf, spentBudget } from '../gate/exposure.ts'
import { atStep, type Gate, judged, look, newGate } from '../gate/gate.ts'
import { type CountedBaseline, type CountedLook, type CountedPair, countedSince, NO_COUNTED } from '../gate/counted.ts'
import { NO_LOOK } from '../gate/half-plane.ts'
import { type History, historyOf, type PodLook, withBursts } from '../gate/history.ts'
import { type Baseline, NO_BASELINE } from '../gate/increments.ts'
import { restoredGate } from '../gate/saved.ts'
import { counts, type CountersRead, lookAt, type Served, type ServedPair, servedSince } from '../gate/served.ts'
import { type Bad, type GateSettings, isCounted } from '../gate/settings.ts'
import { restoredTrace, type Trace, tracedWith } from '../gate/trace.ts'
import { asSentence } from '../gate/words.ts'
import type { Millis } from '../std/clock.ts'
import { sameJson } from '../std/json.ts'
import { durationText } from '../gate/words.ts'
import { type GateRequest, gateSettingsFor, successObjective, tellingEdges } from '../canary/gate-request.ts'
import { DEFAULT_START, startWeight } from '../canary/pace.ts'
import type { Plan } from '../canary/plan.ts'
import { sum } from '../std/sum.ts'
import type { Evidence } from '../gate/evidence.ts'

/** A revision under the gate. */
export interface Watching {
  readonly plan: Plan
  readonly request: GateRequest
  /** Upper edges of the source's buckets. */
  readonly edges: readonly Millis[]
  /** undefined until history is known. */
  readonly asked: { readonly settings: GateSettings; readonly histories: readonly History[] } | undefined
  readonly baseline: Baseline
  /** Cookies of the canary that were given when they were last counted, and since the rollout began; undefined: nobody counts them. */
  readonly cookies: { readonly seen: number | undefined; readonly given: number } | undefined
  /** By stream that others count. */
  readonly counted: ReadonlyMap<string, CountedBaseline>
  /** Of these, why the ones that could not be read were not. */
  readonly unreadStreams: readonly string[]
  /** The canary's share of the traffic, percent. */
  readonly weight: number
  /** Since when the canary has had this weight, and since when it has had any traffic. */
  readonly weightAt: Millis
  readonly exposedAt: Millis
  /** Why the latest counters could not be read; '' where there were no new ones, undefined where there were. */
  readonly unread: string | undefined
  /** Requests a second to both versions, in the latest look; undefined until one is over. */
  readonly traffic: number | undefined
  /** When a workload of somebody's own, the baseline, last had a request, and whether it is there; undefined: as far as is known. */
  readonly ownBaseline: { readonly servedAt: Millis | undefined; readonly is: 'there' | 'missing' | undefined }
  /** undefined until the canary has traffic. */
  readonly gate: Gate | undefined
  /** What the gate said so far; undefined before its first look. */
  readonly trace: Trace | undefined
}

/** A stream that others count. */
export type StreamReading =
  | { readonly name: string; readonly kind: 'read'; readonly pair: CountedPair }
  | { readonly name: string; readonly kind: 'unread'; readonly because: string }

/** A revision that has no traffic yet. */
export function newWatching(plan: Plan, request: GateRequest, edges: readonly Millis[], at: Millis): Watching {
  return {
    plan,
    request,
    edges,
    asked: undefined,
    baseline: NO_BASELINE,
    cookies: plan.affinity === undefined ? undefined : { seen: undefined, given: 0 },
    counted: new Map(),
    unreadStreams: [],
    weight: 0,
    weightAt: at,
    exposedAt: at,
    unread: undefined,
    traffic: undefined,
    ownBaseline: { servedAt: undefined, is: undefined },
    gate: undefined,
    trace: undefined
  }
}

/**
 * Once it is known what stable did before: slices of its history, oldest first. `saved`: a gate that an earlier controller left. `events`: the
 * same of the streams that others count, by name.
 */
export function withHistory(
  watching: Watching,
  slices: readonly Served[],
  saved: string | undefined,
  events: ReadonlyMap<string, readonly PodLook[]> = new Map()
): Watching {
  const { plan, request, edges } = watching
  const settingsFor = (telling: readonly Millis[]): GateSettings => gateSettingsFor(request, plan, edges, telling)
  const gate = saved === undefined ? undefined : restoredGate(saved, settingsFor)
  const requests = sum(slices.map((slice) => sum(slice.buckets)))
  const slower = edges.map((_, index) => sum(slices.map(({ buckets }) => sum(buckets.slice(index + 1)))))
  const settings = gate?.settings ?? settingsFor(tellingEdges(edges, requests, slower))
  const looksOf = (bad: Bad): readonly PodLook[] =>
    isCounted(bad) ? (events.get(bad.counted) ?? []) : slices.map((slice) => counts(slice, bad, edges))
  const histories = gate?.histories ?? settings.streams.map(({ bad }) => withBursts(historyOf(looksOf(bad)), request.bursts))
  const known = begun({ ...watching, asked: { settings, histories }, gate })
  if (gate === undefined) return known
  // The weight may have changed since it was saved.
  const { ladder, step } = placeOf(gate.ladder, plan, watching.weight)
  return { ...known, gate: gate.step === step ? { ...gate, ladder } : atStep({ ...gate, ladder }, step, watching.weightAt) }
}

/** With what an earlier controller left of the course of it, beside its gate. */
export function withTrace(watching: Watching, saved: string | undefined): Watching {
  return watching.gate === undefined || saved === undefined ? watching : { ...watching, trace: restoredTrace(saved) }
}

/** When traffic has been given to the canary, or taken from it (percent), or its ladder is another. */
export function withWeight(watching: Watching, weight: number, at: Millis, plan: Plan = watching.plan): Watching {
  const { gate } = watching
  if (weight !== watching.weight) {
    const next = { ...watching, plan, weight, weightAt: at, exposedAt: watching.weight === 0 ? at : watching.exposedAt }
    if (gate === undefined) return begun(next)
    const { ladder, step } = placeOf(gate.ladder, plan, weight)
    return { ...next, gate: atStep({ ...gate, ladder }, step, at) }
  }
  if (gate === undefined || weight === 0) return watching.plan === plan ? watching : { ...watching, plan }
  const place = placeOf(gate.ladder, plan, weight)
  // What has been proven is asked of the step that comes next by now.
  return sameJson(place.ladder, gate.ladder) ? watching : { ...watching, plan, gate: judged({ ...gate, ...place }) }
}

/** When counters have been read that are later than the last ones; `streams`: the latest readings of those that others count. */
export function withCounters(watching: Watching, counters: Omit<CountersRead, 'kind'>, streams: readonly StreamReading[] = []): Watching {
  const { served, baseline } = servedSince(watching.baseline, counters)
  const seconds = (counters.at - watching.baseline.at) / 1000
  const traffic = Number.isFinite(seconds) ? (served.canary.requests + served.stable.requests) / seconds : watching.traffic
  const counted = new Map(watching.counted)
  const events = new Map<string, CountedLook>()
  for (const reading of streams) {
    if (reading.kind === 'unread') continue
    const since = countedSince(counted.get(reading.name) ?? NO_COUNTED, reading.pair)
    events.set(reading.name, since)
    counted.set(reading.name, since.baseline)
  }
  const unreadStreams = streams.flatMap((each) => (each.kind === 'unread' ? [`${each.name}: ${each.because}`] : []))
  const cookies = given(watching, counters.canaryCookies)
  const { ownBaseline: own } = watching
  const ownBaseline = served.stable.requests > 0 ? { ...own, servedAt: counters.at } : own
  return withServed({ ...watching, baseline, cookies, traffic, ownBaseline, counted, unreadStreams }, served, counters.at, events)
}

/** When it is known whether the workload is there that the Canary names as its baseline. */
export function withOwnBaseline(watching: Watching, is: Watching['ownBaseline']['is']): Watching {
  const { ownBaseline } = watching
  return ownBaseline.is === is ? watching : { ...watching, ownBaseline: { ...ownBaseline, is } }
}

/** When it is known what both versions served since the last look, and of streams that others count, `events`. */
export function withServed(
  watching: Watching,
  served: ServedPair,
  at: Millis,
  events: ReadonlyMap<string, CountedLook> = new Map()
): Watching {
  const { gate, asked, edges } = watching
  if (gate === undefined || asked === undefined) return { ...watching, unread: undefined }
  const { streams } = asked.settings
  const looks = streams.map(({ bad }) => (isCounted(bad) ? (events.get(bad.counted)?.look ?? NO_LOOK) : lookAt(served, bad, edges)))
  const since = streams.map(({ bad }) => (isCounted(bad) ? events.get(bad.counted)?.since : undefined))
  return traced({ ...watching, unread: undefined, gate: look(gate, { kind: 'counts', at, looks, since }) }, at)
}

/** With what an earlier controller counted of users: what was given since then is not. */
export function withUsers(watching: Watching, users: number): Watching {
  const { cookies } = watching
  return cookies === undefined ? watching : { ...watching, cookies: { ...cookies, given: cookies.given + users } }
}

/** What the rollout has cost so far; undefined before the canary has had traffic. */
export function exposureIn({ gate, plan, cookies }: Watching): Ledger | undefined {
  const users = cookies?.seen === undefined ? undefined : cookies.given
  if (gate === undefined) return undefined
  const ledger = ledgerOf(gate, { objective: successObjective(plan), users })
  // Of all traffic, which is not known beside a baseline.
  return plan.baseline.kind === 'primary' ? ledger : { ...ledger, budget: undefined }
}

// Without traffic the canary gives none: what is counted before it began is of runs before.
function given({ cookies, gate }: Watching, count: number | undefined): Watching['cookies'] {
  if (cookies === undefined || count === undefined) return cookies
  const more = gate === undefined ? 0 : Math.max(0, count - (cookies.seen ?? count))
  return { seen: count, given: cookies.given + more }
}

/** When there are no new counters; `unread`: why they could not be read, '' where nothing stands in the way but that there are none. */
export function withoutCounters(watching: Watching, at: Millis, unread: string): Watching {
  const { gate } = watching
  if (gate === undefined) return { ...watching, unread }
  return traced({ ...watching, unread, gate: look(gate, { kind: 'missing', at, counts: expected(watching, gate, unread) }) }, at)
}

function traced(watching: Watching, at: Millis): Watching {
  const { gate, weight, trace } = watching
  return gate === undefined ? watching : { ...watching, trace: tracedWith(trace, gate, { at, weight }) }
}

// Only what was seen can get out of sight: a service that nobody calls has no counters, nor has one whose source was never there. While the
// source is down a canary that lost its traffic for it does not get it back.
function expected({ weight, exposedAt, baseline }: Watching, gate: Gate, unread: string): 'expected' | 'unexpected' {
  const known = baseline.at > -Infinity || gate.lookedAt > gate.startedAt
  if (unread !== '') return known || gate.verdict.kind === 'retreat' ? 'expected' : 'unexpected'
  return weight > 0 && gate.lookedAt > exposedAt ? 'expected' : 'unexpected'
}

/** What the gate says; undefined before the canary has had traffic. */
export function evidenceOf(watching: Watching, names: Names): Evidence | undefined {
  const { gate, weight, unread } = watching
  if (gate === undefined) {
    const sentence = asSentence(`${names.canary} has had no traffic yet.`)
    return startOf(watching, names.look) === undefined ? undefined : { kind: 'hold', outcome: outcomeOf(watching), weight, sentence }
  }
  const { verdict } = gate
  const over = overBudget(watching)
  if (verdict.kind !== 'rollback' && over !== undefined) {
    const sentence = asSentence(`${names.canary} rolled back at ${weight} %: ${over}, more than its exposure budget.`)
    return { kind: 'rollback', outcome: 'fail', weight, sentence }
  }
  const silent = silenceOf(watching, gate)
  if (silent !== undefined && (verdict.kind === 'hold' || verdict.kind === 'advance')) {
    const sentence = `Holding at ${weight} %: nothing to compare with: ${silent}.`
    return { kind: 'hold', outcome: 'no-data', weight, sentence, reason: 'no-counts', silent }
  }
  const more = verdict.kind === 'hold' ? { reason: verdict.reason } : verdict.kind === 'advance' ? { done: explained(gate, names) } : {}
  const sentence = [explained(gate, { ...names, unread, advance: 'proven' }), ...unreadOf(watching)].join(' ')
  return { kind: verdict.kind, outcome: outcomeOf(watching), weight, sentence, ...more }
}

// Nothing is proven without it and the canary is not to be blamed, but what was proven before it fell silent is old.
function silenceOf(
  { plan: { baseline, targetKind }, ownBaseline, exposedAt, unread }: Watching,
  { lookedAt, settings, verdict }: Gate
): string | undefined {
  if (baseline.kind !== 'workload' || (unread !== undefined && unread !== '')) return undefined
  const its = `${targetKind.toLowerCase()} ${baseline.name}, the baseline`
  if (ownBaseline.is === 'missing') return `${its}, is not there`
  const since = Math.max(exposedAt, ownBaseline.servedAt ?? -Infinity)
  const isLong = lookedAt - since >= settings.blindTimeout
  // An earlier controller left it as proven: how old that is, nobody knows here.
  if (!isLong && ownBaseline.servedAt === undefined && verdict.kind === 'advance') return `${its}, has had no requests yet`
  return isLong ? `${its}, has had no requests for ${durationText(lookedAt - since)}` : undefined
}

function overBudget(watching: Watching): string | undefined {
  const ledger = exposureIn(watching)
  const spent = ledger && spentBudget(ledger, watching.request.budget)
  switch (spent) {
    case undefined:
      return undefined
    case 'excess':
      return `${Math.round(ledger?.excess ?? 0)} requests failed because of it`
    case 'users':
      return `${ledger?.users ?? 0} users met it`
    case 'requests':
      return `${ledger?.requests ?? 0} requests met it`
  }
}

// What a verdict does not rest on; one that is final is told as it is.
function unreadOf({ gate, unreadStreams }: Watching): readonly string[] {
  return gate?.verdict.kind === 'rollback' ? [] : unreadStreams.map((stream) => `The stream ${stream}.`)
}

/** The first weight that the traffic asks for; undefined while nobody knows. */
export function startOf({ traffic, unread, asked, plan }: Watching, look: Millis): number | undefined {
  // Beside a baseline the primary's requests are not counted: how much traffic there is, nobody knows.
  if (plan.baseline.kind !== 'primary') return DEFAULT_START
  if (traffic !== undefined && asked !== undefined) return startWeight(traffic, look, asked.settings.pushDelay)
  return unread === undefined ? undefined : DEFAULT_START
}

function outcomeOf({ gate, unread, unreadStreams }: Watching): Evidence['outcome'] {
  if (gate?.verdict.kind === 'rollback') return 'fail'
  if (unread !== undefined && unread !== '') return 'down'
  if (gate?.verdict.kind === 'advance') return 'pass'
  return unreadStreams.length > 0 ? 'down' : 'no-data'
}

// A gate begins with the first traffic, or when its settings are known.
function begun(watching: Watching): Watching {
  const { gate, asked, weight, weightAt, plan } = watching
  if (gate !== undefined || asked === undefined || weight === 0) return watching
  const { ladder, step } = placeOf([], plan, weight)
  const fresh = newGate(asked.settings, ladder, Math.max(weightAt, watching.baseline.at), asked.histories)
  return { ...watching, gate: { ...fresh, step } }
}

// The ladder from where the rollout has been, by where it is, to where it goes.
function placeOf(before: readonly number[], { strategy }: Plan, weight: number): Pick<Gate, 'ladder' | 'step'> {
  const rungs = strategy.kind === 'weighted' ? strategy.ladder : [100]
  if (weight === 0) return { ladder: rungs, step: 0 }
  const below = before.filter((rung) => rung < weight)
  return { ladder: [...below, weight, ...rungs.filter((rung) => rung > weight)], step: below.length }
}
