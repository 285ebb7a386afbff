// The names of Istio's series that requests are counted in (istio.md 6.1), as the mesh writes them and a Prometheus is asked for them.

/** Requests, by caller, destination and response. */
export const REQUESTS_TOTAL = 'istio_requests_total'

/** A histogram, ms; its series are this with `_bucket`, `_sum` and `_count`. */
export const REQUEST_DURATION = 'istio_request_duration_milliseconds'

/** Requests that took no longer than the label `le`, ms. */
export const DURATION_BUCKET = `${REQUEST_DURATION}_bucket`
