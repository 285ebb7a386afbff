// The gate on history: how often it would have rolled back a canary that was none, how bursty failures are, and whether incidents that are
// known would have been caught, and when.

import { type History, withBursts } from '../gate/history.ts'
import { gateSettings, ERRORS, type GateSettings, slowerThan } from '../gate/settings.ts'
import { tellingEdges } from '../canary/gate-request.ts'
import type { Millis } from '../std/clock.ts'
import { type Share, shareOf, spreadOf } from './chances.ts'
import {
  type FalseRollback,
  historiesBefore,
  placebosIn,
  placeboSentence,
  type PlaceboTerms,
  replay,
  type Span,
  type Stretch,
  stretchOf,
  windowsOf
} from './placebo.ts'
import type { PodTraffic } from './pod-traffic.ts'

/** What is asked. */
export interface BacktestTerms {
  readonly alpha: number
  /** How long a placebo rollout is. */
  readonly rollout: Millis
  /** The latency that an objective names. */
  readonly objective: Millis | undefined
  readonly incidents: readonly Incident[]
}

/** When something is known to have been wrong. */
export interface Incident {
  readonly from: Millis
  readonly to: Millis
}

/** Whether the gate would have caught an incident. */
export interface IncidentReplay extends Incident {
  /** undefined: it would not. */
  readonly caught: { readonly after: Millis; readonly who: string; readonly sentence: string } | undefined
  /** Decimal logarithm of the most evidence, and against whom. */
  readonly most: number
  readonly against: string
}

/** What history says of the gate. */
export interface Backtest {
  readonly from: Millis
  readonly to: Millis
  readonly pods: number
  readonly requests: number
  readonly failures: number
  readonly streams: readonly { readonly name: string; readonly dispersion: number }[]
  readonly windows: number
  readonly placebos: number
  readonly rolledBack: readonly FalseRollback[]
  /** Of placebo rollouts; its interval counts those of the same time as one, as they share what befell the service. */
  readonly rate: Share
  /** How many times the dispersion of history keeps to alpha; undefined: none that was tried. */
  readonly caution: number | undefined
  readonly gaps: number
  readonly incidents: readonly IncidentReplay[]
}

/** Lets others have their turn. */
export type Breath = () => Promise<void>

/** Too little to say anything. */
export class TooLittleData extends Error {
  override readonly name = 'TooLittleData'
}

const PAST: Millis = 6 * 3_600_000
const PLACEBOS_MOST = 5_000
const OBJECTIVE_SHARE = 0.01
// What is tried where the gate as it is rolls back too often.
const CAUTIONS = [1.5, 2, 3, 5, 8, 12, 20, 40]
// Pods that began so shortly before an incident may be what was released.
const RELEASED_BEFORE: Millis = 600_000

/**
 * Replays all of it. `breath` is waited for between stretches of time, which takes seconds in all: what it rejects with ends it. Rejects with
 * `TooLittleData` too.
 */
export async function backtestOf(traffic: PodTraffic, asked: BacktestTerms, breath: Breath): Promise<Backtest> {
  const { start, look } = traffic.grid
  const totals = totalsOf(traffic)
  const settings = settingsFor(traffic, totals, asked)
  const terms: PlaceboTerms = { settings, length: Math.ceil(asked.rollout / look), past: Math.ceil(PAST / look) }
  const leftOut = asked.incidents.map((incident) => spanOf(incident, traffic))
  const windows = windowsOf(traffic, terms, leftOut)
  checkEnough(traffic, windows.length, asked)
  const stretches = await stretchesIn(traffic, windows, terms, breath)
  const run = (caution: number): Promise<PlaceboRun> => placeboRun(traffic, stretches, { settings, caution }, breath)
  const first = await run(1)
  if (first.placebos === 0) {
    const they = `no two of ${traffic.pods.length} pods served requests in half of the looks of ${look / 1000} s`
    throw new TooLittleData(`${they} over the same ${minutes(asked.rollout)}: ask for longer looks, or more time`)
  }
  return {
    from: start,
    to: start + traffic.looks * look,
    pods: traffic.pods.length,
    requests: totals.requests,
    failures: totals.failures,
    streams: settings.streams.map(({ name }, index) => ({ name, dispersion: usualDispersion(stretches, index) })),
    windows: stretches.length,
    placebos: first.placebos,
    rolledBack: first.rolledBack,
    rate: rateOf(first, stretches.length),
    caution: await cautionFor(first, asked.alpha, run),
    gaps: traffic.gaps,
    incidents: asked.incidents.map((incident) => incidentReplay(traffic, incident, terms))
  }
}

