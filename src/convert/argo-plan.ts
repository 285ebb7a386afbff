// A Rollout as somebody who plays it needs it: its steps in their order, and what its analyses measure, at which times, with which limits.
// What cannot be played on requests alone is named, and then there is no plan.

import type { KubeObject } from '../api/object.ts'
import { listAt } from '../std/json.ts'
import { filledIn } from './argo-arguments.ts'
import type { Input } from './argo-input.ts'
import { type AnalysisUse, isDry, templatesOf } from './argo-metrics.ts'
import { type Condition, conditionOf } from './condition.ts'
import { type Note, Notes, type Source } from './note.ts'
import { mapAt, numberAt, secondsOf, textAt } from './read.ts'
import { type RequestQuery, requestQueryOf, type VersionNames } from './request-query.ts'

/** One step. */
export type ArgoStep =
  | { readonly kind: 'weigh'; readonly weight: number }
  | { readonly kind: 'pause'; readonly seconds: number }
  | { readonly kind: 'analyse'; readonly metrics: readonly ArgoMetric[] }

/** A metric of an analysis. Times are seconds. */
export interface ArgoMetric {
  readonly name: string
  readonly query: RequestQuery
  /** Without both every measurement is a success. */
  readonly success: Condition | undefined
  readonly failure: Condition | undefined
  readonly initialDelay: number
  /** Between measurements; undefined: there is one, and 10 s after an error another. */
  readonly interval: number | undefined
  /** So many measurements end it; undefined: it goes on for as long as the rollout does. */
  readonly count: number | undefined
  /** One more than so many ends the rollout; -1 never. */
  readonly failureLimit: number
  readonly inconclusiveLimit: number
  readonly consecutiveErrorLimit: number
}

/** The steps, and the analysis in the background from a step on. */
export interface ArgoPlan {
  readonly steps: readonly ArgoStep[]
  readonly background: readonly ArgoMetric[]
  readonly startingStep: number
}

/** A plan with what is not played of it, or why there is none. */
export type ArgoReading =
  | { readonly kind: 'plan'; readonly plan: ArgoPlan; readonly leftOut: readonly string[] }
  | { readonly kind: 'none'; readonly because: readonly string[] }

const BASE = 'spec.strategy.canary'

/** What analysis/analysis.go of Argo Rollouts has without a word of the metric. */
const ERRORS_MOST = 4

/** Reads a Rollout with the templates that `input` has. */
export function argoPlanOf(rollout: Source, input: Input): ArgoReading {
  const notes = new Notes()
  const reader: Reader = { rollout, input, notes }
  const canary = mapAt(rollout.object, 'spec', 'strategy', 'canary')
  if (canary === undefined) notes.error(rollout, 'spec.strategy', 'is not by weights')
  const listed = listAt(canary, 'steps').map((step, index) => stepOf(reader, step, `${BASE}.steps[${index}]`))
  const steps = listed.flat()
  if (canary !== undefined && !steps.some(({ kind }) => kind === 'weigh'))
    notes.error(rollout, `${BASE}.steps`, 'no step gives the canary traffic')
  if (mapAt(canary, 'trafficRouting') === undefined && canary !== undefined)
    notes.warn(rollout, `${BASE}.trafficRouting`, 'is absent: its weights, which are shares of pods, are played as shares of requests')
  const background = mapAt(canary, 'analysis')
  const metrics = background === undefined ? [] : metricsOf(reader, { path: `${BASE}.analysis`, value: background })
  const because = linesOf(notes, 'error')
  if (because.length > 0) return { kind: 'none', because }
  // Counted in the list as it is written, of which some steps are passed over.
  const startingStep = listed.slice(0, numberAt(background, 'startingStep') ?? 0).flat().length
  return { kind: 'plan', plan: { steps, background: metrics, startingStep }, leftOut: linesOf(notes, 'warning') }
}

/** The Rollout of a Canary's workload, or of its Service, in its namespace. */
export function rolloutOf(
  input: Input,
  canary: { readonly target: string; readonly apex: string; readonly namespace: string }
): Source | undefined {
  return input.rollouts.find(({ object }) => {
    const { metadata, spec } = object
    if ((metadata.namespace ?? 'default') !== canary.namespace) return false
    const workload = textAt(spec, 'workloadRef', 'name') ?? metadata.name
    return workload === canary.target || servicesOf(object).stable === canary.apex
  })
}

interface Reader {
  readonly rollout: Source
  readonly input: Input
  readonly notes: Notes
}

function linesOf(notes: Notes, severity: Note['severity']): readonly string[] {
  return notes
    .inOrder()
    .flatMap(({ severity: own, source: { object }, path, message }) =>
      own === severity ? [`${object.kind} ${object.metadata.name ?? ''} ${path}: ${message}`] : []
    )
}

// One entry of a list of steps says one thing.
function stepOf(reader: Reader, step: unknown, path: string): readonly ArgoStep[] {
  const { rollout, notes } = reader
  const weight = numberAt(step, 'setWeight')
  if (weight !== undefined) return [{ kind: 'weigh', weight: Math.min(100, Math.max(0, weight)) }]
  const pause = mapAt(step, 'pause')
  if (pause !== undefined) return pauseOf(reader, pause['duration'], `${path}.pause`)
  const analysis = mapAt(step, 'analysis')
  if (analysis !== undefined) {
    const metrics = metricsOf(reader, { path: `${path}.analysis`, value: analysis })
    if (metrics.some(({ count }) => count === undefined)) notes.error(rollout, `${path}.analysis`, 'never ends, which Argo refuses')
    return [{ kind: 'analyse', metrics }]
  }
  notes.warn(rollout, `${path}.${Object.keys(mapAt(step) ?? {}).join(', ')}`, 'is passed over')
  return []
}

