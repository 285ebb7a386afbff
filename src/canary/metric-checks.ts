// The metric checks of a Canary: which there are, in what order, within what bounds, and what a failure of each one means (flagger.md 1.5,
// 2.6). One entry of analysis.metrics can make several checks: a built-in one, its own query, and that of a MetricTemplate.

import { dig, isObject, listAt, someText } from '../std/json.ts'
import type { Millis } from '../std/clock.ts'
import { DEFAULT_INTERVAL, durationOf } from './durations.ts'
import type { TemplateModel } from '../template/template.ts'

export type BuiltinMetric = 'request-success-rate' | 'request-duration'

/** What all checks have: the bounds are inclusive, and absent ones hold for every value. */
interface Common {
  readonly name: string
  readonly interval: Millis
  /** The interval as queries spell it. */
  readonly window: string
  readonly min: number | undefined
  readonly max: number | undefined
}

type Variables = Readonly<Record<string, string>>

/** A metric to hold against its bounds; percent for the success rate, milliseconds for the duration. */
export type MetricCheck =
  | (Common & { readonly kind: 'builtin'; readonly metric: BuiltinMetric })
  | (Common & { readonly kind: 'query'; readonly query: string; readonly variables: Variables })
  | (Common & {
      readonly kind: 'template'
      readonly template: { readonly name: string; readonly namespace: string }
      readonly variables: Variables
    })

/**
 * What a failed check does, beside halting. count: one more towards the threshold, which is Flagger's way; hold: nothing; step-back: counts,
 * and traffic goes back a step; to-zero: counts, and the analysis begins again without traffic; revert: the rollback, at once.
 */
export type FailureResponse = 'count' | 'hold' | 'step-back' | 'to-zero' | 'revert'

/** The annotation that says what failures of which checks do: `name=response,...`. */
export const ON_FAILURE = 'serin.dev/on-failure'

const RESPONSES: readonly FailureResponse[] = ['hold', 'step-back', 'to-zero', 'revert']

/** True for the names that Flagger reserves for its own metrics. */
export function isBuiltinMetric(name: unknown): name is BuiltinMetric {
  return name === 'request-success-rate' || name === 'request-duration'
}

/** The checks of `spec.analysis.metrics` in the order they are made: built-in ones and queries as listed, then templates as listed. */
export function metricChecksOf(metrics: unknown, namespace: string): readonly MetricCheck[] {
  const list = listAt(metrics)
  return [...list.flatMap(builtinOf), ...list.flatMap((metric) => templateOf(metric, namespace))]
}

/** True for an entry that says nothing about where its value comes from. */
export function isWithoutSource(metric: unknown): boolean {
  return !isBuiltinMetric(dig(metric, 'name')) && someText(dig(metric, 'query')) === undefined && templateName(metric) === undefined
}

/** The responses that the annotation gives, by name of the check, and what of it cannot be read. */
export function responsesOf(annotation: string | undefined): {
  readonly responses: Readonly<Record<string, FailureResponse>>
  readonly problems: readonly string[]
} {
  const problems: string[] = []
  const responses = new Map<string, FailureResponse>()
  for (const part of (annotation ?? '').split(',')) {
    if (part.trim() === '') continue
    const [, name = '', word] = /^\s*(.+?)\s*=\s*([\w-]*)\s*$/.exec(part) ?? []
    const response = RESPONSES.find((known) => known === word)
    if (response === undefined) problems.push(`${JSON.stringify(part.trim())} is not CHECK=${RESPONSES.join('|')}`)
    else responses.set(name, response)
  }
  return { responses: Object.fromEntries(responses), problems }
}

/** What the query of `check` may ask for (flagger.md 4.3), given the names of its Canary. */
export function modelOf(check: MetricCheck, names: Omit<TemplateModel, 'interval' | 'variables'>): TemplateModel {
  return { ...names, interval: check.window, variables: check.kind === 'builtin' ? {} : check.variables }
}

function builtinOf(metric: unknown): readonly MetricCheck[] {
  const name = dig(metric, 'name')
  const query = someText(dig(metric, 'query'))
  const checks: MetricCheck[] = []
  if (isBuiltinMetric(name))
    checks.push({ kind: 'builtin', metric: name, ...commonOf(metric, name === 'request-success-rate' ? 'min' : 'max') })
  if (query !== undefined) checks.push({ kind: 'query', query, variables: variablesOf(metric), ...commonOf(metric, 'max') })
  return checks
}

function templateOf(metric: unknown, namespace: string): readonly MetricCheck[] {
  const name = templateName(metric)
  if (name === undefined) return []
  const template = { name, namespace: someText(dig(metric, 'templateRef', 'namespace')) ?? namespace }
  return [{ kind: 'template', template, variables: variablesOf(metric), ...commonOf(metric, 'max') }]
}

// The deprecated threshold is a lower bound for the success rate, an upper one for everything else, and 0 when absent.
function commonOf(metric: unknown, threshold: 'min' | 'max'): Common {
  const window = dig(metric, 'interval')
  const interval = durationOf(window)
  const range = dig(metric, 'thresholdRange')
  const bound = number(dig(metric, 'threshold')) ?? 0
  const bounds = isObject(range)
    ? { min: number(range['min']), max: number(range['max']) }
    : { min: threshold === 'min' ? bound : undefined, max: threshold === 'max' ? bound : undefined }
  return {
    name: someText(dig(metric, 'name')) ?? '',
    interval: interval ?? DEFAULT_INTERVAL,
    // Templates get the default too: with an empty window no query of theirs would be one.
    window: interval === undefined ? '1m' : String(window),
    ...bounds
  }
}

function templateName(metric: unknown): string | undefined {
  return someText(dig(metric, 'templateRef', 'name'))
}

function variablesOf(metric: unknown): Variables {
  const variables = dig(metric, 'templateVariables')
  return isObject(variables) ? Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, String(value)])) : {}
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