/** A stretch of time in which each of these pods is the canary once. */
interface Placebos extends Stretch {
  readonly pods: readonly string[]
  /** What was known of each stream when it began. */
  readonly histories: readonly History[]
}

// Where there are more than can be run in some seconds, pods take turns: how sure the rate is hangs on the stretches of time.
async function stretchesIn(
  traffic: PodTraffic,
  windows: readonly number[],
  terms: PlaceboTerms,
  breath: Breath
): Promise<readonly Placebos[]> {
  const most = Math.max(1, Math.floor(PLACEBOS_MOST / Math.max(1, windows.length)))
  const stretches: Placebos[] = []
  for (const [index, from] of windows.entries()) {
    const stretch = stretchOf(traffic, { from, to: from + terms.length })
    const pods = placebosIn(traffic, stretch)
    if (pods.length < 2) continue
    await breath()
    stretches.push({ ...stretch, pods: turns(pods, index, most), histories: historiesBefore(traffic, from, terms) })
  }
  return stretches
}

interface PlaceboRun {
  readonly placebos: number
  readonly rolledBack: readonly FalseRollback[]
}

// `caution`: bursts are taken to be this many times as large as history shows.
async function placeboRun(
  traffic: PodTraffic,
  stretches: readonly Placebos[],
  { settings, caution }: { readonly settings: GateSettings; readonly caution: number },
  breath: Breath
): Promise<PlaceboRun> {
  const rolledBack: FalseRollback[] = []
  let placebos = 0
  for (const stretch of stretches) {
    await breath()
    const histories = stretch.histories.map((history) => withBursts(history, caution))
    for (const pod of stretch.pods) {
      const replayed = replay(traffic, stretch, new Set([pod]), { settings, histories })
      if (replayed === undefined) continue
      placebos += 1
      if (replayed.gate.verdict.kind !== 'rollback') continue
      rolledBack.push({ at: replayed.gate.lookedAt, pod, sentence: placeboSentence(replayed.gate, pod, traffic.grid.look) })
    }
  }
  return { placebos, rolledBack }
}

function turns(pods: readonly string[], index: number, most: number): readonly string[] {
  if (pods.length <= most) return pods
  return Array.from({ length: most }, (_, turn) => pods[(index * most + turn) % pods.length] ?? '')
}

// As many placebos as there are stretches: those of the same time are not independent of each other.
function rateOf({ rolledBack, placebos }: PlaceboRun, stretches: number): Share {
  const { low, high } = shareOf((stretches * rolledBack.length) / Math.max(1, placebos), stretches)
  return { count: rolledBack.length, of: placebos, low, high }
}

function usualDispersion(stretches: readonly Placebos[], stream: number): number {
  return spreadOf(stretches.map(({ histories }) => histories[stream]?.dispersion ?? 1))?.median ?? 1
}

async function cautionFor(first: PlaceboRun, alpha: number, run: (caution: number) => Promise<PlaceboRun>): Promise<number | undefined> {
  const keeps = ({ rolledBack, placebos }: PlaceboRun): boolean => rolledBack.length <= alpha * placebos
  if (keeps(first)) return 1
  for (const caution of CAUTIONS) if (keeps(await run(caution))) return caution
  return undefined
}