function pauseOf({ rollout, notes }: Reader, duration: unknown, path: string): readonly ArgoStep[] {
  const seconds = secondsOf(duration)
  if (seconds !== undefined) return [{ kind: 'pause', seconds: Math.round(seconds) }]
  if (duration === undefined) notes.warn(rollout, path, 'has no end: somebody goes on at once')
  else notes.error(rollout, `${path}.duration`, 'cannot be read as a duration')
  return []
}

function metricsOf(reader: Reader, use: AnalysisUse): readonly ArgoMetric[] {
  return templatesOf(reader.rollout, use, reader.input, reader.notes).flatMap((template) =>
    listAt(template.object, 'spec', 'metrics').flatMap((metric, index) => {
      const name = textAt(metric, 'name') ?? `metric-${index}`
      // It has no say.
      return isDry(use, template, name) ? [] : metricOf({ ...reader, use, template }, { metric, name, path: `spec.metrics[${index}]` })
    })
  )
}

interface Placed extends Reader {
  readonly use: AnalysisUse
  readonly template: Source
}

interface Named {
  readonly metric: unknown
  readonly name: string
  readonly path: string
}

function metricOf(place: Placed, { metric: written, ...named }: Named): readonly ArgoMetric[] {
  const metric = filledFields(place, mapAt(written) ?? {})
  const query = queryOf(place, { metric, ...named })
  if (query === undefined) return []
  const interval = timeOf(place, { metric, ...named }, 'interval')
  const count = numberAt(metric, 'count') ?? 0
  return [
    {
      name: named.name,
      query,
      success: conditionAt(place, { metric, ...named }, 'successCondition'),
      failure: conditionAt(place, { metric, ...named }, 'failureCondition'),
      initialDelay: timeOf(place, { metric, ...named }, 'initialDelay') ?? 0,
      interval,
      count: count > 0 ? count : interval === undefined ? 1 : undefined,
      ...limitsOf(metric)
    }
  ]
}

function limitsOf(metric: unknown): Pick<ArgoMetric, 'failureLimit' | 'inconclusiveLimit' | 'consecutiveErrorLimit'> {
  return {
    failureLimit: numberAt(metric, 'failureLimit') ?? 0,
    inconclusiveLimit: numberAt(metric, 'inconclusiveLimit') ?? 0,
    consecutiveErrorLimit: numberAt(metric, 'consecutiveErrorLimit') ?? ERRORS_MOST
  }
}

function filledFields(place: Placed, metric: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const filled = (value: unknown): unknown => (typeof value === 'string' ? filledIn(place, value) : value)
  return Object.fromEntries(Object.entries(metric).map(([key, value]) => [key, filled(value)]))
}

function queryOf(place: Placed, { metric, name, path }: Named): RequestQuery | undefined {
  const { template, notes, rollout } = place
  const text = textAt(metric, 'provider', 'prometheus', 'query')
  if (numberAt(metric, 'consecutiveSuccessLimit') !== undefined)
    notes.error(template, `${path}.consecutiveSuccessLimit`, `${name} is not played with it`)
  if (text === undefined) {
    const [provider = 'nobody'] = Object.keys(mapAt(metric, 'provider') ?? {})
    notes.error(template, `${path}.provider`, `${name} asks ${provider}: only queries of Prometheus are played`)
    return undefined
  }
  const read = requestQueryOf(filledIn(place, text), versionNames(rollout.object))
  const at = `${path}.provider.prometheus.query`
  if (typeof read === 'string') notes.error(template, at, `the query of ${name} ${read}`)
  else if (!read.told)
    notes.warn(template, at, `the query of ${name} names no version: it is played as if it counted the canary's requests`)
  return typeof read === 'string' ? undefined : read.query
}

// At least a second, as traffic is counted.
function timeOf({ template, notes }: Placed, { metric, name, path }: Named, field: 'interval' | 'initialDelay'): number | undefined {
  const value = mapAt(metric)?.[field]
  const seconds = secondsOf(value)
  if (value !== undefined && seconds === undefined) notes.error(template, `${path}.${field}`, `of ${name} cannot be read as a duration`)
  return seconds === undefined ? undefined : Math.max(1, Math.round(seconds))
}

function conditionAt(
  { template, notes }: Placed,
  { metric, name, path }: Named,
  field: 'successCondition' | 'failureCondition'
): Condition | undefined {
  const text = textAt(metric, field)
  const condition = text === undefined ? undefined : conditionOf(text)
  if (text !== undefined && condition === undefined)
    notes.error(template, `${path}.${field}`, `"${text}" of ${name} is more than comparisons of one number`)
  return condition
}

function servicesOf(rollout: KubeObject): { readonly stable: string | undefined; readonly canary: string | undefined } {
  const canary = mapAt(rollout, 'spec', 'strategy', 'canary')
  return { stable: textAt(canary, 'stableService'), canary: textAt(canary, 'canaryService') }
}

// As Istio's labels call the versions' Services, and the words for the hashes of their pods.
function versionNames(rollout: KubeObject): VersionNames {
  const { stable, canary } = servicesOf(rollout)
  const namespace = rollout.metadata.namespace ?? 'default'
  const named = (service: string | undefined): readonly string[] =>
    service === undefined ? [] : [service, `${service}.${namespace}`, `${service}.${namespace}.svc.cluster.local`]
  return { canary: ['latest', ...named(canary)], stable: ['stable', ...named(stable)] }
}
