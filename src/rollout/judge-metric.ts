// From a measurement to one of the four outcomes of a check: pass, fail, not enough data, provider down. Only values that can be true are
// held against the bounds, so that a broken metric can neither promote nor roll back. The sentences are Flagger's where it has one.

import type { Millis } from '../std/clock.ts'
import type { Answer, MetricQuestion } from './ask.ts'
import type { MetricCheck } from '../canary/metric-checks.ts'

/**
 * What a metric source says: a value (percent or ms for the built-in ones), none in the interval, that it could not be reached or understood,
 * or that the check is set up in a way in which nothing can be asked.
 */
export type Measurement =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'no-data'; readonly because?: string }
  | { readonly kind: 'down' | 'misconfigured'; readonly because: string }

// How Flagger's sentence for missing data begins; it names the workload itself.
const NO_VALUES = 'no values found'
// Sums of floating-point numbers end beside 100.
const ROUNDING = 1e-6

/** The Event of a halt: `Halt api.test advancement success rate ...`, without the subject where the cause names it. */
export function haltText(subject: string, because: string): string {
  return because.startsWith(NO_VALUES) ? `Halt advancement ${because}` : `Halt ${subject} advancement ${because}`
}

/**
 * A measurement against the check's range, bounds included. Durations are compared in whole milliseconds as Flagger does (flagger.md 4.1).
 * Without data, or with a value that cannot be true, the answer is unknown, or no when the Canary wants that; a source that is down or
 * cannot be asked is always unknown.
 */
export function judgeMetric(question: MetricQuestion, measurement: Measurement, noData: 'hold' | 'fail'): Answer {
  const { check } = question
  const missing = (because: string): Answer =>
    noData === 'fail' ? { kind: 'no', because } : { kind: 'unknown', cause: 'no-data', because }
  switch (measurement.kind) {
    case 'down':
      return { kind: 'unknown', cause: 'down', because: `provider down: metric ${check.name} could not be read: ${measurement.because}` }
    case 'misconfigured':
      return { kind: 'unknown', cause: 'down', because: `metric ${check.name} cannot be asked: ${measurement.because}` }
    case 'no-data':
      return missing(noValues(question, measurement.because))
    case 'value': {
      const { value } = measurement
      if (Number.isNaN(value)) return missing(noValues(question, undefined))
      const absurd = absurdity(check, value)
      if (absurd !== undefined) return missing(`not enough data: metric ${check.name} is ${absurd}`)
      return compared(check, value)
    }
  }
}

/** A duration as Go prints it: `500ms`, `1.5s`, `1m30s`. */
export function shownDuration(ms: Millis): string {
  if (ms < 1000) return `${ms}ms`
  const seconds = (ms % 60_000) / 1000
  const minutes = Math.floor(ms / 60_000)
  if (minutes === 0) return `${seconds}s`
  return minutes < 60 ? `${minutes}m${seconds}s` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}s`
}

function noValues({ check, workload, namespace }: MetricQuestion, because: string | undefined): string {
  if (check.kind === 'builtin') {
    return `${NO_VALUES} for istio metric ${check.name} probably ${workload}.${namespace} is not receiving traffic`
  }
  return `${NO_VALUES} for custom metric: ${check.name}${because === undefined ? '' : `: ${because}`}`
}

// What a value says that no such metric can have; undefined for a possible one. Nothing is known of custom metrics but that they are numbers.
function absurdity(check: MetricCheck, value: number): string | undefined {
  if (!Number.isFinite(value)) return `${value > 0 ? '+Inf' : '-Inf'}, which is not a number to compare`
  if (check.kind !== 'builtin') return undefined
  if (check.metric === 'request-duration') return value < 0 ? `${value}, which is not a duration` : undefined
  return value < 0 || value > 100 + ROUNDING ? `${value}, which is not a percentage` : undefined
}

function compared(check: MetricCheck, measured: number): Answer {
  const isDuration = check.kind === 'builtin' && check.metric === 'request-duration'
  const cut = (number: number): number => (isDuration ? Math.trunc(number) : number)
  const value = cut(measured)
  if (check.min !== undefined && value < cut(check.min))
    return { kind: 'no', because: sentence(check, value, `< ${bound(check, cut(check.min))}`), value }
  if (check.max !== undefined && value > cut(check.max))
    return { kind: 'no', because: sentence(check, value, `> ${bound(check, cut(check.max))}`), value }
  return { kind: 'yes', value }
}

function sentence(check: MetricCheck, value: number, limit: string): string {
  if (check.kind !== 'builtin') return `${check.name} ${value.toFixed(2)} ${limit}`
  return check.metric === 'request-success-rate'
    ? `success rate ${value.toFixed(2)}% ${limit}`
    : `request duration ${shownDuration(value)} ${limit}`
}

function bound(check: MetricCheck, limit: number): string {
  if (check.kind !== 'builtin') return String(limit)
  return check.metric === 'request-success-rate' ? `${limit}%` : shownDuration(limit)
}
