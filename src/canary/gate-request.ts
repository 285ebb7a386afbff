// What a Canary asks of the gate, in annotations or in a ConfigMap that they name: nothing is added to Flagger's fields. Without a word of it
// the gate watches between the looks of a rollout by weights, and may only roll back earlier.

import type { KubeObject } from '../api/object.ts'
import type { ExposureBudget } from '../gate/exposure.ts'
import {
  countedAs,
  ERRORS,
  type GateSettings,
  gateSettings,
  settingsFor,
  slowerThan,
  type StableShare,
  type StreamSettings,
  USUAL_LOOK
} from '../gate/settings.ts'
import { chanceIn } from '../gate/words.ts'
import type { Millis } from '../std/clock.ts'
import { dig, isObject } from '../std/json.ts'
import { affinityOf } from './affinity.ts'
import { durationOf } from './durations.ts'
import { BASELINE } from './baseline-asked.ts'
import { annotated, type GateConfig, gateOptionsOf, type Misread, misreadOf, optionName, type Said } from './gate-options.ts'
import { type StreamRequest, STREAMS_WANTED, streamsIn } from './gate-streams.ts'
import { PACE } from './pace.ts'
import type { Plan } from './plan.ts'

/** The annotations, and what they say. */
export const GATE_ANNOTATIONS = {
  /** `thresholds`: Flagger's behaviour alone. `evidence`, the default: the gate watches too. */
  gate: 'serin.dev/gate',
  /** The chance that a canary within the tolerance is rolled back: `0.01`, `1%`. */
  alpha: 'serin.dev/alpha',
  /** The chance that a canary which is worse by the smallest difference that matters reaches all traffic. */
  beta: 'serin.dev/beta',
  /** What is tolerated of failures: `1.25x+0.1pt`. */
  tolerance: 'serin.dev/tolerance',
  /** The smallest difference of failures that matters: `0.5pt`. */
  smallest: 'serin.dev/smallest-difference',
  /** The time between two looks: `2s`. */
  look: 'serin.dev/look',
  /** Bursts of failures are taken to be so many times as large as history shows: `3x`; `serin backtest` tells. */
  bursts: 'serin.dev/bursts',
  /** Streams of counters beside failures and latency: `checkout=orders-total:orders-failed`, of MetricTemplates. */
  streams: 'serin.dev/streams',
  /** What a rollout may cost at most: `requests=100000,failures=200,users=5000`. */
  budget: 'serin.dev/exposure-budget'
} as const

// What is read of them elsewhere says how the rollout is led, and is no part of a test.
const OPTIONS: readonly string[] = [...Object.values(GATE_ANNOTATIONS), PACE, BASELINE]

/** What is asked of the gate. */
export interface GateRequest {
  readonly changed: Partial<Pick<GateSettings, 'alpha' | 'beta'>>
  readonly errors: StreamSettings
  /** The time between two looks, undefined for the usual one; what cannot be looked at as often has its own (CounterSource). */
  readonly look: Millis | undefined
  /** Bursts are taken to be so many times as large as history shows. */
  readonly bursts: number
  readonly streams: readonly StreamRequest[]
  readonly budget: ExposureBudget
  /** What of it was said, by name of the option: enough to ask the same again. */
  readonly asked: Asked
}

/** Texts by name of the option. */
export type Asked = Readonly<Record<string, string>>

/** What a Canary asks of the gate. */
export interface GateReading {
  /** undefined where it wants thresholds alone. */
  readonly request: GateRequest | undefined
  /** What of it cannot be read, for which the default is used. */
  readonly problems: readonly Misread[]
}

/** What the Canary asks. `config` is the ConfigMap that it names, where somebody has looked for it. */
export function gateRequestOf(canary: KubeObject, config?: GateConfig): GateReading {
  const known = readings.get(canary)
  if (known !== undefined && known.config === config) return known.reading
  const reading = readRequest(canary, config)
  readings.set(canary, { config, reading })
  return reading
}

// A tick asks several times; objects are never changed in place.
const readings = new WeakMap<KubeObject, { readonly config: GateConfig | undefined; readonly reading: GateReading }>()