function incidentReplay(traffic: PodTraffic, incident: Incident, terms: PlaceboTerms): IncidentReplay {
  const { start, look } = traffic.grid
  const span = spanOf(incident, traffic)
  const histories = historiesBefore(traffic, span.from, terms)
  let [caught, most, against]: [IncidentReplay['caught'], number, string] = [undefined, -Infinity, '']
  for (const { who, pods, from } of suspectsIn(traffic, span)) {
    const replayed = replay(traffic, stretchOf(traffic, { from, to: span.to }), new Set(pods), { settings: terms.settings, histories })
    if (replayed === undefined) continue
    if (replayed.most > most) [most, against] = [replayed.most, who]
    const after = replayed.gate.lookedAt - Math.max(incident.from, start)
    if (replayed.gate.verdict.kind !== 'rollback' || (caught !== undefined && caught.after <= after)) continue
    caught = { after, who, sentence: placeboSentence(replayed.gate, who, look) }
  }
  return { ...incident, caught, most, against }
}

interface Suspect {
  readonly who: string
  readonly pods: readonly string[]
  readonly from: number
}

// Those that had just been released together, and each pod by itself.
function suspectsIn(traffic: PodTraffic, { from, to }: Span): readonly Suspect[] {
  const lead = Math.ceil(RELEASED_BEFORE / traffic.grid.look)
  const there = traffic.podsIn(from, to).filter((pod) => {
    for (let at = from; at < to; at++) if (traffic.counts(pod, at).requests > 0) return true
    return false
  })
  const released = there.filter((pod) => traffic.bornAt(pod) > Math.max(0, from - lead) && traffic.bornAt(pod) < to)
  const begun = Math.min(...released.map((pod) => traffic.bornAt(pod)))
  const together = released.length > 1 && released.length < there.length
  return [
    ...(together ? [{ who: `the ${released.length} new pods`, pods: released, from: Math.max(from, begun) }] : []),
    ...there.map((pod) => ({ who: pod, pods: [pod], from: Math.max(from, traffic.bornAt(pod)) }))
  ]
}

// A look is of the time before its instant: the first one of an incident is the one after its beginning.
function spanOf({ from, to }: Incident, { grid: { start, look }, looks }: PodTraffic): Span {
  const inside = (at: Millis): number => Math.min(looks, Math.max(1, Math.round((at - start) / look) + 1))
  return { from: inside(from), to: inside(to) }
}

interface Totals {
  readonly requests: number
  readonly failures: number
  readonly timed: number
  readonly slower: readonly number[]
}

function totalsOf(traffic: PodTraffic): Totals {
  const slower = traffic.grid.edges.map(() => 0)
  let [requests, failures, timed] = [0, 0, 0]
  for (const pod of traffic.pods) {
    for (let at = traffic.bornAt(pod); at < traffic.endOf(pod); at++) {
      const counts = traffic.counts(pod, at)
      requests += counts.requests
      failures += counts.failures
      timed += counts.timed
      for (const [index, more] of counts.slower.entries()) slower[index] = (slower[index] ?? 0) + more
    }
  }
  return { requests, failures, timed, slower }
}

function settingsFor({ grid: { edges } }: PodTraffic, { timed, slower }: Totals, { alpha, objective }: BacktestTerms): GateSettings {
  const known = objective !== undefined && edges.includes(objective) ? objective : undefined
  const others = tellingEdges(edges, timed, slower).filter((edge) => edge !== known)
  const latency = [...(known === undefined ? [] : [slowerThan(known, OBJECTIVE_SHARE)]), ...others.map((edge) => slowerThan(edge))]
  return gateSettings([ERRORS, ...latency], { alpha })
}

function checkEnough(traffic: PodTraffic, windows: number, { rollout }: BacktestTerms): void {
  const [only] = traffic.pods
  if (only === undefined) throw new TooLittleData('no pod served a request')
  if (traffic.pods.length === 1) throw new TooLittleData(`there is one pod alone, ${only}: a placebo needs others to be compared with`)
  if (windows > 0) return
  const there = traffic.looks * traffic.grid.look
  throw new TooLittleData(
    `${minutes(there)} of data are too few for rollouts of ${minutes(rollout)}, the first quarter being history: ask for more, or for shorter rollouts`
  )
}

function minutes(time: Millis): string {
  return `${Number((time / 60_000).toPrecision(3))} min`
}
