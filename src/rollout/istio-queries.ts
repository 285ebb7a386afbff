// The PromQL of the built-in checks, word for word as Flagger puts it (flagger.md 4.1, flagger-observed.md 2), so that metric servers and
// their recording rules see the same.

import type { BuiltinMetric } from '../canary/metric-checks.ts'

/** Whose metrics, over what window. */
export interface Subject {
  readonly namespace: string
  readonly workload: string
  readonly window: string
}

/** The query of a built-in metric: percent, or milliseconds at the 99th percentile. */
export function builtinQuery(metric: BuiltinMetric, subject: Subject): string {
  const { window } = subject
  switch (metric) {
    case 'request-success-rate': {
      const good = selector('istio_requests_total', subject, 'response_code!~"5.*"')
      const all = selector('istio_requests_total', subject)
      return `sum( rate( ${good}[${window}] ) ) / sum( rate( ${all}[${window}] ) ) * 100`
    }
    case 'request-duration': {
      const buckets = selector('istio_request_duration_milliseconds_bucket', subject)
      return `histogram_quantile( 0.99, sum( rate( ${buckets}[${window}] ) ) by (le) )`
    }
  }
}

/**
 * Requests per second of a workload that has never answered one without an error; nothing for all others. With nothing but errors the rate
 * of success has an empty numerator, which looks as no traffic does: what this adds tells the two apart.
 */
export function onlyErrorsQuery(subject: Subject): string {
  const all = selector('istio_requests_total', subject)
  const good = selector('istio_requests_total', subject, 'response_code!~"5.*"')
  return `sum( rate( ${all}[${subject.window}] ) ) unless sum( ${good} )`
}

function selector(series: string, { namespace, workload }: Subject, more?: string): string {
  const labels = ['reporter="destination"', `destination_workload_namespace="${namespace}"`, `destination_workload=~"${workload}"`]
  return `${series}{ ${[...labels, ...(more === undefined ? [] : [more])].join(', ')} }`
}
