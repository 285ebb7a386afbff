// What an AnalysisRun of Argo Rollouts makes of one metric: when it is measured, what a measurement is, and when its limits are passed
// (analysis/analysis.go and utils/evaluate of Argo Rollouts). What Prometheus would answer is computed from what the canary served.

import type { ArgoMetric } from '../convert/argo-plan.ts'
import type { Counted, RequestQuery } from '../convert/request-query.ts'
import type { Served } from '../gate/served.ts'
import { quantile } from '../metrics/buckets.ts'
import type { Millis } from '../std/clock.ts'
import type { SimulatedTraffic } from './traffic.ts'

/** running: more measurements follow; failed and error end a rollout, inconclusive leaves it to a person. */
export type MetricPhase = 'running' | 'successful' | 'failed' | 'inconclusive' | 'error'

// After an error, where the metric has no interval.
const RETRY_SECONDS = 10

/** One metric from the second `from` on. Owns its counts. */
export class MetricRun {
  phase: MetricPhase = 'running'
  /** The second of its next measurement; Infinity when it has ended. */
  next: number
  readonly metric: ArgoMetric
  #measured = 0
  #failed = 0
  #inconclusive = 0
  #errorsInRow = 0

  constructor(metric: ArgoMetric, from: number) {
    this.metric = metric
    this.next = from + metric.initialDelay
  }

  /** Measures, when it is time to. */
  look(traffic: SimulatedTraffic, at: number, edges: readonly Millis[]): void {
    if (at < this.next) return
    const found = measurementOf(this.metric, { traffic, at, edges })
    if (found !== 'error') this.#measured += 1
    if (found === 'failed') this.#failed += 1
    if (found === 'inconclusive') this.#inconclusive += 1
    this.#errorsInRow = found === 'error' ? this.#errorsInRow + 1 : 0
    this.phase = this.#assessed()
    this.next = this.phase === 'running' ? at + (this.metric.interval ?? RETRY_SECONDS) : Infinity
  }

  #assessed(): MetricPhase {
    const { failureLimit, inconclusiveLimit, consecutiveErrorLimit, count = Infinity } = this.metric
    if (failureLimit >= 0 && this.#failed > failureLimit) return 'failed'
    if (inconclusiveLimit >= 0 && this.#inconclusive > inconclusiveLimit) return 'inconclusive'
    if (consecutiveErrorLimit >= 0 && this.#errorsInRow > consecutiveErrorLimit) return 'error'
    return this.#measured >= count ? 'successful' : 'running'
  }
}

interface Seen {
  readonly traffic: SimulatedTraffic
  readonly at: number
  readonly edges: readonly Millis[]
}

// Without a condition for failure what is no success is one, and the other way round; with both there is something between them.
function measurementOf({ query, success, failure }: ArgoMetric, seen: Seen): Exclude<MetricPhase, 'running'> {
  const result = resultOf(query, seen)
  const [good, bad] = [success?.(result), failure?.(result)]
  if (good === 'error' || bad === 'error') return 'error'
  if (bad === true) return 'failed'
  if (good ?? true) return 'successful'
  return bad === undefined ? 'failed' : 'inconclusive'
}

// undefined: an empty vector, as nothing was ever counted under these labels. A rate of no requests by no requests is not a number.
function resultOf(query: RequestQuery, seen: Seen): number | undefined {
  switch (query.kind) {
    case 'number':
      return query.value
    case 'count': {
      if (countOf(query.of, seen.traffic.until(seen.at).canary) === 0) return undefined
      const count = countOf(query.of, seen.traffic.canaryOver(query.window))
      return query.each === 'second' ? count / query.window : count
    }
    case 'quantile':
      if (seen.traffic.until(seen.at).canary.requests === 0) return undefined
      return query.scale * (quantile(query.q, seen.traffic.canaryOver(query.window).buckets, seen.edges) ?? Number.NaN)
    case 'arithmetic':
      return computed(query.operator, resultOf(query.left, seen), resultOf(query.right, seen))
    case 'or':
      return resultOf(query.left, seen) ?? resultOf(query.right, seen)
  }
}

function countOf(of: Counted, { requests, failures }: Served): number {
  switch (of) {
    case 'all':
      return requests
    case 'failed':
      return failures
    case 'succeeded':
      return requests - failures
  }
}

function computed(operator: '+' | '-' | '*' | '/', left: number | undefined, right: number | undefined): number | undefined {
  if (left === undefined || right === undefined) return undefined
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / right
  }
}
