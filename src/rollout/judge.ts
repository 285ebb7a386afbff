// From what the world answered to what it means: a measurement against its range, a webhook's outcome as yes or no. The sentences are
// those of Flagger's events, without the subject.

import type { Millis } from '../std/clock.ts'
import { printable } from '../std/printable.ts'
import type { Answer, MetricQuestion } from './ask.ts'
import type { MetricCheck } from './plan.ts'

/** What a metric source says: a value (percent or ms), no data for the interval, or that it cannot be asked. */
export type Measurement =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'no-data' }
  | { readonly kind: 'down'; readonly because: string }

/** What became of a webhook call: an answer with its status and (cut) body, or none; refused: its URL is not one to call. */
export type HookOutcome =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  | { readonly kind: 'unreachable' | 'refused'; readonly because: string }

// How Flagger's sentence for missing data begins; it names the workload itself.
const NO_VALUES = 'no values found'

/** The Event of a halt: `Halt api.test advancement success rate ...`, without the subject where the cause names it. */
export function haltText(subject: string, because: string): string {
  return because.startsWith(NO_VALUES) ? `Halt advancement ${because}` : `Halt ${subject} advancement ${because}`
}

/**
 * A measurement against the check's range, bounds included. Durations are compared in whole milliseconds as Flagger does (flagger.md 4.1).
 * Without data the answer is unknown, or no when the Canary wants that; a source that is down is always unknown.
 */
export function judgeMetric({ check, workload, namespace }: MetricQuestion, measurement: Measurement, noData: 'hold' | 'fail'): Answer {
  switch (measurement.kind) {
    case 'down':
      return { kind: 'unknown', because: `metric ${check.metric} could not be read: ${measurement.because}` }
    case 'no-data': {
      const because = `${NO_VALUES} for istio metric ${check.metric} probably ${workload}.${namespace} is not receiving traffic`
      return noData === 'fail' ? { kind: 'no', because } : { kind: 'unknown', because }
    }
    case 'value': {
      const duration = check.metric === 'request-duration'
      const cut = (bound: number | undefined): number | undefined => (bound === undefined || !duration ? bound : Math.trunc(bound))
      const value = duration ? Math.trunc(measurement.value) : measurement.value
      const [min, max] = [cut(check.min), cut(check.max)]
      if (min !== undefined && value < min) return { kind: 'no', because: sentence(check, value, `< ${shown(check, min)}`) }
      if (max !== undefined && value > max) return { kind: 'no', because: sentence(check, value, `> ${shown(check, max)}`) }
      return { kind: 'yes' }
    }
  }
}

/** A webhook's outcome: all of 2xx is yes, everything else no with what it said (a repair: flagger.md 1.6 stops at 202 and hides 5xx bodies). */
export function judgeHook(outcome: HookOutcome): Answer {
  if (outcome.kind !== 'answered') return { kind: 'no', because: outcome.because }
  if (outcome.status >= 200 && outcome.status < 300) return { kind: 'yes' }
  const body = printable(outcome.body.trim())
  return { kind: 'no', because: body === '' ? `${outcome.status}` : `${outcome.status}: ${body}` }
}

/** A duration as Go prints it: `500ms`, `1.5s`, `1m30s`. */
export function shownDuration(ms: Millis): string {
  if (ms < 1000) return `${ms}ms`
  const seconds = (ms % 60_000) / 1000
  const minutes = Math.floor(ms / 60_000)
  if (minutes === 0) return `${seconds}s`
  return minutes < 60 ? `${minutes}m${seconds}s` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}s`
}

function sentence(check: MetricCheck, value: number, bound: string): string {
  return check.metric === 'request-success-rate'
    ? `success rate ${value.toFixed(2)}% ${bound}`
    : `request duration ${shownDuration(value)} ${bound}`
}

function shown(check: MetricCheck, bound: number): string {
  return check.metric === 'request-success-rate' ? `${bound}%` : shownDuration(bound)
}
