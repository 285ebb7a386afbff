// The QuerySource port: where metrics get their numbers that are not counted here. `remote` asks Prometheus and the other providers of
// MetricTemplates; tests answer from a table.

import type { MetricTemplateSpec } from '../api/flagger-metric-template.ts'
import type { Measurement } from '../rollout/judge-metric.ts'
import type { Millis } from '../std/clock.ts'

/** A provider with what it takes to be asked. */
export interface QueryProvider {
  readonly spec: MetricTemplateSpec['provider']
  /** Where short names in its address belong. */
  readonly namespace: string
  /** The entries of its Secret. */
  readonly credentials: Readonly<Record<string, string>>
}

/** One query, with its placeholders filled in. */
export interface AskedQuery {
  readonly provider: QueryProvider
  readonly query: string
  /** The window of the check, for providers that take one apart from the query. */
  readonly interval: Millis
}

/** Asks providers for numbers. Nothing it says holds credentials. */
export interface QuerySource {
  /** Never rejects for what the other side does. Rejects with the signal's reason. */
  measure(asked: AskedQuery, signal: AbortSignal): Promise<Measurement>
}