function readRequest(canary: KubeObject, config: GateConfig | undefined): GateReading {
  const { said, problems } = gateOptionsOf(canary, config, OPTIONS)
  const { mode, request, misread } = readOptions(said)
  const uncounted = request.budget.users !== undefined && affinityOf(dig(canary['spec'], 'analysis', 'sessionAffinity')) === undefined
  return { request: mode === 'thresholds' ? undefined : request, problems: [...problems, ...misread, ...(uncounted ? [UNCOUNTED] : [])] }
}

const UNCOUNTED: Misread = {
  annotation: GATE_ANNOTATIONS.budget,
  text: 'users=N has no effect without spec.analysis.sessionAffinity: users are counted by its cookies'
}

/** What the status of a Release says was asked; undefined where it does not say. */
export function askedIn(status: unknown): Asked | undefined {
  const asked = dig(status, 'asked')
  return isObject(asked) ? Object.fromEntries(Object.entries(asked).map(([name, text]) => [name, String(text)])) : undefined
}

/** What was asked once, when `asked` was kept of it: a rollout is judged by what it began with. */
export function requestAsked(asked: Asked): GateRequest {
  const said = Object.values(GATE_ANNOTATIONS).flatMap((annotation): readonly (readonly [string, Said])[] => {
    const text = asked[optionName(annotation)]
    return text === undefined ? [] : [[annotation, annotated(annotation, text)]]
  })
  return readOptions(new Map(said)).request
}

function readOptions(said: ReadonlyMap<string, Said>): {
  readonly mode: 'thresholds' | 'evidence'
  readonly request: GateRequest
  readonly misread: readonly Misread[]
} {
  const misread: Misread[] = []
  const asked: Record<string, string> = {}
  const read = <T>(annotation: string, parse: (text: string) => T | undefined, wanted: string): T | undefined => {
    const found = said.get(annotation)
    if (found === undefined) return undefined
    const value = parse(found.text.trim())
    if (value === undefined) misread.push(misreadOf(found, wanted))
    else asked[optionName(annotation)] = found.text.trim()
    return value
  }
  const mode = read(GATE_ANNOTATIONS.gate, modeOf, 'evidence or thresholds') ?? 'evidence'
  const alpha = read(GATE_ANNOTATIONS.alpha, chanceIn, 'a chance such as 0.01 or 1%, more than 0 and at most 0.5')
  const beta = read(GATE_ANNOTATIONS.beta, chanceIn, 'a chance such as 0.05 or 5%, more than 0 and at most 0.5')
  const tolerance = read(GATE_ANNOTATIONS.tolerance, toleranceOf, 'a factor and points such as 1.25x+0.1pt')
  const smallest = read(GATE_ANNOTATIONS.smallest, pointsOf, 'points such as 0.5pt, more than 0 and at most 50')
  const look = read(GATE_ANNOTATIONS.look, lookOf, 'a duration from 1s to 30s')
  const bursts = read(GATE_ANNOTATIONS.bursts, factorOf, 'a factor such as 3x, from 1 to 60') ?? 1
  const streams = read(GATE_ANNOTATIONS.streams, streamsIn, STREAMS_WANTED) ?? []
  const budget = read(GATE_ANNOTATIONS.budget, budgetOf, 'requests=N, failures=N, users=N or several of them by commas')
  const request: GateRequest = {
    changed: { ...(alpha === undefined ? {} : { alpha }), ...(beta === undefined ? {} : { beta }) },
    errors: { ...ERRORS, ...tolerance, ...(smallest === undefined ? {} : { smallest }) },
    look,
    bursts,
    streams,
    budget: budget ?? {},
    asked
  }
  return { mode, request, misread }
}

// Edges that tell something: some requests of stable are slower, and not nearly all.
const LEAST_SLOW = 0.0005
const MOST_SLOW = 0.97
const ENOUGH_REQUESTS = 1_000
// A canary gets few requests for each connection and pod, and its pods are new: some tenths of a millisecond more are of that, not of its
// version, and would be most of what an edge below tells.
const LEAST_EDGE: Millis = 10
// As many as tell the shape of a distribution; more would cost time and say the same.
const MOST_EDGES = 4

/**
 * The edges of a histogram, from 10 ms on, that tell something of stable; `slower` has its requests slower than each edge. Of edges with nothing
 * between them, as where a mesh has fewer than these, the lowest.
 */
export function tellingEdges(edges: readonly Millis[], requests: number, slower: readonly number[]): readonly Millis[] {
  if (requests < ENOUGH_REQUESTS) return []
  const isTelling = (share: number): boolean => share >= LEAST_SLOW && share <= MOST_SLOW
  const isOwn = (index: number): boolean => (slower[index] ?? 0) < (slower[index - 1] ?? Infinity)
  return edges.filter((edge, index) => edge >= LEAST_EDGE && isOwn(index) && isTelling((slower[index] ?? 0) / requests)).slice(-MOST_EDGES)
}

/** The settings of a gate for this plan that judges these of the histogram's edges, beside failures and the objective of the plan. */
export function gateSettingsFor(
  { errors, changed, look = USUAL_LOOK, streams }: GateRequest,
  plan: Plan,
  edges: readonly Millis[],
  telling: readonly Millis[]
): GateSettings {
  const objective = objectiveOf(plan, edges)
  const others = telling.filter((edge) => edge !== objective)
  const latency = [...(objective === undefined ? [] : [slowerThan(objective, OBJECTIVE_SHARE)]), ...others.map((edge) => slowerThan(edge))]
  return gateSettings([errors, ...latency, ...streams.map(({ name }) => countedAs(name))], {
    ...settingsFor(look),
    ...changed,
    stableShare: stableShareOf(plan)
  })
}

/** What the side that the canary is compared with gets of the traffic. */
export function stableShareOf({ baseline }: Pick<Plan, 'baseline'>): StableShare {
  switch (baseline.kind) {
    case 'primary':
      return 'rest'
    case 'fresh':
      return 'even'
    case 'workload':
      return 'its own'
  }
}

const USUAL_OBJECTIVE = 0.999

/** The share of requests that are to succeed (0..1): the bound of request-success-rate, else 99.9 %. */
export function successObjective({ metrics }: Plan): number {
  for (const metric of metrics) {
    if (metric.kind === 'builtin' && metric.metric === 'request-success-rate' && metric.min !== undefined) return metric.min / 100
  }
  return USUAL_OBJECTIVE
}

// Flagger holds the 99th percentile against the bound: one request in a hundred may be slower.
const OBJECTIVE_SHARE = 0.01

// The bound of request-duration, where the histogram has an edge there.
function objectiveOf({ metrics }: Plan, edges: readonly Millis[]): Millis | undefined {
  for (const metric of metrics) {
    if (metric.kind === 'builtin' && metric.metric === 'request-duration' && metric.max !== undefined && edges.includes(metric.max)) {
      return metric.max
    }
  }
  return undefined
}

function modeOf(text: string): 'thresholds' | 'evidence' | undefined {
  return text === 'thresholds' || text === 'evidence' ? text : undefined
}

// Two of them are the least that roll back: a minute.
const LONGEST_LOOK: Millis = 30_000

function lookOf(text: string): Millis | undefined {
  const look = durationOf(text)
  return look !== undefined && look >= 1_000 && look <= LONGEST_LOOK ? look : undefined
}

function factorOf(text: string): number | undefined {
  const [, number] = /^(\d*\.?\d+)\s*x?$/.exec(text) ?? []
  const factor = Number(number)
  return factor >= 1 && factor <= 60 ? factor : undefined
}

function toleranceOf(text: string): Pick<StreamSettings, 'ratio' | 'margin'> | undefined {
  const [, factor, points] = /^(\d*\.?\d+)\s*x\s*\+\s*(\d*\.?\d+)\s*pt$/.exec(text) ?? []
  const [ratio, margin] = [Number(factor), Number(points) / 100]
  return ratio >= 1 && ratio <= 100 && margin >= 0 && margin <= 0.5 ? { ratio, margin } : undefined
}

function pointsOf(text: string): number | undefined {
  const [, points] = /^(\d*\.?\d+)\s*pt$/.exec(text) ?? []
  const share = Number(points) / 100
  return share > 0 && share <= 0.5 ? share : undefined
}

function budgetOf(text: string): ExposureBudget | undefined {
  const parts = text.split(',').map((part) => /^\s*(requests|failures|users)\s*=\s*(\d+)\s*$/.exec(part))
  const read = parts.flatMap((part) => (part?.[1] === undefined ? [] : [[part[1] === 'failures' ? 'excess' : part[1], Number(part[2])]]))
  return read.length === parts.length ? Object.fromEntries(read) : undefined
}
